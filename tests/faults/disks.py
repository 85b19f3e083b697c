"""Full disks: of several sizes, by the shim anywhere, and by a file system of that size where one can be mounted."""

from __future__ import annotations

import ctypes
import functools
import os
import pathlib
import random
import shutil
import tempfile
from collections.abc import Iterator

from faults.bench import Bench, Case, Verdict
from faults.outcomes import ways_to_name
from faults.shim import Order
from faults.stages import Stages

_MS_NOSUID, _MNT_DETACH = 2, 2
# Command -> what it begins from, and how many sizes of a whole campaign.
_SIZES = {
    "cache": ("empty", 12),
    "train": ("empty", 24),
    "eval": ("finished", 3),
    "eval --suite": ("finished", 6),
    "export": ("t5", 6),
    "export t5x": ("t5", 6),
    "report": ("finished", 4),
}
_MOUNTED = {"cache": ("empty", 6), "train": ("cached", 12), "export t5x": ("t5", 4)}

__all__ = ["can_mount", "cases"]


def cases(stages: Stages, rng: random.Random, share: float) -> Iterator[Case]:
    """The full disks of a campaign: sizes below what the command writes, evenly spread by their logarithm."""
    for command, (stage, number) in _SIZES.items():
        size = stages.written.get(command, 0)
        for free in _sizes(size, number, share, rng):
            yield Case(
                f"disk/{command}/quota/{free}",
                "full disk: quota",
                command,
                command,
                functools.partial(_full, command=command, stage=stage, free_bytes=free),
            )
    if not can_mount():
        return
    for command, (stage, number) in _MOUNTED.items():
        size = stages.written.get(command, 0)
        for free in _sizes(size, number, share, rng):
            yield Case(
                f"disk/{command}/mounted/{free}",
                "full disk: mounted",
                command,
                command,
                functools.partial(_mounted, command=command, stage=stage, free_bytes=free),
            )


def _sizes(most: int, number: int, share: float, rng: random.Random) -> list[int]:
    number = max(1, round(number * share))
    lowest = 2048
    steps = [(k + rng.random()) / number for k in range(number)]
    return [int(lowest * (max(most, 2 * lowest) / lowest) ** step) for step in steps]


def _full(bench: Bench, command: str, stage: str, free_bytes: int) -> Verdict:
    return bench.failed(command, stage, Order(action="fail", error="ENOSPC", free_bytes=free_bytes))


def _mounted(bench: Bench, command: str, stage: str, free_bytes: int) -> Verdict:
    """The trial's folder on a disk of that size beyond what it begins with; then on one with room."""
    folder = bench.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    begins = bench.stages.folder / stage
    needed = sum(-(-path.stat().st_size // 4096) * 4096 for path in begins.rglob("*") if path.is_file())
    _mount(folder, needed + free_bytes)
    try:
        shutil.copytree(begins, folder, dirs_exist_ok=True)
        ended = bench.run(command)
        verdict = bench.judged(command, ended, _names(bench))
        if not verdict.is_good or ended.status == 0:
            return verdict if ended.status else Verdict("not landed", "it was large enough")
        kept = folder.with_name(f"{folder.name}_moved")
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept, symlinks=True)
    finally:
        _unmount(folder)
    shutil.rmtree(folder)
    kept.rename(folder)
    after = bench.goes_on(command)
    return verdict if after.is_good else after


def _names(bench: Bench) -> tuple[str, ...]:
    """Whatever of the folder is named: which write failed first is not known here."""
    found = [str(bench.folder)]
    for path in bench.folder.rglob("*"):
        found += ways_to_name(bench.folder, str(path.relative_to(bench.folder)))
    return (*found, *(f"{name}/" for name in ("run", "cache", "out")))


def can_mount() -> bool:
    """Whether this process may mount a file system: root, and not in every container."""
    if os.geteuid():
        return False
    with tempfile.TemporaryDirectory() as name:
        try:
            _mount(pathlib.Path(name), 65536)
        except OSError:
            return False
        _unmount(pathlib.Path(name))
        return True


def _mount(folder: os.PathLike[str], num_bytes: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", _MS_NOSUID, f"size={num_bytes}".encode()):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), str(folder))


def _unmount(folder: os.PathLike[str]) -> None:
    ctypes.CDLL(None, use_errno=True).umount2(os.fsencode(folder), _MNT_DETACH)
