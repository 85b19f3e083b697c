"""`flan-jax replay --run DIR --step N`: the rows of one step as text, where each example is from, and the loss mask."""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Mapping

import numpy as np
from rich.console import Console
from rich.text import Text

from flan_jax.cache.native import fit_exemplars
from flan_jax.cache.resolve import register
from flan_jax.cache.trace import Trace, trace
from flan_jax.checkpoints.lineage import DATA_FILE
from flan_jax.cli.flags import flag
from flan_jax.cli.gin_config import load
from flan_jax.core.disk import read_json_object
from flan_jax.core.errors import CacheError, CheckpointError, ConfigError, FlanError
from flan_jax.core.manifest import cache_root, read_mixture_manifest
from flan_jax.core.settings import Natural, PathText, Steps
from flan_jax.core.terminal import console, styled, visible
from flan_jax.core.vocabulary import EOS_ID, Vocabulary, load_vocabulary
from flan_jax.data import CacheReader, PackingPlan, batch_at, make_plan
from flan_jax.declare.registry import get
from flan_jax.declare.task import Task, missing_source
from flan_jax.models.tuning import tuned_model
from flan_jax.sources.data_dir import set_data_dir
from flan_jax.train.changes import CONFIG_FILE
from flan_jax.train.run import plan_spec
from flan_jax.workflows.config import RunConfig

HELP = "show the rows of one training step: examples, tasks, templates, exemplars, text and loss mask"

__all__ = ["HELP", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A run's folder and a step of it."""
    parser.add_argument("--run", type=flag(PathText), required=True, help="the run's folder (MODEL_DIR)")
    parser.add_argument("--step", type=flag(Steps), required=True, help="step as the log counts them, from 1")
    parser.add_argument(
        "--row", type=flag(Natural), action="append", default=[], help="only this row of the batch; repeatable"
    )
    parser.add_argument("--list", action="store_true", help="one line an example, without text")
    parser.add_argument(
        "--cache_dir", type=flag(PathText), help="where the cache is now (default: where the run had it)"
    )
    parser.add_argument("--data_dir", type=flag(PathText), help="where the data is now (default: where the run had it)")


def run(args: argparse.Namespace) -> int:
    """Prints the rows; on a terminal with colours."""
    folder = pathlib.Path(args.run)
    config = _config(folder, args)
    vocabulary = load_vocabulary(str(config.train.vocab_path))
    cache_dir = args.cache_dir or config.train.cache_dir
    root = cache_root(cache_dir, vocabulary.fingerprint, config.train.inputs_length)
    for note in register(config.tasks.modules, config.tasks.folders):
        print(note)
    shown = console(soft_wrap=True, highlight=False)
    with CacheReader(root, vocabulary.fingerprint) as reader:
        plan = _plan(folder, config, root, vocabulary, reader)
        if not 1 <= args.step <= plan.num_steps:
            raise ConfigError(f"--step {args.step} is not in this run of {plan.num_steps} steps: count from 1")
        for row in args.row or range(plan.batch_size):
            if not 0 <= row < plan.batch_size:
                raise ConfigError(f"--row {row} is not in this batch of {plan.batch_size} rows: count from 0")
            _print_row(shown, plan, reader, vocabulary, args.step - 1, row, args.list)
    return 0


def _config(folder: pathlib.Path, args: argparse.Namespace) -> RunConfig:
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise CheckpointError(
            f"{path} is not there: --run is the MODEL_DIR of `flan-jax train`, which writes its settings there; a run "
            f"of fj.train has its rows in the program that made it, and is not replayed"
        )
    config = load([str(path)])
    if args.data_dir is None and config.tasks.data_dir is not None:
        set_data_dir(config.tasks.data_dir)
    return config


def _plan(
    folder: pathlib.Path, config: RunConfig, root: pathlib.Path, vocabulary: Vocabulary, reader: CacheReader
) -> PackingPlan:
    mixture = read_mixture_manifest(root, config.train.mixture)
    model = tuned_model(config.model, config.tuning)
    plan = make_plan(plan_spec(config.train, model, mixture), reader, vocabulary)
    path = folder / DATA_FILE
    try:
        remedy = "copy it again from the run, or move it away: its rows are then shown without a check"
        used = read_json_object(path, remedy, {"plan": str})["plan"]
    except FileNotFoundError:
        print(visible(f"{path} is not there: whether the run had these rows cannot be checked"), file=sys.stderr)
        used = plan.fingerprint
    if used != plan.fingerprint:
        raise CacheError(
            f"the run was fed by plan {used[:16]}, the cache at {root} now gives {plan.fingerprint[:16]}: its tasks or "
            f"rates have changed since, so that step cannot be shown; give the cache it had (--cache_dir)"
        )
    return plan


def _print_row(
    shown: Console,
    plan: PackingPlan,
    reader: CacheReader,
    vocabulary: Vocabulary,
    step: int,
    row: int,
    is_list: bool,
) -> None:
    batch = {name: values[0] for name, values in batch_at(plan, reader, step, [row]).items()}
    entries, _ = plan.entries_of_rows(np.array([plan.first_row(step) + row]))
    if not is_list:
        shown.rule(f"step {step + 1} row {row}: {len(entries)} examples, {_fill(plan, batch)} tokens")
    for segment, entry in enumerate(entries.tolist(), 1):
        name, place = plan.tasks[plan.task_ids[entry]], int(plan.indices[entry])
        split = plan.splits[plan.task_ids[entry]]
        example = reader.read(name, split, place)
        rendering = place % reader.manifest(name, split).num_renderings
        origin, remark = _origin(name, split, example.index, rendering)
        facts = [f"row {row} segment {segment}", f"{name}/{split} row {example.index}", f"epoch {plan.epochs[entry]}"]
        if rendering:
            facts.append(f"rendering {rendering}")
        if origin is not None:
            facts += _made_of(origin, vocabulary, reader.manifest(name, split).max_inputs_length)
            again = [*vocabulary.encode(origin.rendered.targets), EOS_ID]
            if plan.objectives[plan.task_ids[entry]] is None and again != example.targets_tokens.tolist():
                remark = "the task has changed since it was cached: template and exemplars are those of today"
        if remark:
            facts.append(remark)
        shown.print(styled("; ".join(facts), style="bold"))
        if is_list:
            continue
        trimmed = len(example.inputs_tokens) > plan.text_length and plan.objectives[plan.task_ids[entry]] is None
        shown.print(styled(vocabulary.decode(_inputs(batch, segment)) + (" [trimmed]" if trimmed else "")))
        is_own = batch["decoder_segment_ids"] == segment
        for text in _masked(batch["decoder_target_tokens"][is_own], batch["decoder_loss_weights"][is_own], vocabulary):
            shown.print(text)


def _fill(plan: PackingPlan, batch: Mapping[str, np.ndarray]) -> str:
    """How much of a row is used, as "97 of 128 + 20 of 32"."""
    sides = [("decoder", plan.row_length)]
    if plan.layout is None:
        sides = [("encoder", plan.inputs_length), ("decoder", plan.targets_length)]
    return " + ".join(f"{int((batch[f'{side}_segment_ids'] > 0).sum())} of {length}" for side, length in sides)


def _inputs(batch: Mapping[str, np.ndarray], segment: int) -> np.ndarray:
    """The inputs that are fed of an example; a soft prompt, whose ids are negative, is no text."""
    if "encoder_input_tokens" in batch:
        tokens = batch["encoder_input_tokens"][batch["encoder_segment_ids"] == segment]
    else:
        is_own = (batch["decoder_segment_ids"] == segment) & (batch["decoder_loss_weights"] == 0)
        tokens = batch["decoder_target_tokens"][is_own]
    inputs: np.ndarray = tokens[tokens >= 0]
    return inputs


def _origin(name: str, split: str, row: int, rendering: int) -> tuple[Trace | None, str]:
    """(where the example is from, why that cannot be told)."""
    try:
        task = get(name)
    except FlanError:
        return None, "the task is not registered here, so its template and exemplars cannot be told"
    assert isinstance(task, Task)
    if missing_source(task) is not None:
        return None, "the task's data is not here, so its template and exemplars cannot be told"
    try:
        return trace(task, split, row, rendering), ""
    except FlanError as error:
        return None, f"its template and exemplars cannot be told: {error}"


def _made_of(origin: Trace, vocabulary: Vocabulary, max_inputs_length: int | None) -> list[str]:
    facts = [] if origin.template is None else [f"template {origin.template}"]
    num_exemplars = len(origin.rendered.exemplars)
    if num_exemplars:
        _, (stay,) = fit_exemplars([origin.rendered], vocabulary, max_inputs_length)
        kept, dropped = len(stay), num_exemplars - len(stay)
        if origin.exemplar_rows is None:
            facts.append(f"{kept} exemplars of the task's own")
        else:
            rows = ", ".join(str(origin.exemplar_rows[position]) for position in stay)
            facts.append(f"exemplars: {origin.exemplar_split} rows {rows}" if kept else "no exemplars left")
        if dropped:
            facts.append(f"{dropped} dropped for length")
    return facts


def _masked(tokens: np.ndarray, weights: np.ndarray, vocabulary: Vocabulary) -> list[Text]:
    """The targets in stretches of equal loss weight."""
    borders = np.flatnonzero(np.diff(weights)) + 1
    texts = []
    for part, own in zip(np.split(tokens, borders), np.split(weights, borders), strict=True):
        if len(part):
            has_eos = int(part[-1]) == EOS_ID
            shown = vocabulary.decode(part) + (" </s>" if has_eos else "")
            label = f"[loss weight {own[0]:g} on {len(part)} tokens] "
            texts.append(styled((label, "dim"), (shown, "green" if own[0] else "dim")))
    return texts
