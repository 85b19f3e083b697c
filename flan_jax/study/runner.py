"""Runs the cells of a study that have not been run, each an ordinary training run in a process of its own."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flan_jax.checkpoints.find import SELECTED, SELECTED_FILE
from flan_jax.core.disk import read_json_object, write_sealed, write_text_atomically
from flan_jax.core.errors import StudyError, counted
from flan_jax.study.cells import Cell
from flan_jax.study.lease import PATIENCE_SECS, Lease, holder_of, take_lease
from flan_jax.workflows.data_fingerprint import data_fingerprints

CELLS, RUNS, COMPILED = "cells", "runs", "compiled"
TRAIN = (sys.executable, "-m", "flan_jax.cli.main", "train")
_POLL_SECS = 0.5
# prctl's PR_SET_PDEATHSIG is 1 and outlives the exec; a parent that was gone before it is not ours any more.
_TIE = (
    "import ctypes, os, signal, sys; ctypes.CDLL(None).prctl(1, signal.SIGKILL); "
    "os.getppid() == int(sys.argv[1]) or os._exit(1); os.execv(sys.argv[2], sys.argv[2:])"
)

__all__ = ["CELLS", "COMPILED", "RUNS", "is_done", "on_other_data", "run_cells", "run_folder", "secs_of", "write_cells"]


@dataclasses.dataclass
class _Working:
    cell: Cell
    lease: Lease
    process: subprocess.Popen[bytes]
    since: float
    is_lost: bool = False


def run_folder(folder: pathlib.Path, cell: Cell) -> pathlib.Path:
    """MODEL_DIR of a cell."""
    return folder / RUNS / cell.key


def is_done(folder: pathlib.Path, cell: Cell) -> bool:
    """Whether a cell has been run to its end, by a study or as a job of its own: what a run hands over comes last."""
    run = run_folder(folder, cell)
    return (run / SELECTED_FILE).exists() and (run / SELECTED).is_dir()


def secs_of(folder: pathlib.Path, cell: Cell) -> float | None:
    """How long a cell took, its evaluations included; None for one that is not done, or was no run of a study."""
    found = _done_facts(folder, cell).get("secs") if is_done(folder, cell) else None
    return float(found) if isinstance(found, int | float) else None


def _done_facts(folder: pathlib.Path, cell: Cell) -> dict[str, Any]:
    """What a study wrote down of a run that it ended; nothing of one that was a job of its own."""
    path = _done_file(folder, cell)
    return read_json_object(path, "delete it, and only the run's time is unknown") if path.exists() else {}


def on_other_data(folder: pathlib.Path, cells: Sequence[Cell]) -> list[Cell]:
    """Cells that are done, and whose data or wordings have changed since; those of which nobody wrote it down, or whose
    data are not on this machine, are left out.

    Args:
      folder: of all studies.
      cells: of it.
    """
    noted = {cell.key: _done_facts(folder, cell).get("data") for cell in cells if is_done(folder, cell)}
    asked = [cell for cell in cells if noted.get(cell.key)]
    now = data_fingerprints([cell.config for cell in asked])
    return [cell for cell, mark in zip(asked, now, strict=True) if mark and mark != noted[cell.key]]


def write_cells(folder: pathlib.Path, cells: Sequence[Cell], recipe: Sequence[str]) -> list[pathlib.Path]:
    """Writes each cell as a gin file that `flan-jax train --gin_file` takes as it is, here or in a cluster's job.

    Args:
      folder: of all studies.
      cells: to be written.
      recipe: gin files that all of them share.
    """
    paths = []
    for cell in cells:
        lines = [f"# {cell.name}", *(f"include {file!r}" for file in recipe), *cell.bindings]
        path = folder / CELLS / f"{cell.key}.gin"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "\n".join(lines) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # another program may be reading it
            write_text_atomically(path, text)
        paths.append(path)
    return paths


def run_cells(
    folder: pathlib.Path,
    cells: Sequence[Cell],
    recipe: Sequence[str],
    *,
    num_processes: int = 1,
    say: Callable[[str], None] = print,
    patience_secs: float = PATIENCE_SECS,
    data: Mapping[str, str] | None = None,
) -> None:
    """Runs what is not done, in the order given; goes on with runs that were broken off. Other programs may do the same
    in the same folder: none runs a cell that another has. Returns when all are done.

    Args:
      folder: of all studies.
      cells: of the study.
      recipe: gin files that all of them share.
      num_processes: how many at a time.
      say: takes a line for people.
      data: key -> hash of the texts that the run is of (`flan_jax.workflows.data_fingerprint`), to be written down.
      patience_secs: after which a cell of a program that has stopped working is taken over.

    Raises `StudyError` that names the cells that failed, after the others have been run.
    """
    by_key = {cell.key: cell for cell in cells}
    gin_files = dict(zip(by_key, write_cells(folder, list(by_key.values()), recipe), strict=True))
    failed: dict[str, str] = {}
    working: list[_Working] = []
    told_waiting = ""
    try:
        while True:
            for work in [work for work in working if work.process.poll() is not None]:
                working.remove(work)
                num_done = sum(is_done(folder, cell) for cell in by_key.values())
                _end(folder, work, (data or {}).get(work.cell.key, ""), failed, say, f"{num_done} of {len(by_key)}")
            left = [cell for key, cell in by_key.items() if key not in failed and not is_done(folder, cell)]
            busy = {work.cell.key for work in working}
            for cell in left:
                if len(working) == num_processes:
                    break
                if cell.key not in busy:
                    working += _begin(folder, cell, gin_files[cell.key], say, patience_secs)
            if not left and not working:
                break
            elsewhere = [cell for cell in left if cell.key not in {work.cell.key for work in working}]
            if not working and elsewhere:
                holders = sorted({holder for cell in elsewhere if (holder := holder_of(folder / CELLS, cell.key))})
                waiting = f"waiting for {counted(len(elsewhere), 'cell')} that run elsewhere: {', '.join(holders)}"
                if holders and waiting != told_waiting:
                    say(waiting)
                    told_waiting = waiting
            time.sleep(_POLL_SECS)
    finally:
        for work in working:
            work.process.terminate()  # it saves its step
        for work in working:
            work.process.wait()
            work.lease.release()
    if failed:
        first = next(iter(failed))
        raise StudyError(
            f"{counted(len(failed), 'cell')} of {len(by_key)} failed; the others are done, and the same command tries "
            f"again: {by_key[first].name}: {failed[first]} ({_log_file(folder, by_key[first])})"
        )


def _begin(
    folder: pathlib.Path, cell: Cell, gin_file: pathlib.Path, say: Callable[[str], None], patience_secs: float
) -> list[_Working]:
    """The run that has begun; none where another program has the cell, or has done it."""
    lost: list[_Working] = []

    def on_lost() -> None:
        for work in lost:
            work.is_lost = True
            work.process.kill()  # whoever has it now goes on from its last checkpoint

    lease = take_lease(folder / CELLS, cell.key, on_lost, patience_secs)
    if lease is None:
        return []
    if is_done(folder, cell):  # by another, since this program looked
        lease.release()
        return []
    command = _tied([*TRAIN, "--gin_file", str(gin_file.resolve())])
    log = _log_file(folder, cell)
    say(f"{cell.name}: {'goes on' if run_folder(folder, cell).exists() else 'begins'}, {log}")
    with open(log, "ab") as file:
        process = subprocess.Popen(
            command,
            stdout=file,
            stderr=subprocess.STDOUT,
            # Runs of one shape compile the same step: the first one for all.
            env={"JAX_COMPILATION_CACHE_DIR": str(folder.resolve() / COMPILED), **os.environ},
        )
    lost.append(_Working(cell, lease, process, time.monotonic()))
    return lost


def _end(
    folder: pathlib.Path, work: _Working, data: str, failed: dict[str, str], say: Callable[[str], None], done: str
) -> None:
    cell, secs = work.cell, time.monotonic() - work.since
    try:
        if work.is_lost:
            say(f"{cell.name}: another program took it over, as this one did not answer for too long")
            return
        if work.process.returncode == 0 and is_done(folder, cell):
            facts: dict[str, Any] = {"name": cell.name, "secs": round(secs, 1), "data": data}
            write_sealed(_done_file(folder, cell), facts)
            say(f"{cell.name}: done in {secs / 60:.1f} min ({done})")
            return
        failed[cell.key] = _last_line(_log_file(folder, cell)) or f"exit status {work.process.returncode}"
        say(f"{cell.name}: failed: {failed[cell.key]}")
    finally:
        work.lease.release()


def _done_file(folder: pathlib.Path, cell: Cell) -> pathlib.Path:
    return folder / CELLS / f"{cell.key}.done.json"


def _log_file(folder: pathlib.Path, cell: Cell) -> pathlib.Path:
    return folder / CELLS / f"{cell.key}.log"


def _last_line(path: pathlib.Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def _tied(program: Sequence[str]) -> list[str]:
    """A command that is killed with this process, so that a study that is killed leaves no run behind that would write
    on while the next one starts the same. Linux's alone; elsewhere the run's own lock keeps the second one out."""
    if not sys.platform.startswith("linux"):
        return list(program)
    # In a program of its own, as what runs between fork and exec must not be Python where there are threads.
    return [sys.executable, "-c", _TIE, str(os.getpid()), *program]
