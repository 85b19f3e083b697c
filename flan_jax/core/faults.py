"""Which errors are the fault of what the program was given or of the machine, and what the user reads of them: one
line, the last one. Any other error is a fault of ours and keeps its traceback.
"""

from __future__ import annotations

import errno
import io
import os
import pathlib
import re
import traceback

from flan_jax.core.errors import FlanError

_NAME_ANOTHER = "or name another"
_REMEDIES = {
    errno.EACCES: f"let this user read and write it (ls -l shows who may), {_NAME_ANOTHER}",
    errno.EPERM: f"let this user read and write it (ls -l shows who may), {_NAME_ANOTHER}",
    errno.EROFS: "name a folder of a disk that can be written to",
    errno.ENOENT: "check the name, or make it first",
    errno.ENOTDIR: f"a file stands where a folder is needed: move it away, {_NAME_ANOTHER}",
    errno.EISDIR: f"a folder stands where a file is needed: move it away, {_NAME_ANOTHER}",
    errno.EEXIST: f"something else has that name: move it away, {_NAME_ANOTHER}",
    errno.ENOTEMPTY: f"something is in the way there: move it away, {_NAME_ANOTHER}",
    errno.ENOSPC: "the disk is full: free some space, or name a folder of a larger one, then start the same again",
    errno.EDQUOT: "this user's share of the disk is full: free some space, then start the same again",
    errno.EFBIG: "the file system takes no file of that size: name a folder of another one",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.ELOOP: "links lead back to themselves there: remove one of them",
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n)",
    errno.ENFILE: "too many files are open on this machine: end some program",
    errno.EIO: "the disk does not answer: look at the machine's log, and copy the data to another one",
    errno.ESTALE: "the file server has lost it: mount the folder again",
}
# As TensorStore tells of the operating system's errors, in a ValueError.
_OF_A_FILE = re.compile(
    r"(?:\"(?P<quoted>/[^\"]+)\"|: (?P<path>/[^\s:]+)).*\[os_error_code='(?P<errno>\d+)'", re.DOTALL
)
_OF_JAX = ("JaxRuntimeError", "XlaRuntimeError")  # by name: nothing here imports JAX

__all__ = ["explained"]


def explained(error: BaseException) -> str | None:
    """The line for an error that is no fault of ours; None for one that is.

    Args:
      error: what ended the program's work.
    """
    if isinstance(error, FlanError):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, OSError):
        return _of_the_system(error)
    if found := _OF_A_FILE.search(str(error)):
        code = int(found["errno"])
        return _of_the_system(OSError(code, os.strerror(code), found["quoted"] or found["path"]))
    if "No space left" in str(error):
        return f"{' '.join(str(error).split())}: {_REMEDIES[errno.ENOSPC]}"
    is_out_of_memory = type(error).__name__ in _OF_JAX and str(error).startswith("RESOURCE_EXHAUSTED")
    if isinstance(error, MemoryError) or is_out_of_memory:
        return (
            "out of memory: set a smaller BATCH_SIZE (--batch_size) or shorter lengths, or MICROBATCHES; for training "
            "also REMAT = 'full'"
        )
    return None


def _open_files(error: OSError) -> list[str]:
    """The files that were open where the call failed: a call on an open file does not say which it is. They are those
    of the innermost frame that has any."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        # An open file has a name; `self` of Path.read_text and its like is one.
        held = [value for value in frame.f_locals.values() if isinstance(value, io.IOBase)]
        names = [str(name) for value in held if isinstance(name := getattr(value, "name", None), str | os.PathLike)]
        if isinstance(path := frame.f_locals.get("self"), pathlib.PurePath):
            names.append(str(path))
        if names:
            return list(dict.fromkeys(names))
    return []


def _of_the_system(error: OSError) -> str:
    named = (error.filename, error.filename2)
    names = [os.fsdecode(name) for name in named if isinstance(name, (str, bytes, os.PathLike))]
    paths = " and ".join(names or (_open_files(error) if error.errno is not None else []))
    what = error.strerror or " ".join(str(error).split()) or type(error).__name__
    remedy = _REMEDIES.get(error.errno or 0, "see to that, then start the same again")
    return ": ".join(part for part in (paths, what, remedy) if part)
