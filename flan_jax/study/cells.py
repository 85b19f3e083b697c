"""The runs of a study, each under a name that follows from what it depends on."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import pathlib
from collections.abc import Callable, Mapping, Sequence

from flan_jax.checkpoints.find import find_weights
from flan_jax.checkpoints.weights import MODEL_FILE, WEIGHTS_FILE
from flan_jax.core.errors import ConfigError, FlanError
from flan_jax.optim.identity import settings_text
from flan_jax.study.study import Study
from flan_jax.workflows.config import RunConfig

# What the study binds itself, and what says it.
_OWN = {"RANDOM_SEED": "Study.seeds", "MODEL_DIR": "--folder", "TrainConfig.seed": "Study.seeds"}
# (gin files, bindings) -> what the run is told.
LoadRun = Callable[[Sequence[str], Sequence[str]], RunConfig]

__all__ = ["Cell", "LoadRun", "cells_of"]


@dataclasses.dataclass(frozen=True)
class Cell:
    """One run of a study.

    Attributes:
      levels: axis -> level.
      seed: of data order, initial parameters and dropout.
      bindings: gin, over the study's recipe.
      config: what the run is told.
      key: a hash of what the run's result depends on.
    """

    levels: Mapping[str, str]
    seed: int
    bindings: tuple[str, ...]
    config: RunConfig
    key: str

    @property
    def name(self) -> str:
        """For people."""
        return ", ".join([*(f"{axis} {level}" for axis, level in self.levels.items()), f"seed {self.seed}"])


def cells_of(study: Study, load: LoadRun, folder: pathlib.Path) -> tuple[Cell, ...]:
    """Every cell of `study`: all levels of all axes, seed by seed, so that one that is broken off has whole ladders.

    Args:
      study: the study.
      load: reads gin.
      folder: of all studies; the runs lie in `runs/<key>` below it, whichever study asked for them.

    Raises `ConfigError` that names the cell whose gin says nonsense, axes that bind one name, and cells that are alike.
    """
    _check_names(study)
    cells: list[Cell] = []
    seen: dict[str, Cell] = {}
    for seed in study.seeds:
        for chosen in itertools.product(*(levels.items() for levels in study.axes.values())):
            levels = dict(zip(study.axes, (level for level, _ in chosen), strict=True))
            lines = [line for _, of_level in chosen for line in of_level]
            # A level may be a whole recipe, of which the other levels change single names.
            includes = [line for line in lines if line.startswith("include ")]
            bindings = (*includes, *(line for line in lines if line not in includes), f"RANDOM_SEED = {seed}")
            try:
                config = load(study.recipe, [*bindings, f"MODEL_DIR = {str(folder / 'runs')!r}"])
            except ConfigError as error:
                cell = ", ".join(f"{axis} {level}" for axis, level in levels.items())
                raise ConfigError(f"cell {cell}, seed {seed}: {error}") from error
            judged = config.evaluation
            if not (judged.report or judged.suite if study.group == "report" else judged.selects):
                cell = ", ".join(f"{axis} {level}" for axis, level in levels.items())
                raise ConfigError(
                    f"cell {cell}, seed {seed} is judged on no {study.group} tasks: name some in "
                    f"EVAL_{study.group.upper()}, or give another Study.group"
                )
            key = _key(config)
            if cells:
                _check_judged_alike(study, cells[0], levels, config)
            bindings = (*bindings, f"MODEL_DIR = {str(folder / 'runs' / key)!r}")
            cells.append(Cell(levels, seed, bindings, config, key))
            if (twin := seen.setdefault(key, cells[-1])) is not cells[-1]:
                raise ConfigError(
                    f"cells {twin.name} and {cells[-1].name} say the same, and a run would be compared with itself: "
                    f"look at what their levels bind"
                )
    return tuple(cells)


def _check_names(study: Study) -> None:
    """Raises `ConfigError` for what a level may not bind: what the study binds itself, and what another axis does."""
    owner: dict[str, str] = {}
    for axis, levels in study.axes.items():
        bound = {
            level: [line.partition("=")[0].strip() for line in lines if "=" in line] for level, lines in levels.items()
        }
        for level, names in bound.items():
            if twice := sorted(name for name in set(names) if names.count(name) > 1):
                raise ConfigError(
                    f"level {level} of {axis} binds {twice[0]} twice, and the last would win: bind it once"
                )
        for name in sorted({name for names in bound.values() for name in names}):
            if name in _OWN:
                raise ConfigError(f"axis {axis} binds {name}, which {_OWN[name]} says: take it out of its levels")
            if name in owner:
                raise ConfigError(
                    f"axes {owner[name]} and {axis} both bind {name}, so that one would undo the other: bind it in one"
                )
            owner[name] = axis


def _check_judged_alike(study: Study, first: Cell, levels: Mapping[str, str], config: RunConfig) -> None:
    """Raises `ConfigError`, before anything runs, for a cell that is asked other things than the first one."""
    names = (study.group, "suite" if study.group == "report" else "suite_selection")
    for name in (*names, "limit", "suite_limit", "targets_length", "stop"):
        mine, theirs = getattr(config.evaluation, name), getattr(first.config.evaluation, name)
        if (sorted(mine) != sorted(theirs)) if name in names else mine != theirs:
            cell = ", ".join(f"{axis} {level}" for axis, level in levels.items())
            raise ConfigError(
                f"EVAL_{name.upper()} is {theirs} for {first.name}, and {mine} for {cell}: judge all levels alike, "
                f"as their averages would not be of the same"
            )


def _key(config: RunConfig) -> str:
    train = config.train
    # Where a run lies, what it says and how it is watched are no part of what it finds.
    told = dataclasses.replace(
        train,
        model_dir="-",
        cache_dir="-",
        vocab_path=None,
        initial_checkpoint_path=train.initial_checkpoint_path and "-",
        log_period=1,
        prefetch_batches=1,
        profile_steps=None,
    )
    content = {
        "train": repr(told),
        "start": _digest_of_weights(train.initial_checkpoint_path),
        "vocabulary": _digest_of_file(train.vocab_path),
        "model": repr(config.model),
        "optimizer": settings_text(config.optimizer),
        "tuning": repr(config.tuning),
        "evaluation": repr(config.evaluation),
        "tasks": repr(dataclasses.replace(config.tasks, data_dir=None)),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _digest_of_weights(path: str | None) -> str:
    """Of what weights say of themselves, which has the sums of their arrays; the path where there are none yet."""
    if path is None:
        return ""
    try:
        source = find_weights(path)
    except FlanError:
        return path
    described = source.path / MODEL_FILE
    text = described.read_text(encoding="utf-8") if described.is_file() else json.dumps(source.digests, sort_keys=True)
    if (
        '"sha256"' not in text and (source.path / WEIGHTS_FILE).is_file()
    ):  # older than such sums: of the arrays themselves
        text += source.sha256 or ""
    return hashlib.sha256(text.encode()).hexdigest()


def _digest_of_file(path: str | None) -> str:
    """Of a file's bytes; the path where there is nothing to read yet."""
    try:
        return "" if path is None else hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    except OSError:
        return str(path)
