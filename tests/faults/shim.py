"""Faults of system calls: the order that a preloaded shim follows, and what it says of having done it."""

from __future__ import annotations

import ctypes
import dataclasses
import errno
import os
import pathlib
import shutil
import subprocess

OPS = ("open", "write", "read", "fsync", "rename", "mkdir", "unlink", "truncate")
ACTIONS = ("none", "kill before", "kill after", "kill torn", "fail")
_NO_LIMIT = 2**62
_SOURCE = pathlib.Path(__file__).with_name("shim.c")

__all__ = ["ACTIONS", "OPS", "Landed", "Order", "build_shim", "read_landed", "read_trace", "read_written"]


@dataclasses.dataclass(frozen=True)
class Order:
    """Which system calls are met by what.

    Attributes:
      op: one of `OPS`: "open" of a file to be written, "rename" (known by where it leads), …
      pattern: extended regular expression on the path below the trial's folder.
      first, last: the first and last matching call that is met, from 1, over all processes of the trial; None for no
        end.
      action: one of `ACTIONS`; "kill torn" kills after half of a write.
      error: name of the errno of "fail".
      free_bytes: in place of `op`, `first` and `last`: a disk on which so many more bytes can be written.
      whole_group: kills all of the trial's processes rather than the one that calls.
      trace: notes every call, for `read_trace`.
    """

    op: str = "write"
    pattern: str = "."
    first: int = 1
    last: int | None = 1
    action: str = "none"
    error: str = "EIO"
    free_bytes: int | None = None
    whole_group: bool = True
    trace: bool = False

    def write(self, path: pathlib.Path, root: pathlib.Path) -> None:
        """Makes the file that processes of a trial find by `FAULTS_ORDER`.

        Args:
          path: the file, outside of `root`.
          root: the trial's folder.
        """
        struct = _Struct(
            op=OPS.index(self.op),
            action=ACTIONS.index(self.action),
            error=getattr(errno, self.error),
            whole_group=self.whole_group,
            first=self.first,
            last=_NO_LIMIT if self.last is None else self.last,
            free_bytes=-1 if self.free_bytes is None else self.free_bytes,
            trace=self.trace,
            root=f"{root}/".encode(),
            pattern=self.pattern.encode(),
            trace_path=f"{path}.trace".encode(),
        )
        path.write_bytes(bytes(struct))


@dataclasses.dataclass(frozen=True)
class Landed:
    """What an order came to: how often its fault was done (0: never), and at which call on which path first."""

    times: int
    op: str
    path: str


class _Struct(ctypes.Structure):
    """`struct order` of shim.c."""

    _fields_ = (
        ("op", ctypes.c_int),
        ("action", ctypes.c_int),
        ("error", ctypes.c_int),
        ("whole_group", ctypes.c_int),
        ("first", ctypes.c_long),
        ("last", ctypes.c_long),
        ("free_bytes", ctypes.c_long),
        ("count", ctypes.c_long),
        ("written", ctypes.c_long),
        ("landed", ctypes.c_long),
        ("landed_op", ctypes.c_int),
        ("trace", ctypes.c_int),
        ("root", ctypes.c_char * 1024),
        ("pattern", ctypes.c_char * 1024),
        ("trace_path", ctypes.c_char * 1024),
        ("landed_path", ctypes.c_char * 1024),
    )


def read_landed(path: pathlib.Path) -> Landed:
    """What has become of the order in `path`."""
    struct = _Struct.from_buffer_copy(path.read_bytes())
    return Landed(struct.landed, OPS[struct.landed_op], struct.landed_path.decode(errors="replace"))


def read_trace(path: pathlib.Path) -> list[tuple[str, str]]:
    """(op, path below the folder) of every call, in order, of an order with `trace`."""
    lines = pathlib.Path(f"{path}.trace").read_text(errors="replace").splitlines()
    return [(op, below) for op, _, below in (line.partition("\t") for line in lines)]


def read_written(path: pathlib.Path) -> int:
    """Bytes that were written, as `free_bytes` counts them, of an order with `trace`."""
    return int(_Struct.from_buffer_copy(path.read_bytes()).written)


def build_shim(folder: pathlib.Path) -> pathlib.Path:
    """Compiles shim.c into `folder`. Raises `SystemExit` where there is no C compiler or no Linux."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or not pathlib.Path("/proc/self/fd").exists():
        raise SystemExit("the fault campaign needs Linux and a C compiler (cc) for the shim that lets calls fail")
    made = folder / "shim.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", str(made), str(_SOURCE), "-ldl"], check=True)
    found = ctypes.CDLL(str(made)).faults_order_size
    found.restype = ctypes.c_size_t
    assert found() == ctypes.sizeof(_Struct), "shim.py and shim.c have another struct order"
    return made
