"""`flan-jax mix explain NAME`: what a mixture gives each task, and what a run would see of it; `flan-jax mix check
NAME`: what it holds out, and whether it keeps that promise."""

from __future__ import annotations

import argparse
import dataclasses
import os
import pathlib
import shlex
import sys
from collections.abc import Mapping

from rich.table import Table

from flan_jax.cache.availability import Count, availability, expected_counts, missing_lines
from flan_jax.cache.build import DEFAULT_MODULES
from flan_jax.cache.estimate import RunEstimate, estimate_run
from flan_jax.cache.rates import member_rates, resolve_rates
from flan_jax.cache.resolve import register
from flan_jax.cache.stale import changed_since
from flan_jax.cli.cache import add_registration_arguments, registration_flags, task_folders
from flan_jax.cli.flags import flag, refuse_gin, refuse_unused
from flan_jax.cli.gin_config import add_gin_arguments, load_run
from flan_jax.cli.mix_check import OF_CHECK, add_check_arguments, check, held_out_lines
from flan_jax.cli.tasks_seqio import seqio_mixtures, seqio_tasks
from flan_jax.core import assets
from flan_jax.core.errors import CacheError, ConfigError, TaskError, counted
from flan_jax.core.manifest import cache_root, cached_lengths, read_mixture_manifest
from flan_jax.core.settings import BatchSize, PathText, Seed, Steps, Tokens
from flan_jax.core.terminal import console, visible
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.data import CacheReader, PackingPlan, PlanSpec, make_plan, steps_per_epoch
from flan_jax.declare.registry import get, get_mixture, mixture_members
from flan_jax.declare.task import Mixture, Task

HELP = "explain a mixture (examples, caps, rates, epochs, tokens), or check what it holds out"

__all__ = ["HELP", "add_arguments", "run"]


_OF_EXPLAIN = (
    "steps",
    "batch_size",
    "inputs_length",
    "targets_length",
    "seed",
    "whole_epoch",
    "cache_dir",
    "vocab_path",
)
_UNUSED = {"explain": OF_CHECK, "check": _OF_EXPLAIN}


@dataclasses.dataclass(frozen=True)
class _Settings:
    """Of a run, from a recipe or flags; None where not given."""

    mixture: str
    modules: tuple[str, ...]
    folders: Mapping[str, str]
    vocab_path: str
    cache_dir: str | None
    steps: int | None
    batch_size: int | None
    lengths: Mapping[str, int] | None
    seed: int

    @property
    def describes_a_run(self) -> bool:
        return None not in (self.cache_dir, self.steps, self.batch_size, self.lengths)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A mixture by name or a recipe's, and the run to explain it for."""
    parser.add_argument("action", choices=["explain", "check"])
    parser.add_argument("name", nargs="?", help="mixture or task (default: the recipe's)")
    add_gin_arguments(parser)
    parser.add_argument("--cache_dir", type=flag(PathText), help="folder of the cache")
    parser.add_argument("--vocab_path", type=flag(PathText), help="SentencePiece model (default: the embedded one)")
    parser.add_argument("--steps", type=flag(Steps), help="training steps")
    parser.add_argument("--batch_size", type=flag(BatchSize), help="packed rows a step")
    parser.add_argument("--inputs_length", type=flag(Tokens), help="encoder tokens a row")
    parser.add_argument("--targets_length", type=flag(Tokens), help="decoder tokens a row")
    parser.add_argument("--seed", type=flag(Seed), help="of the data order (default: the recipe's, or 0)")
    parser.add_argument(
        "--whole_epoch", action="store_true", help="explain: count the steps of an epoch, however long it is"
    )
    add_check_arguments(parser)
    add_registration_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Prints one line a task, largest share first; 1 where `check` finds a leak."""
    refuse_unused(args, add_arguments, _UNUSED[args.action], f"flan-jax mix {args.action}")
    settings = _settings(args)
    for note in register(settings.modules, settings.folders):
        print(visible(note), file=sys.stderr)
    if settings.mixture in seqio_tasks() | seqio_mixtures():
        raise TaskError(
            f"{settings.mixture} is SeqIO's, which has rate functions of its own: `flan-jax cache --mixture "
            f"{settings.mixture}` counts its examples and keeps its rates"
        )
    mixture = get_mixture(settings.mixture)
    if args.action == "check":
        return check(mixture, args)
    vocabulary = load_vocabulary(settings.vocab_path)
    root = _find_cache(settings, vocabulary.fingerprint)
    if root is not None:
        return _explain_cached(args, settings, mixture, root)
    if unused := _of_a_plan(args):
        raise ConfigError(
            f"{unused} is of a cache, and {settings.mixture} is not cached: "
            f"`{_cache_command(settings, settings.cache_dir)}` makes one, or leave it out"
        )
    missing = missing_lines(mixture)
    counts = expected_counts(mixture, missing)
    rates = resolve_rates(mixture, {name: count.num_examples for name, count in counts.items()})
    estimate = None
    if None not in (settings.steps, settings.batch_size, settings.lengths):
        assert settings.lengths and settings.batch_size and settings.steps
        num_rows = settings.steps * settings.batch_size
        estimate = estimate_run(mixture, rates, missing, vocabulary, settings.lengths, num_rows)
    _print_table(mixture, counts, rates, None, estimate)
    _print_notes(mixture, counts, rates, "examples")
    here = availability(mixture, missing)
    if here.missing:
        print(here.describe())
    print(_origins(counts))
    if estimate:
        print(
            f"~ estimates: {settings.steps:,} steps of {settings.batch_size} rows of {estimate.inputs_length} + "
            f"{estimate.targets_length} would see about {estimate.num_examples:,.0f} examples, at the lengths of "
            f"{estimate.num_sampled:,} examples tokenised now and {estimate.density:.0%} density; tasks without data "
            f"here count as long as the others' mean"
        )
    print(f"not cached: `{_cache_command(settings, settings.cache_dir)}` counts what is kept, exactly")
    if not estimate:
        print(
            "for epochs and tokens, give --steps, --batch_size, --inputs_length and --targets_length, or --gin_file: "
            "estimates now, exact once it is cached (--cache_dir)"
        )
    return 0


def _explain_cached(args: argparse.Namespace, settings: _Settings, mixture: Mixture, root: pathlib.Path) -> int:
    vocabulary = load_vocabulary(settings.vocab_path)
    manifest = read_mixture_manifest(root, settings.mixture)
    if changed := changed_since(mixture, manifest, root, vocabulary.fingerprint):
        raise CacheError(
            f"{settings.mixture} in {root} is not what it would be now, as {changed}: "
            f"`{_cache_command(settings, settings.cache_dir)}` caches it anew, as a run would"
        )
    plan, epoch = None, None
    if not settings.describes_a_run and (unused := _of_a_plan(args)):
        raise ConfigError(
            f"{unused} is of a run's rows: give --steps, --batch_size, --inputs_length and --targets_length too, or "
            f"--gin_file, or leave it out"
        )
    if settings.describes_a_run:
        assert settings.lengths and settings.batch_size and settings.steps
        spec = PlanSpec(
            mixture=manifest,
            feature_lengths=settings.lengths,
            batch_size=settings.batch_size,
            num_steps=settings.steps,
            seed=settings.seed,
            split={task: roles.get("train") or roles["eval"] for task, roles in manifest.splits.items()},
        )
        with CacheReader(root, vocabulary.fingerprint) as reader:
            plan = make_plan(spec, reader, vocabulary)
            epoch = plan.steps_per_epoch
            if epoch is None and args.whole_epoch:
                epoch = steps_per_epoch(spec, reader, vocabulary)
    counts = {name: Count(count, "cached") for name, count in manifest.num_examples.items()}
    _print_table(mixture, counts, manifest.rates, plan, None)
    _print_notes(mixture, counts, manifest.rates, "cached examples")
    if manifest.missing_line:
        shown = ", ".join(manifest.missing_tasks[:6]) + (", ..." if len(manifest.missing_tasks) > 6 else "")
        print(f"{manifest.missing_line}: {shown}")
    if plan:
        print(
            f"{counted(plan.num_steps, 'step')} of {counted(plan.batch_size, 'row')} of {plan.inputs_length} + "
            f"{plan.targets_length} see {plan.num_examples:,} examples, {plan.num_tokens:,} tokens; "
            f"density {plan.density:.1%}, at most {plan.density_bound:.1%} at these lengths"
        )
        if epoch is not None:
            print(f"an epoch, until the first example would come again, is exactly {counted(epoch, 'step')}")
        else:
            print(
                f"an epoch, until the first example would come again, is about {plan.epoch_draws:,.0f} examples; "
                f"--whole_epoch counts its steps"
            )
    else:
        print("for epochs and tokens, give --steps, --batch_size, --inputs_length and --targets_length, or --gin_file")
    return 0


def _of_a_plan(args: argparse.Namespace) -> str:
    """The flag that was given and that only a plan of cached rows looks at; "" for none."""
    return "--whole_epoch" if args.whole_epoch else "" if args.seed is None else "--seed"


def _origins(counts: Mapping[str, Count]) -> str:
    """Where the numbers of examples come from."""
    by_origin: dict[str, int] = {}
    for count in counts.values():
        by_origin[count.origin] = by_origin.get(count.origin, 0) + 1
    texts = {
        "published": "published counts of the whole data sets",
        "source rows": "rows counted here",
        "assumed": "unknown, the others' median assumed (?)",
    }
    return "examples: " + "; ".join(
        f"{counted(num, 'task')} by {texts[origin]}" for origin, num in sorted(by_origin.items())
    )


def _settings(args: argparse.Namespace) -> _Settings:
    modules, folders = tuple(args.module or DEFAULT_MODULES), task_folders(args)
    lengths = None
    if (args.inputs_length is None) != (args.targets_length is None):
        raise ConfigError("--inputs_length and --targets_length go together: give both or neither")
    if args.inputs_length is not None:
        lengths = {"inputs": args.inputs_length, "targets": args.targets_length}
    for name in ("steps", "batch_size"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise ConfigError(f"--{name} {value} is below 1: give a positive number")
    if not args.gin_file:
        refuse_gin(args, f"flan-jax mix {args.action} NAME")
        if not args.name:
            raise ConfigError("give a mixture's name, or --gin_file RECIPE")
        vocab_path = str(args.vocab_path or assets.EMBEDDED_VOCAB)
        return _Settings(
            args.name,
            modules,
            folders,
            vocab_path,
            args.cache_dir,
            args.steps,
            args.batch_size,
            lengths,
            args.seed or 0,
        )
    config = load_run(args)
    return _Settings(
        mixture=args.name or config.train.mixture,
        modules=tuple(args.module or config.tasks.modules),
        folders={**config.tasks.folders, **folders},
        vocab_path=str(args.vocab_path or config.train.vocab_path),
        cache_dir=args.cache_dir or config.train.cache_dir,
        steps=args.steps or config.train.train_steps,
        batch_size=args.batch_size or config.train.batch_size,
        lengths=lengths or config.train.feature_lengths,
        seed=config.train.seed if args.seed is None else args.seed,
    )


def _find_cache(settings: _Settings, vocab_fingerprint: str) -> pathlib.Path | None:
    """The cache of the mixture for the run's inputs, else of the longest inputs that there is, with a note of it."""
    cache_dir = settings.cache_dir
    if cache_dir is None:
        return None
    if os.path.exists(cache_dir) and not os.path.isdir(cache_dir):
        raise CacheError(f"the cache folder {cache_dir} is a file: give another CACHE_DIR (--cache_dir)")
    found = cached_lengths(cache_dir, vocab_fingerprint, settings.mixture)
    if not found:
        return None
    wanted = settings.lengths["inputs"] if settings.lengths else found[0]
    if wanted not in found:
        kept = "whole" if found[0] is None else f"within {found[0]} tokens"
        print(
            f"numbers of the cache whose inputs are kept {kept}; a run of {wanted} inputs reads one of its own: "
            f"`{_cache_command(settings, cache_dir)} --max_inputs_length {wanted}`",
            file=sys.stderr,
        )
        wanted = found[0]
    return cache_root(cache_dir, vocab_fingerprint, wanted)


def _cache_command(settings: _Settings, cache_dir: str | None) -> str:
    """What caches the mixture, as a shell takes it."""
    where = "CACHE_DIR" if cache_dir is None else shlex.quote(str(cache_dir))
    flags = registration_flags(settings.modules, settings.folders)
    return f"flan-jax cache --mixture {settings.mixture} --cache_dir {where}{flags}"


def _caps(mixture: Mixture) -> dict[str, list[str]]:
    """The caps that a task's count meets, one for each of the innermost mixtures that name it; "" for none."""
    caps: dict[str, list[str]] = {}
    for member in mixture.members:
        item = get(member.name)
        own = "" if mixture.cap is None else f"{mixture.cap:,}"
        for name, found in ({item.name: [own]} if isinstance(item, Task) else _caps(item)).items():
            caps[name] = list(dict.fromkeys([*caps.get(name, []), *found]))
    return caps


def _print_table(
    mixture: Mixture,
    counts: Mapping[str, Count],
    rates: Mapping[str, float],
    plan: PackingPlan | None,
    estimate: RunEstimate | None,
) -> None:
    total = sum(rates.values())
    summaries = {summary.task: summary for summary in plan.summaries} if plan else {}
    clusters = {task.name: task.cluster for task in mixture_members(mixture)}
    caps = _caps(mixture)
    header = ["task", "cluster", "examples", "cap", "rate", "share"]
    if plan:
        header += ["epochs", "seen", "input tokens", "target tokens", "trimmed", "dropped"]
    if estimate:
        header += ["~epochs", "~seen", "~input tokens", "~target tokens"]
    rows = []
    for name in sorted(rates, key=lambda name: (-rates[name], name)):
        cap, count = " and ".join(each or "none" for each in caps[name]), counts[name]
        mark = "?" if count.origin == "assumed" else ""
        row = [name, clusters.get(name, ""), f"{count.num_examples:,}{mark}", "" if cap == "none" else cap]
        row += [f"{rates[name]:,.6g}", f"{rates[name] / total:.3%}"]
        if plan:
            summary = summaries.get(name)
            row += (
                ["0", "0", "0", "0", "0", "0"]
                if summary is None
                else [
                    f"{summary.epochs:.2f}",
                    f"{summary.num_planned:,}",
                    f"{summary.num_inputs_tokens:,}",
                    f"{summary.num_targets_tokens:,}",
                    f"{summary.num_trimmed:,}",
                    f"{summary.num_dropped:,}",
                ]
            )
        if estimate:
            seen = estimate.num_examples * rates[name] / total
            inputs, targets = estimate.mean_lengths[name]
            row += [
                f"{seen / count.num_examples:.2f}",
                f"{seen:,.0f}",
                f"{seen * inputs:,.0f}",
                f"{seen * targets:,.0f}",
            ]
        rows.append(row)
    if not sys.stdout.isatty():
        for row in [header, *rows]:
            print("\t".join(row))
        return
    table = Table(box=None, header_style="bold")
    for i, title in enumerate(header):
        table.add_column(title, justify="left" if i < 2 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console().print(table)


def _print_notes(mixture: Mixture, counts: Mapping[str, Count], rates: Mapping[str, float], kind: str) -> None:
    print()
    if mixture.description:
        print(mixture.description)
    num_examples = sum(count.num_examples for count in counts.values())
    print(
        f"{mixture.name}: {counted(len(counts), 'task')}, {num_examples:,} {kind}, temperature {mixture.temperature:g}"
    )
    total = sum(rates.values())
    left_out = {task.name for task in mixture_members(mixture)} - set(rates)
    numbers = {name: count.num_examples for name, count in counts.items()}
    for member, rate, shares in member_rates(mixture, numbers, left_out):
        part = get(member.name)
        if isinstance(part, Mixture):
            cap = "no cap" if part.cap is None else f"cap {part.cap:,}"
            print(f"  {part.name}: {counted(len(shares), 'task')}, {cap}, {rate / total:.1%} of the draws")
    for line in held_out_lines(mixture):
        print(line)
