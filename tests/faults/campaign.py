"""All families of faults: their cases in a fixed order, made by several servers, each trial a line of JSON."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import json
import pathlib
import queue
import random
import shutil
from collections.abc import Callable, Sequence

from faults import calls_that_fail, damage, disks, kills, settings
from faults.bench import Bench, Case
from faults.commands import Server
from faults.outcomes import BAD, Trial
from faults.shim import build_shim
from faults.stages import COMMANDS, Stages, make_stages

FAMILIES = {
    "kills": kills.cases,
    "fails": calls_that_fail.cases,
    "damage": damage.cases,
    "disks": disks.cases,
    "settings": settings.cases,
}

__all__ = ["FAMILIES", "all_cases", "run_campaign"]


def all_cases(stages: Stages, *, seed: int, share: float, families: Sequence[str] = tuple(FAMILIES)) -> list[Case]:
    """The campaign's cases; of two with one id the first.

    Args:
      stages: of the undisturbed run.
      seed: of what is drawn.
      share: of a whole campaign; each kind of fault is there once at least.
      families: names in `FAMILIES`.
    """
    found: dict[str, Case] = {}
    for name in families:
        # Each family draws for itself, so that one does not change another's.
        for case in FAMILIES[name](stages, random.Random(f"{seed} {name}"), share):
            if case.command in stages.usual:
                found.setdefault(case.id, case)
    return list(found.values())


def run_campaign(
    work: pathlib.Path,
    choose: Callable[[Stages], Sequence[Case]],
    record: Callable[[Trial], None],
    say: Callable[[str], None],
    num_servers: int,
    commands: Sequence[str] = tuple(COMMANDS),
) -> None:
    """Makes trials, several at a time.

    Args:
      work: a folder for everything; what is compiled there once is not compiled again.
      choose: the stages -> the cases to try.
      record: gets every trial as it ends, in the main thread.
      say: gets lines of progress.
      num_servers: how many trials at a time.
      commands: those that are disturbed.
    """
    work.mkdir(parents=True, exist_ok=True)
    shim = build_shim(work)
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(Server(shim, work))
        stages = make_stages(first, work / "stages", say, commands)
        cases = list(choose(stages))
        say(f"{len(cases)} trials, {num_servers} at a time")
        benches: queue.SimpleQueue[Bench] = queue.SimpleQueue()
        for number in range(num_servers):
            server = first if number == 0 else stack.enter_context(Server(shim, work))
            benches.put(Bench(server, stages, work / f"trial_{number}"))

        def attempt(case: Case) -> Trial:
            bench = benches.get()
            try:
                return case.trial(bench)
            finally:
                benches.put(bench)

        with concurrent.futures.ThreadPoolExecutor(num_servers) as pool:
            for done, trial in enumerate(_as_they_end(pool, attempt, cases), 1):
                record(trial)
                if trial.outcome in BAD or done % 20 == 0 or done == len(cases):
                    detail = f"  {trial.detail}" if trial.outcome in BAD else ""
                    say(f"{done}/{len(cases)}  {trial.outcome}: {trial.id}{detail}")
    shutil.rmtree(work / "stages", ignore_errors=True)


def _as_they_end(pool: concurrent.futures.Executor, attempt: Callable[[Case], Trial], cases: Sequence[Case]):
    futures = [pool.submit(attempt, case) for case in cases]
    try:
        for future in concurrent.futures.as_completed(futures):
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def to_json(trial: Trial) -> str:
    """A line of the file of trials."""
    return json.dumps(dataclasses.asdict(trial), ensure_ascii=False)
