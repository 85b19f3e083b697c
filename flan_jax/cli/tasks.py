"""`flan-jax tasks`: lists, shows and renders tasks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from flan_jax.cache.build import DEFAULT_MODULES
from flan_jax.cache.native import fit_exemplars, render
from flan_jax.cache.resolve import register
from flan_jax.cli import tasks_seqio
from flan_jax.cli.cache import add_registration_arguments, registration_flags, task_folders
from flan_jax.cli.flags import flag, refuse_unused
from flan_jax.core import assets
from flan_jax.core.errors import ConfigError, TaskError, counted, did_you_mean
from flan_jax.core.settings import Count, Natural, PathText, Tokens
from flan_jax.core.terminal import console, styled, visible
from flan_jax.core.vocabulary import Vocabulary, load_vocabulary
from flan_jax.core.written import can_write
from flan_jax.declare.example import Rendered, has_empty_option, is_blank
from flan_jax.declare.formats import NUMBERED_FORMATS
from flan_jax.declare.formatted import formats_of
from flan_jax.declare.registry import all_mixtures, all_tasks, get, get_task, mixture_members
from flan_jax.declare.task import FORMAT_MARK, Mixture, Task, missing_source
from flan_jax.declare.templates import Template
from flan_jax.sources.source import cleaned

HELP = "list, show and render tasks"
_OF_LIST = ("cluster", "source", "mixture")
_OF_RENDER = ("n", "start", "split", "rendering", "vocab_path", "inputs_length", "targets_length")
MISSING, REFUSED = "missing", "refused"  # of a task's data; a refused task is one whose own declaration is faulty

__all__ = ["HELP", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`list`, `show NAME` or `render NAME`, and the options of each."""
    parser.add_argument("action", choices=["list", "show", "render"])
    parser.add_argument("name", nargs="?", help="task, or TASK__FORMAT (show, render)")
    parser.add_argument("--cluster", help="list: only this cluster")
    parser.add_argument("--source", help="list: only tasks whose source or data set contains this text")
    parser.add_argument("--mixture", help="list: only members of this mixture")
    parser.add_argument("--format", help="show, render: the task in this format, e.g. fewshot or noopt__fewshot_5")
    parser.add_argument("--n", type=flag(Count), default=3, help="render: how many examples (default 3)")
    parser.add_argument("--start", type=flag(Natural), default=0, help="render: first row (default 0)")
    parser.add_argument("--split", help="render: split (default: the first one the task uses)")
    parser.add_argument(
        "--rendering", type=flag(Natural), default=0, help="render: which text of a row that has several"
    )
    parser.add_argument(
        "--vocab_path", type=flag(PathText), help="render: SentencePiece model (default: the embedded one)"
    )
    parser.add_argument(
        "--max_inputs_length",
        "--inputs_length",
        dest="inputs_length",
        type=flag(Tokens),
        help="render: tokens of an input",
    )
    parser.add_argument("--targets_length", type=flag(Tokens), help="render: tokens a target may have")
    add_registration_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Prints; on a terminal with colours, elsewhere as plain lines. 1 where a listed task was refused."""
    _check_options(args)
    notes = register(args.module or DEFAULT_MODULES, task_folders(args))
    if args.action == "list":
        for note in notes:
            print(visible(note), file=sys.stderr)
        return _list(args)
    if not args.name:
        raise ConfigError(f"`flan-jax tasks {args.action}` needs a task: `flan-jax tasks list` names them")
    if args.name in tasks_seqio.seqio_tasks():
        return _of_seqio(args)
    if args.name in tasks_seqio.seqio_mixtures():
        raise TaskError(f"{args.name} is a mixture of SeqIO's: `flan-jax cache --mixture {args.name}` counts it")
    name = f"{args.name}{FORMAT_MARK}{args.format}" if args.format else args.name
    if isinstance(get(args.name), Mixture):
        raise TaskError(f"{args.name} is a mixture: `flan-jax mix explain {args.name}` shows it")
    if args.action == "render":
        return _render(get_task(name), args)
    return _show(get_task(name), registration_flags(args.module or (), task_folders(args)))


def _of_seqio(args: argparse.Namespace) -> int:
    """Shows or renders a task that only SeqIO knows."""
    unused = ("format", "rendering", "targets_length")
    refuse_unused(args, add_arguments, unused, f"flan-jax tasks {args.action} {args.name} (SeqIO's)")
    if args.action == "render":
        tasks_seqio.render(args.name, args)
    else:
        tasks_seqio.show(args.name, registration_flags(args.module or (), task_folders(args)))
    return 0


def _check_options(args: argparse.Namespace) -> None:
    """Raises `ConfigError` for what the action would not look at."""
    if args.action == "list" and args.name:
        raise ConfigError(f"`flan-jax tasks list` takes no name, and got {args.name!r}: `tasks show {args.name}`")
    unused = {"list": (*_OF_RENDER, "format"), "show": (*_OF_LIST, *_OF_RENDER), "render": _OF_LIST}[args.action]
    refuse_unused(args, add_arguments, unused, f"flan-jax tasks {args.action}")


def _list(args: argparse.Namespace) -> int:
    tasks = all_tasks()
    theirs = tasks_seqio.list_rows(args.mixture) if not args.source else []
    if args.mixture in tasks_seqio.seqio_mixtures():
        members = tasks_seqio.members(args.mixture)
        tasks = [task for task in tasks if task.name in members]
    elif args.mixture and not theirs:
        item = get(args.mixture)
        tasks = mixture_members(item) if isinstance(item, Mixture) else [item]
    elif args.mixture:
        tasks = []
    if args.cluster:
        clusters = list(dict.fromkeys([*(task.cluster for task in tasks), *(row[1] for row in theirs)]))
        if args.cluster not in clusters:
            raise TaskError(
                f"no cluster is called {args.cluster!r}{did_you_mean(args.cluster, clusters) or '.'} There are "
                f"{', '.join(sorted(clusters))}"
            )
        tasks = [task for task in tasks if task.cluster == args.cluster]
        theirs = [row for row in theirs if row[1] == args.cluster]
    if args.source:
        tasks = [task for task in tasks if args.source in task.source.description or args.source in task.dataset]
        if not tasks:
            raise TaskError(f"no task's source or data set has {args.source!r} in it: give another --source")
    rows = [
        (
            task.name,
            task.cluster,
            ", ".join(task.splits()),
            ", ".join(task.metrics) or task.objective or "",
            task.kind or "training",
            _state(task),
        )
        for task in tasks
    ]
    rows += theirs
    num_refused = sum(row[-1] == REFUSED for row in rows)
    if num_refused:
        print(f"refused: {counted(num_refused, 'task')} of the list; the lines above say why", file=sys.stderr)
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(row))
        return 1 if num_refused else 0
    table = Table("task", "cluster", "splits", "metrics", "kind", "data", box=None, header_style="bold")
    for row in rows:
        table.add_row(*row, style={MISSING: "dim", REFUSED: "red"}.get(row[-1], ""))
    shown = console()
    shown.print(table)
    num_missing = sum(row[-1] == MISSING for row in rows)
    shown.print(
        f"{counted(len(rows), 'task')} in {counted(len({row[1] for row in rows}), 'cluster')}; the data of "
        f"{num_missing:,} is not here"
    )
    return 1 if num_refused else 0


def _state(task: Task) -> str:
    if getattr(task.source, "refused", None):
        return REFUSED
    return MISSING if missing_source(task) else "here"


def _show(task: Task, flags: str) -> int:
    roles = {"train": task.train_split, "evaluation": task.eval_split, "exemplars from": task.exemplar_split}
    missing = missing_source(task)
    splits = {
        role: split if missing else f"{split} ({len(task.source.rows(split)):,} rows)"
        for role, split in roles.items()
        if split
    }
    mixtures = [
        mixture.name
        for mixture in all_mixtures()
        if any(task.name in (member.name, member.base) for member in mixture_members(mixture))
    ]
    facts = {
        "cluster": task.cluster,
        "data set": task.dataset or task.name,
        "source": task.source.description,
        "missing": missing or "",
        **splits,
        "metrics": ", ".join(task.metrics),
        "chance": f"{task.chance:g}",
        "objective": task.objective or "",
        "held out as": task.kind or "not held out: for training",
        "renderings": f"{task.renderings} of each training row, one an epoch" if task.renderings > 1 else "",
        "mixtures": ", ".join(mixtures),
        "formats": ", ".join([*formats_of(task), *NUMBERED_FORMATS]) if task.objective is None else "",
    }
    shown = console(soft_wrap=True)
    shown.print(styled(task.name, style="bold"))
    for name, value in facts.items():
        if value:
            shown.print(styled((f"  {name:15}", "dim"), (value, "red" if name == "missing" else "")))
    for number, template in enumerate(_templates(task)):
        shown.print(styled((f"  template {number:<6}", "dim"), *_template_parts(template)))
    shown.print(styled(f"  flan-jax tasks render {task.name} --n 3{flags}", style="dim"))
    return 0


def _templates(task: Task) -> tuple[Template, ...]:
    """The task's own wordings, also where it is in a format; none where text is made in another way."""
    render = get_task(task.base).render if task.base else task.render
    templates = getattr(render, "templates", ())
    return tuple(template for template in templates if isinstance(template, Template))


def _template_parts(template: Template) -> Iterator[tuple[str, str]]:
    yield template.instruction.replace("\n", "\\n"), "blue"
    yield template.inputs.replace("\n", "\\n"), ""
    yield " => ", "dim"
    yield template.targets.replace("\n", "\\n"), "green"


def _render(task: Task, args: argparse.Namespace) -> int:
    if not 0 <= args.rendering < task.renderings:
        raise ConfigError(f"--rendering {args.rendering} is not in [0, {task.renderings}): the task has no such text")
    split = args.split or next(iter(task.splits()), None)
    if split is None:
        raise TaskError(f"task {task.name} uses no split: name one of its source's with --split")
    task.check_split(split)
    num_rows = len(task.source.rows(split))
    if args.start >= num_rows:
        if not num_rows:
            raise ConfigError(f"{task.name}/{split} has no rows: look at its source")
        raise ConfigError(f"--start {args.start} is past the {num_rows} rows of {task.name}/{split}")
    vocabulary = load_vocabulary(str(args.vocab_path or assets.EMBEDDED_VOCAB))
    shown = console(soft_wrap=True, highlight=False)
    rows = range(args.start, min(args.start + args.n, num_rows))
    for index, example in render(task, split, rows, args.rendering):
        shown.rule(f"{task.name}/{split} row {index}")
        (ids,), (kept,) = fit_exemplars([example], vocabulary, args.inputs_length)
        for part in _parts(example, kept):
            shown.print(part)
        if args.inputs_length is not None and len(ids) + 1 > args.inputs_length:
            cut = vocabulary.decode(ids[max(0, args.inputs_length - 1) :])
            shown.print(styled(("cut off: ", "dim"), (cut, "red")))
        line = _count_line(example, ids, len(example.exemplars) - len(kept), vocabulary, args)
        shown.print(styled(line, style="dim"))
    for what, count in sorted(cleaned(task.source, split).items()):
        shown.print(styled(f"in {split}, taken off {counted(count, 'time')}: {what}", style="dim"))
    return 0


def _parts(example: Rendered, kept: Sequence[int]) -> Iterator[Text]:
    exemplars = "".join(example.exemplars[position] for position in kept)
    yield styled((example.preamble, "blue"), (exemplars, "cyan"), (example.query, "bold"))
    yield styled(("=> ", "dim"), (example.targets, "green") if example.targets else ("(empty)", "red"))
    others = [reference for reference in example.references if reference != example.targets]
    if others:
        yield styled(f"also accepted: {' | '.join(others)}", style="dim green")
    if example.options:
        yield styled(
            f"options: {' | '.join(o if not is_blank(o) else '(empty)' for o in example.options)}", style="dim"
        )


def _count_line(
    example: Rendered, inputs: list[int], exemplars_dropped: int, vocabulary: Vocabulary, args: argparse.Namespace
) -> str:
    num_targets = len(vocabulary.encode(example.targets)) + 1
    parts = [f"{len(inputs) + 1} input tokens, {num_targets} target tokens with EOS"]
    if exemplars_dropped:
        limit = int(args.inputs_length * example.budget)
        parts.append(f"{exemplars_dropped} of {len(example.exemplars)} exemplars dropped to fit {limit} tokens")
    elif example.exemplars:
        parts.append(f"{len(example.exemplars)} exemplars")
    if example.exemplars_missing:
        asked = len(example.exemplars) + example.exemplars_missing
        parts.append(f"{asked} exemplars asked for, {example.exemplars_missing} cannot be had")
    if args.inputs_length is not None and len(inputs) + 1 > args.inputs_length:
        parts.append(f"{len(inputs) + 1 - args.inputs_length} input tokens trimmed")
    if args.targets_length is not None and num_targets > args.targets_length:
        parts.append(f"target longer than {args.targets_length}: left out of training, and counted")
    if num_unknown := vocabulary.count_unknown(inputs):
        parts.append(f"{counted(num_unknown, 'unknown piece')} in the input")
    answers = dict.fromkeys((example.targets, *example.references))
    lost = [
        text for text, is_written in zip(answers, can_write(vocabulary, list(answers)), strict=True) if not is_written
    ]
    if lost:
        as_written = vocabulary.decode(vocabulary.encode(lost[0]))
        parts.append(
            f"{len(lost)} of {counted(len(answers), 'accepted answer')} cannot be written with this vocabulary "
            f"({lost[0]:.40} becomes {as_written:.40})"
        )
    if is_blank(example.targets):
        parts.append("empty target: dropped when cached, and counted")
    elif has_empty_option(example.options):
        parts.append("empty answer option: dropped when cached, and counted")
    return "; ".join(parts)
