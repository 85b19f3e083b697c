"""Files that a run writes though it may be killed, continued or out of disk: whole or untouched, checked by sha256."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from flan_jax.core.errors import CheckpointError, Setting

_SEAL = "sha256_of_the_rest"

__all__ = [
    "check_fields",
    "drop_lines_after",
    "explain_full_disk",
    "file_of_folder",
    "file_sha256",
    "read_json_object",
    "sealed_text",
    "unsealed",
    "write_json_atomically",
    "write_text_atomically",
]


def read_json_object(path: pathlib.Path, remedy: str, fields: Mapping[str, type] | None = None) -> dict[str, Any]:
    """The JSON object that a file holds.

    Args:
      path: the file.
      remedy: what to do about a damaged one, as the error ends.
      fields: name -> type of what it must have; nothing by default.

    Raises `CheckpointError` for a file that holds something else, `FileNotFoundError` for none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not JSON ({error}): {remedy}") from error
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} holds {found!r:.40}, no JSON object: {remedy}")
    check_fields(path, found, fields or {}, remedy)
    return found


def check_fields(path: pathlib.Path, found: Mapping[str, Any], fields: Mapping[str, type], remedy: str) -> None:
    """Raises `CheckpointError` for what a file holds that lacks one of `fields`, or has another type there.

    Args:
      path: the file.
      found: the object that it holds.
      fields: name -> type.
      remedy: as the error ends.
    """
    for name, kind in fields.items():
        if name not in found:
            raise CheckpointError(f"{path} has no {name!r}: {remedy}")
        if not isinstance(found[name], kind):
            raise CheckpointError(f"{path} has {name!r} {found[name]!r:.40}, no {kind.__name__}: {remedy}")


def sealed_text(value: Any) -> str:
    """`value` (a dataclass or JSON object) as JSON with one entry more, the sha256 of the others: by it `unsealed`
    tells a file that was damaged or edited from the one that was written."""
    fields = dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value
    return json.dumps({**fields, _SEAL: _seal_of(fields)}, indent=1, sort_keys=True) + "\n"


def unsealed(text: str | bytes) -> dict[str, Any]:
    """The inverse of `sealed_text`. Raises `ValueError` that says what is wrong with any other text."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not valid JSON ({error})") from error
    seal = fields.pop(_SEAL, None) if isinstance(fields, dict) else None
    if seal is None:
        raise ValueError(f"it has no {_SEAL!r}, as every file of this version has")
    if seal != _seal_of(fields):
        raise ValueError("it was damaged or edited: its content does not have the sha256 that it states")
    return dict(fields)


def _seal_of(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def write_json_atomically(path: pathlib.Path, value: Any) -> None:
    """Writes `value` (a dataclass or JSON value) so that `path` is whole or untouched."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    write_text_atomically(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def write_text_atomically(path: pathlib.Path, text: str) -> None:
    """Writes `text` as UTF-8 so that `path`, its folder made if missing, is whole or untouched."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with open(partial, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        # Before the rename: after a power cut the name must not stand for an empty file.
        os.fsync(file.fileno())
    os.replace(partial, path)


def file_sha256(path: pathlib.Path) -> str:
    """Hex sha256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_of_folder(folder: pathlib.Path, name: str, named_in: pathlib.Path) -> pathlib.Path:
    """The path of a file of `folder`.

    Args:
      folder: where it lies.
      name: its name, as some file of the folder has it: that may come from anybody, and reach no other folder.
      named_in: that file.

    Raises `CheckpointError` for a name that is none of a file in the folder.
    """
    if name in ("", ".", "..") or "\0" in name or "/" in name or "\\" in name:
        raise CheckpointError(
            f"{named_in} names the file {name!r:.80}, which is not in its folder: copy the folder again from where "
            f"it was made"
        )
    return folder / name


def drop_lines_after(path: pathlib.Path, step: int) -> int:
    """Rewrites a JSON-lines file without lines of later steps and without lines that a kill cut short.

    Returns how many lines went. A restart continues from its checkpoint, so what was logged after it happens again.
    """
    if not path.exists():
        return 0
    # Not `splitlines`: a text inside a line may hold U+2028, which is no end of a line here.
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n") if path.stat().st_size else []
    kept = []
    for line in lines:
        try:
            if json.loads(line).get("step", 0) <= step:
                kept.append(line)
        except ValueError:
            continue
    if len(kept) < len(lines):
        write_text_atomically(path, "".join(line + "\n" for line in kept))
    return len(lines) - len(kept)


@contextlib.contextmanager
def explain_full_disk(path: pathlib.Path, num_bytes: int | None = None) -> Iterator[None]:
    """Turns a "no space left" failure, however deep, into a `CheckpointError` that says what to do."""
    try:
        yield
    except CheckpointError:
        raise
    except Exception as error:
        if not _is_full_disk(error):
            raise
        needed = f" of about {_mebibytes(num_bytes)}" if num_bytes else ""
        raise CheckpointError(
            f"disk full: a write{needed} below {path} failed with "
            f"{_mebibytes(shutil.disk_usage(_existing(path)).free)} free. Free some space, keep fewer "
            f"(CheckpointConfig.keep_latest, keep_best), or move ",
            Setting("MODEL_DIR"),
            " to a larger disk, then start the same again: it continues from the last whole checkpoint, which is "
            "untouched",
        ) from error


def _is_full_disk(error: BaseException | None) -> bool:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        # TensorStore reports the operating system's error as text.
        if (
            # ENOSPC, EDQUOT.
            getattr(error, "errno", None) in (28, 122)
            or "No space left" in str(error)
            or "quota exceeded" in str(error)
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


def _existing(path: pathlib.Path) -> pathlib.Path:
    return next(p for p in (path, *path.parents) if p.exists())


def _mebibytes(num_bytes: int) -> str:
    return f"{num_bytes / 2**20:,.1f} MiB"
