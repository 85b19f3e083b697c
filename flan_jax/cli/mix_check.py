"""`flan-jax mix check NAME`: what a mixture holds out, whether a member leaks, and which training inputs overlap with
the evaluation sets on disk."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from rich.progress import track
from rich.table import Table

from flan_jax.cache.availability import availability, missing_lines
from flan_jax.cache.native import render
from flan_jax.cli.flags import flag
from flan_jax.core.errors import ConfigError, did_you_mean
from flan_jax.core.settings import Count
from flan_jax.core.terminal import console
from flan_jax.declare.registry import mixture_members, promises_of
from flan_jax.declare.task import Mixture, Task
from flan_jax.evaluate.contamination.overlap import NGRAM_WORDS, NgramIndex, TaskOverlap
from flan_jax.evaluate.contamination.texts import EvaluationTexts, evaluation_texts

__all__ = ["OF_CHECK", "add_check_arguments", "check", "held_out_lines"]

# Flags that `mix explain` has no use for.
OF_CHECK = ("against", "limit", "ngram")


def add_check_arguments(parser: argparse.ArgumentParser) -> None:
    """What to compare with, and how much of the training data."""
    parser.add_argument(
        "--against",
        action="append",
        default=[],
        help="check: only this evaluation set; repeatable (default: all but a collection's held-out tasks)",
    )
    parser.add_argument(
        "--limit", type=flag(Count), help="check: only the first so many rows of each task (default: all)"
    )
    parser.add_argument(
        "--ngram", type=flag(Count), default=NGRAM_WORDS, help="check: words in a row that make an overlap"
    )


def held_out_lines(mixture: Mixture) -> list[str]:
    """What the mixture promises never to train on, a line for each kind."""
    lines = []
    held_out = promises_of(mixture)
    for kind in ("benchmarks", "clusters", "datasets", "tasks"):
        names = sorted(getattr(held_out, kind))
        if names:
            shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
            lines.append(f"never trained on, {len(names)} {kind}: {shown}")
    return lines


def check(mixture: Mixture, args: argparse.Namespace) -> int:
    """Prints the promise, its breaches and the overlap of each task; 1 if a member breaks the promise."""
    if (args.limit is not None and args.limit < 1) or args.ngram < 1:
        raise ConfigError(f"--limit {args.limit} --ngram {args.ngram}: both are at least 1")
    tasks = mixture_members(mixture)
    print("\n".join(held_out_lines(mixture)) or f"{mixture.name} promises to hold out nothing")
    held_out = promises_of(mixture)
    breaches = [(task.name, reason) for task in tasks if (reason := held_out.violation(task))]
    for name, reason in breaches:
        print(f"leak: {name}, {reason}")
    print(f"{len(breaches)} of {len(tasks)} tasks break the promise")
    missing = missing_lines(mixture)
    if missing:
        print(f"not searched: {availability(mixture, missing).describe()}")
    sets = _chosen(args.against)
    gone = {texts.name: line for texts in sets if (line := texts.missing())}
    for name, line in gone.items():
        print(f"not compared with {name}: {line}")
    index = NgramIndex(
        ((texts.name, text) for texts in sets if texts.name not in gone for text in texts.read()), args.ngram
    )
    here = [task for task in tasks if task.name not in missing and task.train_split and task.objective is None]
    results = [
        index.scan(task.name, _inputs(task, args.limit))
        for task in track(here, "searching", console=console(), disable=not sys.stdout.isatty(), transient=True)
    ]
    _print_overlaps(results, args.ngram, args.limit)
    _print_sets(index)
    return 1 if breaches else 0


def _chosen(names: Sequence[str]) -> list[EvaluationTexts]:
    sets = {texts.name: texts for texts in evaluation_texts()}
    for name in names:
        if name not in sets:
            raise ConfigError(
                f"no evaluation set is called {name!r}{did_you_mean(name, sets)}; there are {', '.join(sorted(sets))}"
            )
    return [sets[name] for name in names] if names else [texts for texts in sets.values() if texts.is_default]


def _inputs(task: Task, limit: int | None) -> Iterator[str]:
    assert task.train_split
    num_rows = len(task.source.rows(task.train_split))
    rows = None if limit is None or limit >= num_rows else range(limit)
    for _, example in render(task, task.train_split, rows):
        yield example.inputs()


def _print_overlaps(results: Sequence[TaskOverlap], ngram: int, limit: int | None) -> None:
    found = sorted(
        (r for r in results if r.num_overlapping), key=lambda r: (-r.num_overlapping / r.num_examples, r.task)
    )
    header = ["task", "examples", "overlapping", "share", "with"]
    rows = [
        [
            result.task,
            f"{result.num_examples:,}",
            f"{result.num_overlapping:,}",
            f"{result.num_overlapping / result.num_examples:.2%}",
            ", ".join(f"{name} {count:,}" for name, count in sorted(result.by_set.items(), key=lambda x: -x[1])),
        ]
        for result in found
    ]
    print()
    if rows and sys.stdout.isatty():
        table = Table(*header, box=None, header_style="bold")
        for row in rows:
            table.add_row(*row)
        console().print(table)
    elif rows:
        for row in [header, *rows]:
            print("\t".join(row))
    num_examples = sum(result.num_examples for result in results)
    overlapping = sum(result.num_overlapping for result in results)
    part = "" if limit is None else f", the first {limit:,} rows of each"
    print(
        f"{len(found)} of {len(results)} tasks have training inputs that share {ngram} words in a row with an "
        f"evaluation set: {overlapping:,} of {num_examples:,} inputs{part}"
    )


def _print_sets(index: NgramIndex) -> None:
    for name, (hits, size) in sorted(index.sets.items()):
        short = index.num_short.get(name, 0)
        note = f" ({short:,} are shorter than {index.num_words} words and cannot be found)" if short else ""
        print(f"{name}: {hits:,} of {size:,} questions appear in training inputs{note}")
