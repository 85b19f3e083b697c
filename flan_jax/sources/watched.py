"""Files that somebody works on: each byte counts, where a published data set is told apart by some of its text."""

from __future__ import annotations

import dataclasses
import hashlib
import pathlib
from collections.abc import Callable

from flan_jax.core.disk import file_sha256
from flan_jax.sources.mapped import MappedSource
from flan_jax.sources.source import Row

__all__ = ["WatchedSource"]


def _as_it_is(row: Row) -> Row:
    return row


@dataclasses.dataclass(frozen=True)
class WatchedSource(MappedSource):
    """The rows of `source`, which reads the file or folder `path`; cached anew when any byte there is another."""

    function: Callable[[Row], Row] = _as_it_is
    path: pathlib.Path = pathlib.Path()

    def content_fingerprint(self, split: str) -> str:
        """Hex sha256 of the file, or of every file below the folder with its name; about a second a gigabyte."""
        del split  # a folder's split may lie in any of its files
        if self.path.is_file():
            return file_sha256(self.path)
        files = sorted(path for path in self.path.rglob("*") if path.is_file())
        digest = hashlib.sha256()
        for file in files:
            digest.update(f"{file.relative_to(self.path).as_posix()} {file_sha256(file)}\n".encode())
        return digest.hexdigest()
