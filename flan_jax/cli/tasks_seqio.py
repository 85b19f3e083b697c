"""`flan-jax tasks` for tasks that only SeqIO knows: what its registry says of them, and what its pipeline makes."""

from __future__ import annotations

import argparse
import itertools
import sys
from typing import Any

from flan_jax.cache.native import Tally
from flan_jax.core import assets
from flan_jax.core.errors import TaskError
from flan_jax.core.terminal import console, styled
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare.registry import all_mixtures, all_tasks
from flan_jax.declare.task import FORMAT_MARK

__all__ = ["list_rows", "members", "render", "seqio_mixtures", "seqio_tasks", "show"]


def seqio_tasks() -> set[str]:
    """Names of the tasks that only SeqIO has; none where nothing that was imported brought SeqIO along."""
    seqio = sys.modules.get("seqio")
    ours = {task.name for task in all_tasks()}
    return (
        {name for name in seqio.TaskRegistry.names() if name.partition(FORMAT_MARK)[0] not in ours} if seqio else set()
    )


def seqio_mixtures() -> set[str]:
    """Names of the mixtures that only SeqIO has."""
    seqio = sys.modules.get("seqio")
    return set(seqio.MixtureRegistry.names()) - {mixture.name for mixture in all_mixtures()} if seqio else set()


def members(mixture: str) -> set[str]:
    """Names of the tasks of a mixture of SeqIO's."""
    return {task.name for task in sys.modules["seqio"].get_mixture_or_task(mixture).tasks}


def list_rows(mixture: str | None = None) -> list[tuple[str, str, str, str, str, str]]:
    """(name, cluster, splits, metrics, kind, state) of the tasks that only SeqIO knows.

    Args:
      mixture: only of its members, or of the one task of this name; None lists all.
    """
    names = seqio_tasks()
    if mixture is not None:
        names &= members(mixture) if mixture in seqio_mixtures() else {mixture}
    if not names:
        return []
    from flan_jax.cache.seqio_pipeline import CLUSTER, find_task, function_name

    rows = []
    for name in sorted(names):
        task = find_task(name)
        metrics = ", ".join(function_name(metric) for metric in task.metric_fns)
        rows.append((name, CLUSTER, ", ".join(task.splits), metrics, "training", "here"))
    return rows


def show(name: str, flags: str) -> None:
    """Prints what SeqIO's registry says of the task. flags: `--module …`, for the command that renders it."""
    from flan_jax.cache.seqio_pipeline import CLUSTER, find_task, function_name, metric_names

    task = find_task(name)
    facts = {
        "cluster": CLUSTER,
        "source": f"SeqIO's {type(task.source).__name__}",
        "splits": ", ".join(f"{split} ({_num_rows(task, split)})" for split in task.splits),
        "features": ", ".join(task.output_features),
        "preprocessors": ", ".join(function_name(each) for each in task.preprocessors),
        "metrics": ", ".join(metric_names(task)),
        "formats": "none: the text is made by its preprocessors",
    }
    shown = console(soft_wrap=True)
    shown.print(styled(name, style="bold"))
    for fact, value in facts.items():
        if value:
            shown.print(styled((f"  {fact:15}", "dim"), (value, "")))
    shown.print(styled(f"  flan-jax tasks render {name} --n 3{flags}", style="dim"))


def render(name: str, args: argparse.Namespace) -> None:
    """Prints examples as SeqIO's pipeline makes them, decoded, as `flan-jax cache` would store them.

    Args:
      name: SeqIO's task.
      args: of `flan-jax tasks render`.

    Raises `TaskError` for an unknown split and where `start` is past its last example.
    """
    from flan_jax.cache.seqio_pipeline import find_task, tokenise

    task, tally = find_task(name), Tally()
    vocabulary = load_vocabulary(str(args.vocab_path or assets.EMBEDDED_VOCAB))
    split = args.split or next(iter(task.splits))
    examples = tokenise(task, split, vocabulary, args.inputs_length, tally)
    shown, count = console(soft_wrap=True, highlight=False), 0
    for example in itertools.islice(examples, args.start, args.start + args.n):
        count += 1
        shown.rule(f"{name}/{split} example {example.index}")
        inputs, targets = example.inputs_tokens.tolist(), example.targets_tokens.tolist()
        shown.print(styled((vocabulary.decode(inputs), "bold")))
        shown.print(styled(("=> ", "dim"), (vocabulary.decode(targets), "green")))
        others = [reference for reference in example.references if reference != vocabulary.decode(targets)]
        if others:
            shown.print(styled(f"also accepted: {' | '.join(others)}", style="dim green"))
        shown.print(styled(f"{len(inputs)} input tokens, {len(targets)} target tokens with EOS", style="dim"))
    if not count:
        raise TaskError(f"SeqIO task {name}/{split} has no example from row {args.start} on")
    for why, number in tally.dropped.items():
        shown.print(styled(f"dropped before these, and counted when cached: {number} ({why})", style="dim"))


def _num_rows(task: Any, split: str) -> str:
    number = task.source.num_input_examples(split)
    return "rows not known" if number is None else f"{number:,} rows"
