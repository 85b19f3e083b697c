"""A plan's folder: one file an array, and `plan.json` with what its making found out.

    <plans>/<fingerprint, 16 hex digits>-<steps>/row_starts.npy, task_ids.npy, ..., plan.json

A folder appears by one rename, so it is whole or absent. `plan.json` has the arrays' sha256, and its own.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flan_jax.core.disk import file_sha256, partial_of, sealed_text, unsealed, write_text_atomically
from flan_jax.core.errors import CacheError
from flan_jax.data.plan import PackingPlan, PlanHeader, TaskSummary

_ARRAYS = ("row_starts", "task_ids", "indices", "epochs", "draws", "sample")  # one file each
_FILE = "plan.json"
_MAPPED_BYTES = 1 << 16  # an array of more is memory-mapped

__all__ = ["content_sha256", "find_steps_per_epoch", "plan_folder", "read_plan", "write_plan"]


@dataclasses.dataclass(frozen=True)
class _Stored:
    """`plan.json`.

    sha256: of each array's file. content_sha256: see the function of that name. summaries: fields of `TaskSummary` in
    their order. steps_per_epoch, epoch_draws: see `PackingPlan`.
    """

    fingerprint: str
    sha256: Mapping[str, str]
    content_sha256: str
    summaries: Sequence[Sequence[Any]]
    steps_per_epoch: int | None
    epoch_draws: float


def plan_folder(plans: pathlib.Path, fingerprint: str, num_steps: int) -> pathlib.Path:
    """Where the plan of that fingerprint and so many steps is, in the folder of all of a cache's plans."""
    return plans / f"{fingerprint[:16]}-{num_steps}"


def write_plan(folder: pathlib.Path, plan: PackingPlan) -> None:
    """Saves `plan` as `folder`, which appears by one rename; raises `OSError` where that cannot be done."""
    partial = partial_of(folder)  # it begins with a dot: `find_steps_per_epoch` looks past it
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        sha256 = {}
        for name in _ARRAYS:
            np.save(partial / f"{name}.npy", getattr(plan, name))
            sha256[name] = file_sha256(partial / f"{name}.npy")
        stored = _Stored(
            fingerprint=plan.fingerprint,
            sha256=sha256,
            content_sha256=content_sha256(sha256),
            summaries=[dataclasses.astuple(summary) for summary in plan.summaries],
            steps_per_epoch=plan.steps_per_epoch,
            epoch_draws=plan.epoch_draws,
        )
        write_text_atomically(partial / _FILE, sealed_text(stored))
        try:
            os.rename(partial, folder)
        except OSError:
            if not folder.is_dir():  # otherwise another process has just made the same plan
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def content_sha256(sha256: Mapping[str, str]) -> str:
    """One hash of a plan's content, from those of its arrays: equal for plans that feed the same rows."""
    return hashlib.sha256(json.dumps(sha256, sort_keys=True).encode()).hexdigest()


def read_plan(folder: pathlib.Path, header: PlanHeader) -> PackingPlan:
    """The plan saved as `folder`, large arrays memory-mapped. header: what the caller knows of it already.

    Raises `CacheError` for a plan that is damaged or of another fingerprint.
    """
    try:
        stored = _read_stored(folder)
        arrays = {}
        for name in _ARRAYS:
            path = folder / f"{name}.npy"
            found = file_sha256(path)
            if found != stored.sha256[name]:
                raise CacheError(f"{path.name} is corrupt: its sha256 is {found}, not {stored.sha256[name]}")
            # A mapping keeps its file open, which a small array is not worth.
            arrays[name] = np.load(path, mmap_mode="r" if path.stat().st_size > _MAPPED_BYTES else None)
        if stored.fingerprint != header.fingerprint:
            raise CacheError(f"it is plan {stored.fingerprint}, not {header.fingerprint}")
        summaries = tuple(TaskSummary(*values) for values in stored.summaries)
    except (CacheError, OSError, ValueError, KeyError, TypeError) as error:
        raise CacheError(f"the packing plan {folder} cannot be used: {error}") from error
    return PackingPlan(
        **vars(header),
        **arrays,
        summaries=summaries,
        steps_per_epoch=stored.steps_per_epoch,
        epoch_draws=stored.epoch_draws,
    )


def find_steps_per_epoch(plans: pathlib.Path, fingerprint: str) -> int | None:
    """The steps of an epoch as a saved plan of that fingerprint counted them, whatever its length; None if none did.

    All of them count the same, so the first will do, and one that cannot be read is left to whoever wants its rows.
    """
    for path in sorted(plans.glob(f"{fingerprint[:16]}-*/{_FILE}")):
        try:
            stored = _read_stored(path.parent)
        except (OSError, ValueError, TypeError):
            continue
        if stored.fingerprint == fingerprint and stored.steps_per_epoch is not None:
            return stored.steps_per_epoch
    return None


def _read_stored(folder: pathlib.Path) -> _Stored:
    return _Stored(**unsealed((folder / _FILE).read_bytes()))
