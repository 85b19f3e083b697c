"""The undisturbed run, stage by stage: what a trial begins from, and what it is compared with."""

from __future__ import annotations

import collections
import dataclasses
import pathlib
import random
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from faults import compare, tiny_tasks
from faults.calls import Call
from faults.commands import RECIPE, T5_RECIPE, Ended, Server
from faults.shim import Order, read_trace, read_written

# The same flags for every command that reads tasks.
_TASKS = ("--module", "faults.tiny_tasks", "--data_dir", "data")
_EVAL = ("--inputs_length", "48", "--batch_size", "8")
COMMANDS: Mapping[str, Sequence[str]] = {
    "train": ("flan-jax", "train", *RECIPE),
    # More steps than before: other weights are handed over in place of those that lie there.
    "train longer": ("flan-jax", "train", *RECIPE, "--gin.TRAIN_STEPS=12"),
    "cache": ("flan-jax", "cache", *RECIPE, "--num_workers", "2"),
    "eval": (
        *("flan-jax", "eval", "--checkpoint", "run", "--mixture", tiny_tasks.REPORT, "--cache_dir", "cache"),
        *("--out", "out", "--targets_length", "3", *_EVAL, *_TASKS),
    ),
    "eval --suite": (
        *("flan-jax", "eval", "--checkpoint", "run", "--suite", f"{tiny_tasks.BENCHMARK}:generate", "--out", "out"),
        *(*_EVAL, *_TASKS),
    ),
    "infer": (
        *("flan-jax", "infer", "--checkpoint", "run", "--prompts_file", "prompts.txt"),
        *("--max_decode_len", "3", "--inputs_length", "16"),
    ),
    "train t5": ("flan-jax", "train", *T5_RECIPE),
    "export": ("flan-jax", "export", "--checkpoint", "run", "--to", "hf", "--out", "out"),
    "export t5x": ("flan-jax", "export", "--checkpoint", "run/checkpoints/8", "--to", "t5x", "--out", "out"),
    "import": ("flan-jax", "import", "hf:out", "--out", "in", "--skip_certificate"),
    "import t5x": ("flan-jax", "import", "t5x:out/checkpoint_8", "--out", "in"),
    "report": ("report", "run"),
    "replay": ("flan-jax", "replay", "--run", "run", "--step", "3", "--cache_dir", "cache", "--data_dir", "data"),
    "mix explain": ("flan-jax", "mix", "explain", tiny_tasks.TRAIN[0], *RECIPE),
}
# Where they are run undisturbed; elsewhere in "finished".
_BEGINS = {
    **{"cache": "empty", "train": "empty", "train t5": "cached", "export": "t5", "export t5x": "t5"},
    **{"import": "exported", "import t5x": "exported t5x"},
}
# What they make is a stage, and they are run in this order.
_KEPT = {
    **{"cache": "cached", "train": "finished", "train longer": "longer", "train t5": "t5"},
    **{"eval --suite": "asked", "export": "exported", "export t5x": "exported t5x"},
}
PROMPTS = "Say red after blue:\nSay plum after north again:\n"

T = TypeVar("T")

__all__ = ["COMMANDS", "Point", "Stages", "area_of", "make_stages", "results_of", "sample"]


@dataclasses.dataclass(frozen=True)
class Point:
    """A kind of call that a command makes.

    Attributes:
      op: as in `shim.OPS`.
      place: the path below the trial's folder, numbers and hashes blotted out.
      times: how often.
    """

    op: str
    place: str
    times: int

    @property
    def pattern(self) -> str:
        """A regular expression that the paths of `place` match."""
        return pattern_of(self.place)


@dataclasses.dataclass(frozen=True)
class Stages:
    """What trials begin from and are compared with.

    Attributes:
      folder: of the stages' folders: "empty" (rows alone), "cached", "stopped" (after step 5 of 8), "finished",
        "longer" (of twelve steps), "t5" (finished with a T5 model), "asked" (a benchmark), "exported", "exported t5x".
      usual: command -> how it ended, undisturbed.
      results: command -> what it left.
      points: command -> the calls that it makes.
      written: command -> bytes that it writes, as a full disk counts them.
    """

    folder: pathlib.Path
    usual: Mapping[str, Ended]
    results: Mapping[str, compare.Results]
    points: Mapping[str, Sequence[Point]]
    written: Mapping[str, int]

    def copy(self, stage: str, to: pathlib.Path) -> pathlib.Path:
        """A trial's folder that begins at a stage."""
        shutil.rmtree(to, ignore_errors=True)
        return pathlib.Path(shutil.copytree(self.folder / stage, to, symlinks=True))


def results_of(command: str, ended: Ended, folder: pathlib.Path) -> compare.Results:
    """What a command left, as one of `compare`'s values.

    Args:
      command: a key of `COMMANDS`.
      ended: how it ended.
      folder: where it ran.
    """
    if command.startswith("train"):
        return compare.of_run(folder)
    if command == "cache":
        return compare.of_cache(folder)
    if command == "report":
        return {"report.html": compare.unplaced((folder / "run/report.html").read_text(), folder)}
    if command in ("infer", "replay", "mix explain"):
        return compare.of_text(ended.out, folder)
    return compare.of_folder(folder, "in" if command.startswith("import") else "out")


def make_stages(
    server: Server, folder: pathlib.Path, say: Callable[[str], None], commands: Sequence[str] = tuple(COMMANDS)
) -> Stages:
    """Runs everything once, undisturbed. Raises `RuntimeError` where that fails or two runs differ.

    Args:
      server: runs the commands.
      folder: made anew.
      say: gets a line of progress.
      commands: those that trials disturb; "cache" and "train" are run in any case.
    """
    shutil.rmtree(folder, ignore_errors=True)
    empty = folder / "empty"
    tiny_tasks.add_rows(empty / "data")
    (empty / "prompts.txt").write_text(PROMPTS)
    usual: dict[str, Ended] = {}
    results: dict[str, compare.Results] = {}
    points: dict[str, Sequence[Point]] = {}
    written: dict[str, int] = {}

    def undisturbed(command: str, at: pathlib.Path) -> None:
        order = folder / f"{command.replace(' ', '_')}.order"
        ended = server.run(at, COMMANDS[command], Order(trace=True), trace=order)
        if ended.status:
            raise RuntimeError(f"undisturbed, {command} ended with {ended.status}:\n{ended.err[-2000:]}")
        usual[command], results[command] = ended, results_of(command, ended, at)
        points[command], written[command] = points_of(read_trace(order)), read_written(order)
        say(f"undisturbed: {command}, {ended.cpu_secs:.1f} s, {sum(point.times for point in points[command]):,} calls")

    wanted = {"cache", "train", *commands}
    for command in dict.fromkeys(name for name in (*_KEPT, *COMMANDS) if name in wanted):
        at = folder / _KEPT.get(command, "undisturbed")
        shutil.rmtree(at, ignore_errors=True)
        shutil.copytree(folder / _BEGINS.get(command, "finished"), at)
        undisturbed(command, at)
    shutil.copytree(folder / "cached", folder / "stopped")
    stop = Call("flan_jax.train.guard", "FiniteGuard.push", 5, "SIGTERM")
    ended = server.run(folder / "stopped", COMMANDS["train"], stop)
    if ended.status or not (folder / "stopped/run/checkpoints/5").is_dir():
        raise RuntimeError(f"no run to resume: {ended.err[-2000:]}")
    stages = Stages(folder, usual, results, points, written)
    again = stages.copy("stopped", folder / "undisturbed")
    ended = server.run(again, COMMANDS["train"])
    if different := compare.differences(results["train"], results_of("train", ended, again)):
        raise RuntimeError(f"undisturbed, two runs differ in {', '.join(different)}: {ended.err[-2000:]}")
    return stages


_AREAS = (
    ("plan", r"^cache/.*/plans"),
    ("cache", r"^cache"),
    ("save", r"^run/checkpoints"),
    ("evaluation", r"^run/\.?(evals\.jsonl|suite)"),
    ("hand-over", r"^run/\.?selected"),
    ("report", r"^run/\.?report"),
    ("step", r"^run/(metrics\.jsonl|tensorboard)"),
    ("log", r"^run"),
)


def area_of(place: str) -> str:
    """The part of a run that a place belongs to: "cache", "plan", "step", "save", "evaluation", "hand-over", "report",
    "log" for the rest of the run's folder, "" for what lies elsewhere."""
    return next((area for area, pattern in _AREAS if re.search(pattern, place)), "")


def sample(ways: Sequence[T], number: int, share: float, rng: random.Random) -> list[T]:
    """Some of `ways`, all of them at most.

    Args:
      ways: what there is.
      number: how many of a whole campaign.
      share: of a whole campaign, in (0, 1]; one is drawn at least.
      rng: draws them.
    """
    return rng.sample(list(ways), min(len(ways), max(1, round(number * share))))


def points_of(trace: Sequence[tuple[str, str]]) -> list[Point]:
    """The kinds of calls in a trace, in order of the first of each."""
    counts = collections.Counter((op, place_of(path)) for op, path in trace if path)
    return [Point(op, place, times) for (op, place), times in counts.items()]


_BLOTS = (("<tmp>", r"tmp[0-9A-Za-z]{6,8}"), ("<hash>", r"[0-9a-f]{8,}"), ("<n>", r"[0-9]+"))


def place_of(path: str) -> str:
    """The path with every hash and number blotted out, so that two runs have the same."""
    for blot, pattern in _BLOTS:
        path = re.sub(rf"(?<![0-9a-zA-Z]){pattern}(?![0-9a-zA-Z])", blot, path)
    return path


def pattern_of(place: str) -> str:
    """An extended regular expression that matches the paths of a place and no others."""
    pattern = re.escape(place).replace("\\-", "-").replace("\\ ", " ")
    for blot, known in _BLOTS:
        pattern = pattern.replace(re.escape(blot), known).replace(blot, known)
    return f"^{pattern}$"
