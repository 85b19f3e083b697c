"""Who runs a cell: programs on one or several machines share a study's folder, and no cell is run twice at a time.

A lease is a file `<key>.lease.<n>` that one program alone could make; while it works it touches it. Who finds the
newest lease of a cell untouched for too long (its machine died) makes number n + 1, which again one alone can. Who was
only slow sees the higher number and gives up. No lock of the file system is needed, and no clock but the file system's.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import socket
import threading
import uuid
from collections.abc import Callable

HEARTBEAT_SECS = 5.0
PATIENCE_SECS = 60.0  # without a touch: a machine that died, or a disk that nobody can write to

__all__ = ["HEARTBEAT_SECS", "PATIENCE_SECS", "Lease", "holder_of", "take_lease"]


@dataclasses.dataclass(frozen=True)
class Lease:
    """A cell that is ours until `release`."""

    path: pathlib.Path
    number: int
    _stop: threading.Event

    def release(self) -> None:
        """Gives the cell back."""
        self._stop.set()
        for _, path in _leases(self.path.parent, _key_of(self.path)):
            with contextlib.suppress(FileNotFoundError):
                if _number_of(path) <= self.number:
                    path.unlink()


def take_lease(
    folder: pathlib.Path, key: str, on_lost: Callable[[], None], patience_secs: float = PATIENCE_SECS
) -> Lease | None:
    """The lease of cell `key`, or None where another program has it.

    Args:
      folder: of the leases.
      key: of the cell.
      on_lost: called in another thread when somebody else took the cell over, as this program seemed dead.
      patience_secs: how long a lease may be untouched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = _leases(folder, key)
    number, newest = found[-1] if found else (0, None)
    if newest is not None and not _is_dead(newest, patience_secs):
        return None
    path = folder / f"{key}.lease.{number + 1}"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"host": socket.gethostname(), "boot": _boot(), "process": os.getpid()}, file)
    lease = Lease(path, number + 1, threading.Event())
    threading.Thread(target=_beat, args=(lease, on_lost), daemon=True).start()
    return lease


def holder_of(folder: pathlib.Path, key: str) -> str:
    """Who has the cell, for people; "" for nobody."""
    found = _leases(folder, key)
    if not found:
        return ""
    told = _read(found[-1][1])
    return f"process {told.get('process', '?')} on {told.get('host', 'another machine')}"


def _beat(lease: Lease, on_lost: Callable[[], None]) -> None:
    while not lease._stop.wait(HEARTBEAT_SECS):
        newest = _leases(lease.path.parent, _key_of(lease.path))
        if not newest or newest[-1][0] > lease.number:
            if not lease._stop.is_set():
                on_lost()
            return
        with contextlib.suppress(OSError):
            os.utime(lease.path)


def _is_dead(path: pathlib.Path, patience_secs: float) -> bool:
    told = _read(path)
    if told.get("boot") == _boot() and told.get("host") == socket.gethostname():
        try:
            os.kill(int(str(told.get("process", 0))), 0)
        except ProcessLookupError:
            return True  # of this machine: no need to wait
        except PermissionError:
            pass
    # Of a file made just now the file system says what time it is there; machines' clocks differ.
    probe = path.parent / f".now.{uuid.uuid4().hex}"
    try:
        probe.touch()
        return probe.stat().st_mtime - path.stat().st_mtime > patience_secs
    except FileNotFoundError:
        return False  # given back meanwhile: the next look finds it free
    finally:
        probe.unlink(missing_ok=True)


def _leases(folder: pathlib.Path, key: str) -> list[tuple[int, pathlib.Path]]:
    """(number, file) of a cell's leases, the newest last."""
    found = [(_number_of(path), path) for path in folder.glob(f"{key}.lease.*")]
    return sorted(pair for pair in found if pair[0])


def _number_of(path: pathlib.Path) -> int:
    number = path.name.rpartition(".")[2]
    return int(number) if number.isdigit() else 0


def _key_of(path: pathlib.Path) -> str:
    return path.name.partition(".lease.")[0]


def _read(path: pathlib.Path) -> dict[str, object]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # made a moment ago, or given back
    return told if isinstance(told, dict) else {}


def _boot() -> str:
    """Of this start of the machine: process numbers are its own."""
    try:
        return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
