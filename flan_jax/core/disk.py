"""Files and folders that a run writes though it may be killed, continued or out of disk: whole or untouched, checked by
sha256.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import errno
import glob
import hashlib
import json
import os
import pathlib
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from flan_jax.core.errors import CheckpointError, Setting

_HERE, _RENAME_EXCHANGE = -100, 2  # AT_FDCWD; of renameat2(2)
_SEAL = "sha256_of_the_rest"
# .NAME.PROCESS.partial is not whole yet, .NAME.PROCESS.before is what a new folder takes the place of.
_LEFT_OVER = re.compile(r"\.(?P<name>.+)\.\d+\.(?P<kind>partial|before)")

__all__ = [
    "check_fields",
    "drop_lines_after",
    "explain_full_disk",
    "file_of_folder",
    "file_sha256",
    "fsync_path",
    "is_sealed",
    "naming",
    "partial_of",
    "read_json_object",
    "replace_folder",
    "sealed",
    "sealed_text",
    "sweep_partial",
    "unsealed",
    "write_atomically",
    "write_json_atomically",
    "write_sealed",
    "write_text_atomically",
]


def read_json_object(path: pathlib.Path, remedy: str, fields: Mapping[str, type] | None = None) -> dict[str, Any]:
    """The JSON object that a file holds, without the seal of a file that has one (`write_sealed`).

    Args:
      path: the file.
      remedy: what to do about a damaged one, as the error ends.
      fields: name -> type of what it must have; nothing by default.

    Raises `CheckpointError` for a file that holds something else or is not what was sealed, `FileNotFoundError` for
    none.
    """
    try:
        with naming(path):
            found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not JSON ({error}): {remedy}") from error
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} holds {found!r:.40}, no JSON object: {remedy}")
    seal = found.pop(_SEAL, None)
    if seal is not None and seal != _seal_of(found):
        raise CheckpointError(
            f"{path} was damaged or edited, its content has not the sha256 that it states: {remedy}; if the edit is "
            f"meant, take {_SEAL!r} out"
        )
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


def sealed(value: Any) -> dict[str, Any]:
    """`value` (a dataclass or JSON object) as a JSON object with one entry more, the sha256 of the others: by it what
    was damaged or edited is told from what was written."""
    fields = dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value
    return {**fields, _SEAL: _seal_of(fields)}


def is_sealed(value: Any) -> bool:
    """Whether a JSON value is one that `sealed` gave, intact or not."""
    return isinstance(value, dict) and _SEAL in value


def sealed_text(value: Any) -> str:
    """`sealed(value)` as text, which `unsealed` reads."""
    return json.dumps(sealed(value), indent=1, sort_keys=True) + "\n"


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
    as_read = json.loads(json.dumps(fields))  # keys that are numbers are sorted otherwise than the texts they become
    return hashlib.sha256(json.dumps(as_read, sort_keys=True).encode()).hexdigest()


def write_sealed(path: pathlib.Path, value: Any) -> None:
    """Writes `value` (a dataclass or JSON object), whole or not at all, so that `read_json_object` sees any damage."""
    write_text_atomically(path, sealed_text(value))


def write_json_atomically(path: pathlib.Path, value: Any) -> None:
    """Writes `value` (a dataclass or JSON value) so that `path` is whole or untouched."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    write_text_atomically(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def write_text_atomically(path: pathlib.Path, text: str) -> None:
    """Writes `text` as UTF-8 so that `path`, its folder made if missing, is whole or untouched."""
    write_atomically(path, text.encode())


def write_atomically(path: pathlib.Path, content: bytes) -> None:
    """Writes `content` so that `path`, its folder made if missing, is whole or untouched."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(path)
    try:
        with naming(path):
            with open(partial, "wb") as file:
                file.write(content)
                file.flush()
                # Before the rename: after a power cut the name must not stand for an empty file.
                os.fsync(file.fileno())
            os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def partial_of(path: pathlib.Path) -> pathlib.Path:
    """Where to write what is to be `path` when it is whole, with what killed processes left of it taken away."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        number = left.name.split(".")[-2]
        if number.isdigit() and not _is_alive(int(number)):
            _delete(left)
    # The process's number, as another one may be writing the same.
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True


@contextlib.contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """The operating system's errors in here are about `path`: those of calls on an open file do not say which."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # NumPy's, of a write that was cut short
            raise OSError(f"{os.fspath(path)}: {error}") from error
        if error.filename is None:
            error.filename = os.fspath(path)
        raise


@contextlib.contextmanager
def replace_folder(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Gives an empty folder to write into, which then takes `folder`'s place: nobody finds a mixture of two.

    It appears by one rename, or, where a folder had that name, by one exchange of names. A file system that cannot
    exchange takes two renames: a kill between them leaves none, and `sweep_partial` brings the old one back. What was
    written reaches the disk before the names change. After an error `folder` is as it was.
    """
    partial, before = (folder.with_name(f".{folder.name}.{os.getpid()}.{kind}") for kind in ("partial", "before"))
    _delete(partial)
    partial.mkdir(parents=True)
    try:
        yield partial
        for path in (*partial.rglob("*"), partial):
            fsync_path(path)
        if not (folder.exists() and _exchange(partial, folder)):
            if folder.exists():
                _delete(before)
                os.rename(folder, before)
            os.rename(partial, folder)
        fsync_path(folder.parent)
        _delete(before)
    finally:
        if before.exists() and not folder.exists():
            os.rename(before, folder)
        _delete(partial)


def _delete(path: pathlib.Path) -> None:
    """Of a link that stands for a folder, the link alone."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _exchange(one: pathlib.Path, other: pathlib.Path) -> bool:
    """Exchanges two names at once; False where this system or file system cannot (Linux can since 3.15)."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    if not call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _RENAME_EXCHANGE):
        return True
    error = ctypes.get_errno()
    if error in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(error, os.strerror(error), str(one), None, str(other))


def sweep_partial(folder: pathlib.Path, skipped: Collection[str] = ()) -> tuple[int, int]:
    """Deletes what killed processes left half-written in `folder` and below, and brings a folder back whose new one
    never came (`replace_folder`). To be called by the one process that writes there.

    Args:
      folder: where to look.
      skipped: names of folders directly in it to leave alone.

    Returns how many files and folders were deleted, and their bytes.
    """
    num_deleted = num_bytes = 0
    for at, folders, files in os.walk(folder):
        if pathlib.Path(at) == folder:
            folders[:] = [name for name in folders if name not in skipped]
        for name in [*folders, *files]:
            path, found = pathlib.Path(at, name), _LEFT_OVER.fullmatch(name)
            if found is None:
                continue
            if found["kind"] == "before" and not path.with_name(found["name"]).exists():
                os.rename(path, path.with_name(found["name"]))
            else:
                num_bytes += sum(part.lstat().st_size for part in (path, *path.rglob("*")) if part.is_file())
                num_deleted += 1
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        folders[:] = [name for name in folders if not name.startswith(".")]
    return num_deleted, num_bytes


def fsync_path(path: pathlib.Path) -> None:
    """Makes a file's content, or a folder's names, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with naming(path):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_sha256(path: pathlib.Path) -> str:
    """Hex sha256 of a file's bytes."""
    with naming(path), open(path, "rb") as file:
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
    """Rewrites a JSON-lines file without lines of later steps, which happen again when a run continues from its
    checkpoint, without one that a kill cut short, and without lines that are damaged.

    Returns how many were damaged.
    """
    if not path.exists():
        return 0
    *lines, cut_short = path.read_bytes().split(b"\n")
    kept, num_damaged = [], 0
    for line in lines:
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line.decode())
        except (ValueError, KeyError, TypeError, RecursionError):
            num_damaged += 1
    if cut_short or len(kept) < len(lines):
        write_text_atomically(path, "".join(line + "\n" for line in kept))
    return num_damaged


@contextlib.contextmanager
def explain_full_disk(path: pathlib.Path, num_bytes: int | None = None) -> Iterator[None]:
    """Turns a "no space left" failure, however deep, into a `CheckpointError` that says what to do. Other errors of the
    operating system say that they are about `path`, where they do not name a file."""
    try:
        with naming(path):
            yield
    except CheckpointError:
        raise
    except Exception as error:
        if not _is_full_disk(error):
            number = re.search(r"\[os_error_code='(\d+)'", str(error))
            if number is None or re.search(r"[\s\"]/", str(error)):  # a path
                raise
            # TensorStore's, where it does not say of which file.
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
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
