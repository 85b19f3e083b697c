"""`flan-jax mix explain NAME`: what a mixture gives each task, and what a run would see of it."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from flan_jax.build.cache import DEFAULT_MODULES
from flan_jax.build.mixing import resolve_rates
from flan_jax.build.resolve import register
from flan_jax.cli.cache import add_registration_arguments, parse_suites
from flan_jax.cli.gin_config import add_gin_arguments, load_run
from flan_jax.core import assets
from flan_jax.core.errors import ConfigError
from flan_jax.core.manifest import MixtureManifest, cache_root, read_mixture_manifest
from flan_jax.core.task import Mixture, get_mixture, mixture_members
from flan_jax.core.vocab import load_vocabulary
from flan_jax.data.plan import PackingPlan
from flan_jax.data.planner import make_plan

HELP = "explain a mixture: examples, caps, rates, epochs, tokens"

__all__ = ["HELP", "add_arguments", "run"]


@dataclasses.dataclass(frozen=True)
class _Settings:
    """Of a run, from a recipe or flags; None where not given."""

    mixture: str
    modules: tuple[str, ...]
    suites: Mapping[str, str]
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
    parser.add_argument("action", choices=["explain"])
    parser.add_argument("name", nargs="?", help="mixture or task (default: the recipe's)")
    add_gin_arguments(parser)
    parser.add_argument("--cache_dir", help="folder of the cache")
    parser.add_argument("--vocab_path", help="SentencePiece model (default: the embedded one)")
    parser.add_argument("--steps", type=int, help="training steps")
    parser.add_argument("--batch_size", type=int, help="packed rows a step")
    parser.add_argument("--inputs_length", type=int, help="encoder tokens a row")
    parser.add_argument("--targets_length", type=int, help="decoder tokens a row")
    parser.add_argument("--seed", type=int, default=0, help="of the data order (default 0)")
    add_registration_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Prints one line a task, largest share first."""
    settings = _settings(args)
    for note in register(settings.modules, settings.suites):
        print(note, file=sys.stderr)
    mixture = get_mixture(settings.mixture)
    vocabulary = load_vocabulary(settings.vocab_path)
    manifest = _cached(settings, vocabulary.fingerprint)
    plan = None
    if manifest is not None and settings.describes_a_run:
        assert settings.lengths and settings.batch_size and settings.steps and settings.cache_dir
        plan = make_plan(
            cache_root(settings.cache_dir, vocabulary.fingerprint),
            manifest,
            vocabulary=vocabulary,
            feature_lengths=settings.lengths,
            batch_size=settings.batch_size,
            num_steps=settings.steps,
            seed=settings.seed,
            split={task: roles.get("train") or roles["eval"] for task, roles in manifest.splits.items()},
        )
    counts = manifest.num_examples if manifest is not None else _source_counts(mixture)
    rates = manifest.rates if manifest is not None else resolve_rates(mixture, counts)
    _print_table(mixture, counts, rates, plan)
    _print_notes(settings, mixture, counts, manifest is not None, plan)
    return 0


def _settings(args: argparse.Namespace) -> _Settings:
    modules, suites = tuple(args.module or DEFAULT_MODULES), parse_suites(args.suite)
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
        if not args.name:
            raise ConfigError("give a mixture's name, or --gin_file RECIPE")
        vocab_path = str(args.vocab_path or assets.EMBEDDED_VOCAB)
        return _Settings(
            args.name, modules, suites, vocab_path, args.cache_dir, args.steps, args.batch_size, lengths, args.seed
        )
    config = load_run(args)
    return _Settings(
        mixture=args.name or config.train.mixture,
        modules=tuple(args.module or config.tasks.modules),
        suites={**config.tasks.suites, **suites},
        vocab_path=str(args.vocab_path or config.train.vocab_path),
        cache_dir=args.cache_dir or config.train.cache_dir,
        steps=args.steps or config.train.train_steps,
        batch_size=args.batch_size or config.train.batch_size,
        lengths=lengths or config.train.feature_lengths,
        seed=config.train.seed,
    )


def _cached(settings: _Settings, vocab_fingerprint: str) -> MixtureManifest | None:
    if settings.cache_dir is None:
        return None
    root = cache_root(settings.cache_dir, vocab_fingerprint)
    if not (root / "mixtures" / f"{settings.mixture}.json").exists():
        return None
    return read_mixture_manifest(root, settings.mixture)


def _source_counts(mixture: Mixture) -> dict[str, int]:
    return {task.name: len(task.source.rows(task.splits()[0])) for task in mixture_members(mixture)}


def _print_table(
    mixture: Mixture, counts: Mapping[str, int], rates: Mapping[str, float], plan: PackingPlan | None
) -> None:
    total = sum(rates.values())
    summaries = {summary.task: summary for summary in plan.summaries} if plan else {}
    clusters = {task.name: task.cluster for task in mixture_members(mixture)}
    header = ["task", "cluster", "examples", "cap", "rate", "share"]
    if plan:
        header += ["epochs", "seen", "input tokens", "target tokens", "trimmed", "dropped"]
    rows = []
    for name in sorted(rates, key=lambda name: (-rates[name], name)):
        cap = "" if mixture.cap is None else f"{mixture.cap:,}"
        row = [name, clusters.get(name, ""), f"{counts[name]:,}", cap, f"{rates[name]:,.6g}"]
        row.append(f"{rates[name] / total:.3%}")
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
    Console().print(table)


def _print_notes(
    settings: _Settings, mixture: Mixture, counts: Mapping[str, int], is_cached: bool, plan: PackingPlan | None
) -> None:
    print()
    if mixture.description:
        print(mixture.description)
    kind = "cached examples" if is_cached else "source rows"
    print(f"{mixture.name}: {len(counts)} tasks, {sum(counts.values()):,} {kind}, temperature {mixture.temperature:g}")
    for name in ("clusters", "datasets", "tasks"):
        held_out = sorted(getattr(mixture.held_out, name))
        if held_out:
            shown = ", ".join(held_out[:12]) + (", ..." if len(held_out) > 12 else "")
            print(f"never trained on, {len(held_out)} {name}: {shown}")
    if plan:
        print(
            f"{plan.num_steps:,} steps of {plan.batch_size} rows of {plan.inputs_length} + {plan.targets_length} see "
            f"{plan.num_examples:,} examples, {plan.num_tokens:,} tokens; density {plan.density:.1%}, "
            f"at most {plan.density_bound:.1%} at these lengths"
        )
        return
    if not is_cached:
        where = settings.cache_dir or "CACHE_DIR"
        print(
            f"not cached: `flan-jax cache --mixture {mixture.name} --cache_dir {where}` counts what is left "
            f"after empty rows are dropped"
        )
    print(
        "for epochs and tokens, give --cache_dir, --steps, --batch_size, --inputs_length and --targets_length, or "
        "--gin_file, once it is cached"
    )
