"""`flan-jax eval --suite …`: benchmarks scored as their papers did, resumable, with tables beside published rows."""

from __future__ import annotations

import argparse
import importlib
import pathlib
import re
from collections.abc import Sequence

from rich.markdown import Markdown

from flan_jax.cache.build import DEFAULT_MODULES
from flan_jax.cli.flags import flag
from flan_jax.core.errors import ConfigError
from flan_jax.core.settings import Natural, Positive, Seed
from flan_jax.declare.benchmark import BENCHMARKS, COLLECTIONS, SampleSettings
from flan_jax.decode.methods import Samples
from flan_jax.evaluate import (
    SELF_CONSISTENCY,
    EvalResults,
    SuiteConfig,
)
from flan_jax.report import best_markdown, report_console, to_markdown
from flan_jax.workflows.benchmark_scores import DEFAULT_INPUTS_LENGTH, check_benchmarks, score_benchmarks
from flan_jax.workflows.devices import whole_on_all_devices
from flan_jax.workflows.loading import open_model

__all__ = ["add_benchmark_arguments", "benchmark_names", "run_benchmarks"]

# What benchmarks alone are asked by.
OF_BENCHMARKS = ("format", "subtask", "seed", "samples", "temperature", "best_template", "force", "top_k")


def add_benchmark_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that only benchmarks have."""
    group = parser.add_argument_group("benchmarks (--suite NAME[,NAME]; see docs/benchmarks.md)")
    group.add_argument("--list", action=_List, nargs=0, help="print the benchmarks and collections, and stop")
    group.add_argument("--format", default="", help=f"how to ask: direct, cot, zero_shot_cot, {SELF_CONSISTENCY}, …")
    group.add_argument("--subtask", action="append", default=[], help="only this subject, language or task; repeatable")
    group.add_argument(
        "--seed", type=flag(Seed), default=0, help="of --limit's draw, of samples and intervals (default 0)"
    )
    group.add_argument(
        "--samples", type=flag(Samples), help="generations a question, put to a vote (self-consistency: 40)"
    )
    group.add_argument("--temperature", type=flag(Positive), help="of samples (default 0.7)")
    group.add_argument(
        "--best_template",
        action="store_true",
        help="also score the validation split, and what the template that is best there gets on the test split (FLAN)",
    )
    group.add_argument(
        "--force",
        action="store_true",
        help="score benchmarks that the checkpoint was trained on, and say so in the results",
    )
    group.add_argument("--top_k", type=flag(Natural), help="of samples, 0 for all tokens (default 40)")


def benchmark_names(suites: Sequence[str]) -> tuple[str, ...]:
    """The names of `--suite NAME[,NAME]`, without those of the form NAME=FOLDER, which register tasks."""
    return tuple(name.strip() for value in suites if "=" not in value for name in value.split(",") if name.strip())


class _List(argparse.Action):
    """Prints what `--suite` knows, as `--help` does: without a checkpoint."""

    def __call__(self, parser: argparse.ArgumentParser, *args: object, **kwargs: object) -> None:
        for module in DEFAULT_MODULES:
            importlib.import_module(module)
        _print_list()
        parser.exit(0)


def _print_list() -> None:
    """Name, formats, splits and number of subtasks of each benchmark."""
    print("collections")
    for name, members in COLLECTIONS.items():
        print(f"  {name:46}{', '.join(f'{benchmark}:{format}' for benchmark, format in members)}")
    print("benchmarks")
    for name, benchmark in BENCHMARKS.items():
        formats = ", ".join(format.name for format in benchmark.formats)
        splits, num_parts = ", ".join(benchmark.splits), len(benchmark.subtasks)
        print(f"  {name:46}{benchmark.title}: {formats}; {splits}; {num_parts} part{'s' * (num_parts > 1)}")


def run_benchmarks(args: argparse.Namespace) -> int:
    """Scores and prints; 0 when all items were scored. Files go to `--out`."""
    modules = tuple(args.module) or DEFAULT_MODULES
    config = SuiteConfig(
        names=benchmark_names(args.suite),
        format=args.format,
        split=args.split or "",
        subtasks=tuple(args.subtask),
        limit=args.limit,
        seed=args.seed,
        sampling=_sampling(args),
        available_only=args.available_only,
    )
    check_benchmarks(config, modules=modules, best_template=args.best_template)
    scores = score_benchmarks(
        open_model(args.checkpoint, vocab_path=args.vocab_path, dtype=args.dtype, sharding=whole_on_all_devices()),
        config,
        folder=pathlib.Path(args.out or pathlib.Path("eval") / _slug(args.checkpoint)),
        modules=modules,
        inputs_length=args.inputs_length or DEFAULT_INPUTS_LENGTH,
        batch_size=args.batch_size,
        best_template=args.best_template,
        force=args.force,
    )
    report_console().print(Markdown(to_markdown(scores.results)))
    if scores.templates:
        report_console().print(Markdown(best_markdown(scores.templates)))
    print(_speed(scores.results))
    print(f"Written: {', '.join(map(str, scores.files))}")
    return 0


def _sampling(args: argparse.Namespace) -> SampleSettings | None:
    given = {
        name: value
        for name, value in (("num_samples", args.samples), ("temperature", args.temperature), ("top_k", args.top_k))
        if value is not None
    }
    if not given and args.format != SELF_CONSISTENCY:
        return None
    if "num_samples" not in given and args.format != SELF_CONSISTENCY:
        raise ConfigError("--temperature and --top_k need --samples, the number of generations a question")
    return SampleSettings(**given)


def _slug(checkpoint: str) -> str:
    return re.sub(r"[^\w.-]+", "_", checkpoint.strip("/")) or "model"


def _speed(results: EvalResults) -> str:
    per_sec = results.num_asked / max(results.secs, 1e-9)
    return f"{results.num_asked:,} items asked in {results.secs:.1f} s ({per_sec:.2f} a second, compilation in)"
