"""Damaged files: every kind of file of a run, a cache, an evaluation and an export, in every way."""

from __future__ import annotations

import dataclasses
import functools
import os
import pathlib
import random
import shutil
from collections.abc import Callable, Iterator, Sequence

from faults.bench import Bench, Case, Verdict
from faults.stages import Stages, place_of

Undo = Callable[[], None]
Damage = Callable[[pathlib.Path], None]

__all__ = ["WAYS", "cases"]


def _flip(rng: random.Random, path: pathlib.Path) -> None:
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def _delete(path: pathlib.Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _replace_by_folder(path: pathlib.Path) -> None:
    _delete(path)
    path.mkdir()


def _replace_by_file(path: pathlib.Path) -> None:
    _delete(path)
    path.write_text("in the way")


WAYS: dict[str, Damage] = {
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "emptied": lambda path: os.truncate(path, 0),
    "deleted": _delete,
    "unreadable": lambda path: path.chmod(0),
    "a folder": _replace_by_folder,
    "overwritten": lambda path: path.write_bytes(b"[1, 2]\n"),
    "nested": lambda path: path.write_bytes(b"[" * 100_000),
}
FOLDER_WAYS: dict[str, Damage] = {
    "deleted": _delete,
    "unreadable": lambda path: path.chmod(0),
    "emptied": _replace_by_folder,
    "a file": _replace_by_file,
}
_ALL = ("flipped", "swapped", *WAYS)
_NOT_DATA = ("emptied", "deleted", "unreadable", "a folder", "overwritten", "nested")


@dataclasses.dataclass(frozen=True)
class _Kind:
    """Files that are damaged, and who reads them then.

    Attributes:
      name: in the table.
      stage: what a trial begins from.
      glob: the files, below the stage's folder.
      commands: who reads.
      ways: how they are damaged; what holds text or weights of others can be other text, which nobody can know.
      flips: bits flipped a file, each a trial.
    """

    name: str
    stage: str
    glob: str
    commands: tuple[str, ...]
    ways: tuple[str, ...] = _ALL
    flips: int = 2


_KINDS = (
    _Kind("rows", "empty", "data/fault_after/train.jsonl", ("cache",), _NOT_DATA),
    _Kind("rows", "cached", "data/fault_between/validation.jsonl", ("train",), ("deleted", "unreadable")),
    _Kind("cache: shard", "finished", "cache/*/*/fault_after/train/shard-*", ("replay",), flips=6),
    _Kind("cache: lengths", "finished", "cache/*/*/fault_after/train/lengths.npy", ("replay",), flips=4),
    _Kind("cache: manifest", "finished", "cache/*/*/fault_after/train/manifest.json", ("replay", "cache"), flips=4),
    _Kind("cache: mixture", "finished", "cache/*/*/mixtures/fault_mixture.json", ("replay", "cache"), flips=4),
    _Kind("cache: shard", "finished", "cache/*/*/fault_again/validation/shard-*", ("eval",), flips=2),
    _Kind("cache: shard", "stopped", "cache/*/*/fault_before/train/shard-*", ("train",), ("flipped", "deleted"), 1),
    _Kind("cache: lengths", "stopped", "cache/*/*/fault_before/train/lengths.npy", ("train",), ("flipped", "cut"), 1),
    _Kind("plan", "finished", "cache/*/*/plans/*/*", ("replay",), flips=2),
    _Kind("plan", "stopped", "cache/*/*/plans/*/[rp]*", ("train",), ("flipped", "emptied"), 1),
    _Kind("checkpoint: meta", "stopped", "run/checkpoints/5/meta/metadata", ("train",), flips=4),
    _Kind("checkpoint: parameters", "stopped", "run/checkpoints/5/params/**/*", ("train",), flips=1),
    _Kind("checkpoint: optimizer", "stopped", "run/checkpoints/5/opt_state/**/*", ("train",), flips=1),
    _Kind("checkpoint: marks", "stopped", "run/checkpoints/5/*", ("train",), flips=1),
    _Kind("checkpoint: meta", "t5", "run/checkpoints/8/meta/metadata", ("export t5x",), flips=4),
    _Kind("checkpoint: parameters", "t5", "run/checkpoints/8/params/**/*", ("export t5x",), flips=4),
    _Kind("checkpoint: optimizer", "t5", "run/checkpoints/8/opt_state/**/*", ("export t5x",), flips=4),
    _Kind("handed over: weights", "finished", "run/selected/weights.safetensors", ("infer", "eval"), flips=6),
    _Kind("handed over: model.json", "finished", "run/selected/model.json", ("infer", "eval"), flips=8),
    _Kind("handed over: vocabulary", "finished", "run/selected/*.model", ("infer", "eval"), flips=4),
    _Kind("handed over: weights", "t5", "run/selected/weights.safetensors", ("export",), flips=4),
    _Kind("handed over: model.json", "t5", "run/selected/model.json", ("export",), flips=4),
    _Kind("evaluations", "stopped", "run/evals.jsonl", ("train",), flips=6),
    _Kind("evaluations", "finished", "run/evals.jsonl", ("report",), flips=8),
    _Kind("choice", "finished", "run/selected.json", ("report", "infer"), flips=6),
    _Kind("choice", "finished", "run/selected.json", ("train",), ("flipped", "emptied", "a folder", "unreadable"), 1),
    _Kind("losses", "stopped", "run/metrics.jsonl", ("train",), ("deleted", "unreadable", "a folder", "overwritten")),
    _Kind("losses", "finished", "run/metrics.jsonl", ("report",), ("cut", *_NOT_DATA)),
    _Kind("what it trained on", "finished", "run/data.json", ("report", "infer", "eval --suite"), flips=6),
    _Kind("configuration of the run", "finished", "run/config.gin", ("replay",), ("cut", *_NOT_DATA)),
    _Kind("configuration of the run", "stopped", "run/config.gin", ("train",), ("a folder", "unreadable", "cut")),
    _Kind("curves", "stopped", "run/tensorboard/*", ("train",), ("cut", "deleted", "unreadable", "a folder")),
    _Kind("report", "finished", "run/report.html", ("report",), ("cut", "unreadable", "a folder")),
    _Kind("journal", "asked", "out/journal.jsonl", ("eval --suite",), flips=12),
    _Kind("results", "asked", "out/summary.json", ("eval --suite",), flips=1),
    _Kind("prompts", "finished", "prompts.txt", ("infer",), ("emptied", "deleted", "unreadable", "a folder")),
    _Kind("Hugging Face folder", "exported", "out/*", ("import",), ("cut", *_NOT_DATA)),
    _Kind("T5X checkpoint", "exported t5x", "out/checkpoint_8/checkpoint", ("import t5x",), ("cut", *_NOT_DATA)),
    _Kind("T5X checkpoint", "exported t5x", "out/checkpoint_8/target.token*/*", ("import t5x",), ("cut", *_NOT_DATA)),
    _Kind("T5X checkpoint", "exported t5x", "out/checkpoint_8/target.token*/.z*", ("import t5x",), ("cut", *_NOT_DATA)),
)
# (kind, stage, folder, command)
_FOLDERS = (
    ("checkpoint: folders", "stopped", "run/checkpoints/5", "train"),
    ("checkpoint: folders", "stopped", "run/checkpoints/5/params", "train"),
    ("checkpoint: folders", "stopped", "run/checkpoints/5/opt_state", "train"),
    ("checkpoint: folders", "stopped", "run/checkpoints/5/meta", "train"),
    ("checkpoint: folders", "t5", "run/checkpoints/8/params", "export t5x"),
    ("checkpoint: folders", "t5", "run/checkpoints/8/opt_state", "export t5x"),
    ("checkpoint: folders", "t5", "run/checkpoints/8/meta", "export t5x"),
    ("checkpoint: folders", "stopped", "run/checkpoints", "train"),
    ("run's folder", "cached", "run", "train"),
    ("run's folder", "finished", "run", "infer"),
    ("run's folder", "finished", "run", "report"),
    ("run's folder", "finished", "run/selected", "infer"),
    ("run's folder", "stopped", "run/tensorboard", "train"),
    ("cache: folders", "finished", "cache", "replay"),
    ("cache: folders", "cached", "cache", "cache"),
    ("cache: folders", "finished", "cache/*/*/fault_after/train", "replay"),
    ("cache: folders", "cached", "cache/*/*/fault_after/train", "cache"),
    ("cache: folders", "finished", "cache/*/*/mixtures", "replay"),
    ("cache: folders", "finished", "cache/*/*/plans", "replay"),
    ("rows", "empty", "data", "cache"),
    ("rows", "empty", "data/fault_after", "cache"),
    ("T5X checkpoint", "exported t5x", "out/checkpoint_8/target.token_embedder.embedding", "import t5x"),
    ("T5X checkpoint", "exported t5x", "out/checkpoint_8", "import t5x"),
    ("Hugging Face folder", "exported", "out", "import"),
)


def cases(stages: Stages, rng: random.Random, share: float) -> Iterator[Case]:
    """The damaged files of a campaign.

    Args:
      stages: what the files are taken from.
      rng: draws files and bits.
      share: of a whole campaign.
    """
    found: list[Case] = []
    for kind in _KINDS:
        base = stages.folder / kind.stage
        # One file of each place: which of TensorStore's data files it is, is drawn.
        places: dict[str, list[pathlib.Path]] = {}
        for path in sorted(base.glob(kind.glob)):
            if path.is_file():
                places.setdefault(place_of(str(path.relative_to(base))), []).append(path)
        for place, paths in places.items():
            for way in kind.ways:
                for number in range(kind.flips if way == "flipped" else 1):
                    path = rng.choice(paths)
                    if way in ("flipped", "cut") and not path.stat().st_size:
                        continue
                    below = str(path.relative_to(base))
                    seed = rng.randrange(2**32)
                    for command in kind.commands:
                        found.append(
                            Case(
                                f"damage/{command}/{kind.stage}/{way}{number or ''}/{place}",
                                f"{way}: {kind.name}",
                                place,
                                command,
                                functools.partial(
                                    _damaged, command=command, stage=kind.stage, below=below, way=way, seed=seed
                                ),
                            )
                        )
    for name, stage, folder, command in _FOLDERS:
        base = stages.folder / stage
        below = str(next(iter(sorted(base.glob(folder))), base / folder).relative_to(base))
        for way in (*FOLDER_WAYS, *(("swapped",) if "checkpoints/" in folder else ())):
            if not (base / below).exists() and way != "a file":
                continue
            found.append(
                Case(
                    f"damage/{command}/{stage}/{way}/{place_of(below)}/",
                    f"{way}: {name}",
                    folder,
                    command,
                    functools.partial(_damaged, command=command, stage=stage, below=below, way=way, seed=0),
                )
            )
    yield from _spread(found, rng, share)


def _spread(found: Sequence[Case], rng: random.Random, share: float) -> Iterator[Case]:
    """A share of the cases, in which every way and every kind of file is there once at least."""
    if share >= 1:
        yield from found
        return
    drawn = rng.sample(found, len(found))
    seen: set[str] = set()
    needed = []
    for case in drawn:
        parts = set(case.fault.split(": ", 1))
        if not parts <= seen:
            needed.append(case)
            seen |= parts
    rest = [case for case in drawn if case not in needed]
    yield from needed
    yield from rest[: max(0, round(len(found) * share) - len(needed))]


def _damaged(bench: Bench, command: str, stage: str, below: str, way: str, seed: int) -> Verdict:
    bench.begin(stage)

    def damage(path: pathlib.Path) -> Undo:
        kept = bench.folder.with_name(f"{bench.folder.name}_kept")
        _clear(kept)
        if path.exists():
            shutil.copytree(path, kept) if path.is_dir() else shutil.copy2(path, kept)
        if way == "flipped":
            _flip(random.Random(seed), path)
        elif way == "swapped":
            _swap(bench, path, below)
        elif path.is_dir() or not path.exists():
            FOLDER_WAYS[way](path)
        else:
            WAYS[way](path)

        def undo() -> None:
            _clear(path)
            if kept.is_dir():
                shutil.copytree(kept, path)
            elif kept.exists():
                shutil.copy2(kept, path)

        return undo

    return bench.damaged(command, damage, below, is_unprivileged=way == "unreadable")


def _clear(path: pathlib.Path) -> None:
    if path.exists() or path.is_symlink():
        _delete(path)


def _swap(bench: Bench, path: pathlib.Path, below: str) -> None:
    """Puts in its place what lies in the same place of another step, task or run."""
    folder = bench.folder
    for old, new in (("checkpoints/5", "checkpoints/4"), ("checkpoints/8", "checkpoints/4"), ("_after", "_before")):
        other = folder / below.replace(old, new)
        if old in below:
            if not other.exists():
                siblings = sorted(p for p in other.parent.iterdir() if p.is_file()) if other.parent.is_dir() else []
                other = siblings[0] if siblings else path
            break
    else:
        other = bench.stages.folder / "longer" / below
        if not other.exists():
            siblings = sorted(p for p in path.parent.iterdir() if p.is_file() and p != path)
            other = siblings[0] if siblings else path
    if other != path:
        _delete(path)
        shutil.copytree(other, path) if other.is_dir() else shutil.copy2(other, path)
