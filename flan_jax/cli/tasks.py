"""`flan-jax tasks`: lists, shows and renders tasks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flan_jax.build.cache import DEFAULT_MODULES
from flan_jax.build.native import fit_exemplars, render
from flan_jax.build.resolve import register
from flan_jax.cli.cache import add_registration_arguments, parse_suites
from flan_jax.core import assets
from flan_jax.core.errors import ConfigError, TaskError
from flan_jax.core.suggest import did_you_mean
from flan_jax.core.task import Mixture, Rendered, Task, all_mixtures, all_tasks, get, get_task, mixture_members
from flan_jax.core.vocab import Vocabulary, load_vocabulary

HELP = "list, show and render tasks"

__all__ = ["HELP", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`list`, `show NAME` or `render NAME`, and the options of each."""
    parser.add_argument("action", choices=["list", "show", "render"])
    parser.add_argument("name", nargs="?", help="task (show, render)")
    parser.add_argument("--cluster", help="list: only this cluster")
    parser.add_argument("--source", help="list: only tasks whose source or data set contains this text")
    parser.add_argument("--mixture", help="list: only members of this mixture")
    parser.add_argument("--n", type=int, default=3, help="render: how many examples (default 3)")
    parser.add_argument("--start", type=int, default=0, help="render: first row (default 0)")
    parser.add_argument("--split", help="render: split (default: the first one the task uses)")
    parser.add_argument("--vocab_path", help="render: SentencePiece model (default: the embedded one)")
    parser.add_argument("--inputs_length", type=int, help="render: tokens an input may have")
    parser.add_argument("--targets_length", type=int, help="render: tokens a target may have")
    add_registration_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Prints; on a terminal with colours, elsewhere as plain lines."""
    notes = register(args.module or DEFAULT_MODULES, parse_suites(args.suite))
    if args.action == "list":
        for note in notes:
            print(note, file=sys.stderr)
        return _list(args)
    if not args.name:
        raise ConfigError(f"`flan-jax tasks {args.action}` needs a task: `flan-jax tasks list` names them")
    if isinstance(get(args.name), Mixture):
        raise TaskError(f"{args.name} is a mixture: `flan-jax mix explain {args.name}` shows it")
    return _show(get_task(args.name)) if args.action == "show" else _render(get_task(args.name), args)


def _list(args: argparse.Namespace) -> int:
    tasks = all_tasks()
    if args.mixture:
        item = get(args.mixture)
        tasks = mixture_members(item) if isinstance(item, Mixture) else [item]
    if args.cluster:
        clusters = list(dict.fromkeys(task.cluster for task in tasks))
        if args.cluster not in clusters:
            raise TaskError(
                f"no cluster is called {args.cluster!r}{did_you_mean(args.cluster, clusters)} There are "
                f"{', '.join(sorted(clusters))}"
            )
        tasks = [task for task in tasks if task.cluster == args.cluster]
    if args.source:
        tasks = [task for task in tasks if args.source in task.source.description or args.source in task.dataset]
    rows = [
        (
            task.name,
            task.cluster,
            ", ".join(task.splits()),
            ", ".join(task.metrics) or task.objective or "",
            task.kind or "training",
        )
        for task in tasks
    ]
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(row))
        return 0
    table = Table("task", "cluster", "splits", "metrics", "kind", box=None, header_style="bold")
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    console.print(f"{len(rows)} tasks in {len({row[1] for row in rows})} clusters")
    return 0


def _show(task: Task) -> int:
    roles = {"train": task.train_split, "evaluation": task.eval_split, "exemplars from": task.exemplar_split}
    splits = {role: f"{split} ({len(task.source.rows(split)):,} rows)" for role, split in roles.items() if split}
    mixtures = [mixture.name for mixture in all_mixtures() if task in mixture_members(mixture)]
    facts = {
        "cluster": task.cluster,
        "data set": task.dataset or task.name,
        "source": task.source.description,
        **splits,
        "metrics": ", ".join(task.metrics),
        "chance": f"{task.chance:g}",
        "objective": task.objective or "",
        "held out as": task.kind or "not held out: for training",
        "mixtures": ", ".join(mixtures),
    }
    console = Console(soft_wrap=True)
    console.print(Text(task.name, style="bold"))
    for name, value in facts.items():
        if value:
            console.print(Text.assemble((f"  {name:15}", "dim"), value))
    console.print(Text(f"  flan-jax tasks render {task.name} --n 3", style="dim"))
    return 0


def _render(task: Task, args: argparse.Namespace) -> int:
    if args.n < 1 or args.start < 0:
        raise ConfigError(f"--n {args.n} --start {args.start}: give at least 1 example, from row 0 on")
    split = args.split or next(iter(task.splits()), None)
    if split is None:
        raise TaskError(f"task {task.name} uses no split: name one of its source's with --split")
    if split not in task.source.splits:
        raise TaskError(f"task {task.name} has no split {split!r}; it has {', '.join(task.source.splits)}")
    num_rows = len(task.source.rows(split))
    if args.start >= num_rows:
        raise ConfigError(f"--start {args.start} is past the {num_rows} rows of {task.name}/{split}")
    vocabulary = load_vocabulary(str(args.vocab_path or assets.EMBEDDED_VOCAB))
    console = Console(soft_wrap=True)
    for index, example in render(task, split, range(args.start, min(args.start + args.n, num_rows))):
        console.rule(f"{task.name}/{split} row {index}")
        ids, (exemplars_dropped,) = fit_exemplars([example], vocabulary, args.inputs_length)
        for part in _parts(example, len(example.exemplars) - exemplars_dropped):
            console.print(part)
        console.print(Text(_count_line(example, ids[0], exemplars_dropped, vocabulary, args), style="dim"))
    return 0


def _parts(example: Rendered, num_exemplars: int) -> Iterator[Text]:
    yield Text.assemble(
        (example.preamble, "blue"), ("".join(example.exemplars[:num_exemplars]), "cyan"), (example.query, "bold")
    )
    yield Text.assemble(("=> ", "dim"), (example.targets, "green"))
    others = [reference for reference in example.references if reference != example.targets]
    if others:
        yield Text(f"also accepted: {' | '.join(others)}", style="dim green")
    if example.options:
        yield Text(f"options: {' | '.join(example.options)}", style="dim")


def _count_line(
    example: Rendered, inputs: list[int], exemplars_dropped: int, vocabulary: Vocabulary, args: argparse.Namespace
) -> str:
    num_targets = len(vocabulary.encode(example.targets)) + 1
    parts = [f"{len(inputs) + 1} input tokens, {num_targets} target tokens with EOS"]
    if exemplars_dropped:
        parts.append(f"{exemplars_dropped} of {len(example.exemplars)} exemplars dropped")
    if args.inputs_length is not None and len(inputs) + 1 > args.inputs_length:
        parts.append(f"{len(inputs) + 1 - args.inputs_length} input tokens trimmed")
    if args.targets_length is not None and num_targets > args.targets_length:
        parts.append(f"target longer than {args.targets_length}: left out of training, and counted")
    return "; ".join(parts)
