"""A gguf file's header, walked before the gguf package reads it: what it claims must fit into the file.

    "GGUF", version, number of tensors, number of fields;
    fields: name, kind, value (a text, a number, or an array: kind, length, items);
    tensors: name, number of axes, axes, kind, offset

The package believes every count: a file of 100 bytes that claims 2^60 items takes the machine's memory.
"""

from __future__ import annotations

import mmap
import pathlib
import struct

from flan_jax.core.errors import CheckpointError

_STRING, _ARRAY = 8, 9
# Kind of a value -> its bytes.
_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_MAX_AXES = 8
_MAX_NESTED = 4

__all__ = ["check_header"]


def check_header(path: pathlib.Path) -> None:
    """Raises `CheckpointError` for a file whose header claims more than the file holds.

    Args:
      path: the gguf file.
    """
    try:
        size = path.stat().st_size
        if not size:
            raise CheckpointError(f"{path} is empty: copy it again")
        # Mapped: only the header's pages are read of a file that may be larger than memory.
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            _Header(path, content, size).check()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror or error}): make it readable") from error


class _Header:
    """The bytes of a file and the place that is read next."""

    def __init__(self, path: pathlib.Path, content: mmap.mmap, size: int):
        self._path, self._content, self._size = path, content, size
        self._order, self._at = "<", 0

    def check(self) -> None:
        """Walks through the header."""
        if self._take(4) != b"GGUF":
            raise self._damaged("does not begin with GGUF")
        version = self._number("I")
        if version > 0xFFFF:
            self._order, version = ">", int.from_bytes(version.to_bytes(4, "little"), "big")
        if version not in (2, 3):
            raise self._damaged(f"is of version {version:,}, read are 2 and 3")
        num_tensors, num_fields = self._number("Q"), self._number("Q")
        # A field has 13 bytes or more, a tensor 24.
        self._room("tensors", num_tensors, 24)
        self._room("fields", num_fields, 13)
        for _ in range(num_fields):
            self._text()
            self._value(self._number("I"), 0)
        for _ in range(num_tensors):
            self._text()
            num_axes = self._number("I")
            if num_axes > _MAX_AXES:
                raise self._damaged(f"claims a tensor of {num_axes:,} axes")
            size = 1
            for _ in range(num_axes):
                size *= self._number("Q")
            # The smallest kinds have less than two bits an element.
            self._room("elements of a tensor", size, 1 / 8)
            self._take(12)

    def _value(self, kind: int, depth: int) -> None:
        if kind == _STRING:
            self._text()
        elif kind == _ARRAY:
            inner, length = self._number("I"), self._number("Q")
            if depth >= _MAX_NESTED:
                raise self._damaged("has arrays inside arrays")
            self._room("items of an array", length, _BYTES.get(inner, 8))
            if inner in _BYTES:
                self._take(length * _BYTES[inner])
                return
            for _ in range(length):
                self._value(inner, depth + 1)
        elif kind in _BYTES:
            self._take(_BYTES[kind])
        else:
            raise self._damaged(f"has a field of kind {kind:,}, which there is not")

    def _text(self) -> None:
        self._take(self._number("Q"))

    def _number(self, kind: str) -> int:
        number: int = struct.unpack(self._order + kind, self._take(4 if kind == "I" else 8))[0]
        return number

    def _take(self, length: int) -> bytes:
        if length > self._size - self._at:
            raise self._damaged(f"claims {length:,} bytes where {self._size - self._at:,} are left")
        self._at += length
        # Of long arrays only the place after them is wanted.
        return self._content[self._at - length : self._at] if length <= 8 else b""

    def _room(self, what: str, count: int, least: float) -> None:
        if count * least > self._size:
            raise self._damaged(f"claims {count:,} {what}")

    def _damaged(self, reason: str) -> CheckpointError:
        return CheckpointError(f"{self._path} ({self._size:,} bytes) is no whole gguf file, it {reason}: copy it again")
