"""`flan-jax eval --suite …`: benchmarks scored as their papers did, resumable, with tables beside published rows."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import pathlib
import re
import sys
import time
from collections.abc import Callable, Sequence

import jax
from rich.markdown import Markdown
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

import flan_jax
from flan_jax.api import load
from flan_jax.checkpoints.lineage import TrainedOn, trained_on
from flan_jax.checkpoints.load import LoadedModel
from flan_jax.core.errors import ConfigError
from flan_jax.declare.benchmark import BENCHMARKS, COLLECTIONS, Benchmark, Format, Sampling
from flan_jax.evaluate import (
    SELF_CONSISTENCY,
    EvalResults,
    JaxLanguageModel,
    Journal,
    SuiteConfig,
    run_suite,
)
from flan_jax.evaluate.best_template import best_templates
from flan_jax.evaluate.contamination import findings, notes, refuse, training_tasks
from flan_jax.report import best_markdown, report_console, to_markdown, write_html, write_results
from flan_jax.sources.data_dir import data_dir
from flan_jax.train.config import MeshConfig
from flan_jax.train.mesh import make_mesh, replicated

DEFAULT_INPUTS_LENGTH = 2048  # where the public MMLU evaluator begins to drop exemplars
JOURNAL = "journal.jsonl"
BEST_TEMPLATE = "best_template.md"
DEVELOPMENT, TEST = "validation", "test"
SECS_BETWEEN_LINES = 30.0
DEFAULT_MODULES = ("flan_jax.tasks",)

__all__ = ["add_benchmark_arguments", "benchmark_names", "run_benchmarks"]


def add_benchmark_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that only benchmarks have."""
    group = parser.add_argument_group("benchmarks (--suite NAME[,NAME]; see docs/benchmarks.md)")
    group.add_argument("--list", action=_List, nargs=0, help="print the benchmarks and collections, and stop")
    group.add_argument("--format", default="", help=f"how to ask: direct, cot, zero_shot_cot, {SELF_CONSISTENCY}, …")
    group.add_argument("--subtask", action="append", default=[], help="only this subject, language or task; repeatable")
    group.add_argument("--seed", type=int, default=0, help="of --limit's draw, of samples and intervals (default 0)")
    group.add_argument("--samples", type=int, help="generations a question, put to a vote (self-consistency: 40)")
    group.add_argument("--temperature", type=float, help="of samples (default 0.7)")
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
    group.add_argument("--top_k", type=int, help="of samples, 0 for all tokens (default 40)")


def benchmark_names(suites: Sequence[str]) -> tuple[str, ...]:
    """The names of `--suite NAME[,NAME]`, without those of the form NAME=FOLDER, which register tasks."""
    return tuple(name.strip() for value in suites if "=" not in value for name in value.split(",") if name.strip())


class _List(argparse.Action):
    """Prints what `--suite` knows, as `--help` does: without a checkpoint."""

    def __call__(self, parser: argparse.ArgumentParser, *args: object, **kwargs: object) -> None:
        _import_modules(())
        _print_list()
        parser.exit(0)


def _import_modules(modules: Sequence[str]) -> None:
    for module in modules or DEFAULT_MODULES:
        importlib.import_module(module)


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
    _import_modules(args.module)
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
    pairs = config.resolve()  # a misspelt name is to be told before a model is loaded
    development = _development(config, pairs) if args.best_template else None
    if development is not None:
        config = dataclasses.replace(config, split=TEST)
    mesh = make_mesh(MeshConfig(data=-1))
    loaded = load(args.checkpoint, vocab_path=args.vocab_path, dtype=args.dtype, sharding=replicated(mesh))
    history = trained_on(loaded.source)
    asked = [(b, b.split(config.split if config.split in b.splits else None)) for b, _ in pairs]
    found = findings(asked, training_tasks(history))
    if not args.force:
        refuse(found, str(loaded.source.path))
    model = JaxLanguageModel(
        loaded.name,
        loaded.config,
        loaded.params,
        loaded.vocabulary,
        inputs_length=args.inputs_length or DEFAULT_INPUTS_LENGTH,
        batch_size=args.batch_size,
        mesh=mesh,
    )
    folder = pathlib.Path(args.out or pathlib.Path("eval") / _slug(args.checkpoint))
    with Journal(folder / JOURNAL) as journal:
        journal.claim(model.fingerprint, model.name)
        if journal.records:
            print(f"{folder / JOURNAL} has {len(journal.records):,} answers, which are not asked for again")
        best = {}
        if development is not None:
            best = {result.key: result for result in _run(development, model, journal).benchmarks}
        results = _run(config, model, journal, notes(found, history))
        templates = [t for test in results.benchmarks if test.key in best for t in best_templates(best[test.key], test)]
        write_results(folder, results)
        write_html(folder, results, journal.records, _settings(args, loaded, history), templates)
    report_console().print(Markdown(to_markdown(results)))
    files = ["report.html", "results.md", "summary.json", JOURNAL]
    if templates:
        table = best_markdown(templates)
        (folder / BEST_TEMPLATE).write_text(table)
        report_console().print(Markdown(table))
        files.append(BEST_TEMPLATE)
    print(_speed(results))
    print(f"Written: {', '.join(str(folder / name) for name in files)}")
    return 0


def _development(config: SuiteConfig, pairs: Sequence[tuple[Benchmark, Format]]) -> SuiteConfig:
    """The same benchmarks on the split that picks a template. Raises `ConfigError` for those without one."""
    if config.split not in ("", TEST):
        raise ConfigError(f"--best_template scores splits {DEVELOPMENT} and {TEST}: leave --split {config.split} out")
    for benchmark, _ in pairs:
        if not {DEVELOPMENT, TEST} <= set(benchmark.splits) or "flan2021" not in benchmark.tags:
            raise ConfigError(
                f"{benchmark.name} has no templates to pick from on a {DEVELOPMENT} split (its splits: "
                f"{', '.join(benchmark.splits)}): --best_template is for FLAN 2021's benchmarks, as flan_paraphrase"
            )
    return dataclasses.replace(config, split=DEVELOPMENT)


def _settings(args: argparse.Namespace, loaded: LoadedModel, history: TrainedOn) -> dict[str, str]:
    """What the report says of how the model was asked, beside the results' own."""
    tasks = training_tasks(history)
    trained = f"{', '.join(history.mixtures)}: {len(tasks):,} tasks" if history.mixtures else "not recorded"
    return {
        "checkpoint": str(loaded.source.path),
        "trained on": trained,
        "vocabulary": f"{loaded.vocabulary.path} ({loaded.vocabulary.fingerprint[:12]})",
        "activations": loaded.config.dtype,
        "longest prompt, tokens": str(args.inputs_length or DEFAULT_INPUTS_LENGTH),
        "prompts at once": str(args.batch_size),
        "data folder": str(data_dir()),
        "flan_jax, JAX": f"{flan_jax.__version__}, {jax.__version__} on {jax.devices()[0].device_kind}",
    }


def _run(config: SuiteConfig, model: JaxLanguageModel, journal: Journal, notes: Sequence[str] = ()) -> EvalResults:
    if not sys.stderr.isatty():
        return run_suite(config, model, journal, _lines(), notes)
    columns = (TextColumn("scoring"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as progress:
        bar = progress.add_task("scoring", total=None)
        return run_suite(
            config, model, journal, lambda done, total: progress.update(bar, completed=done, total=total), notes
        )


def _lines() -> Callable[[int, int], None]:
    """Progress as a plain line now and then, with the time left at the pace so far."""
    start, first, last = time.monotonic(), -1, 0.0

    def on_item(done: int, total: int) -> None:
        nonlocal first, last
        now = time.monotonic()
        first = done if first < 0 else first
        if done == total or now - last >= SECS_BETWEEN_LINES:
            pace = (done - first) / max(now - start, 1e-9)
            left = f", {(total - done) / pace:,.0f} s left" if done > first and done < total else ""
            print(f"scored {done:,} of {total:,}{left}", file=sys.stderr, flush=True)
            last = now

    return on_item


def _sampling(args: argparse.Namespace) -> Sampling | None:
    given = {
        name: value
        for name, value in (("num_samples", args.samples), ("temperature", args.temperature), ("top_k", args.top_k))
        if value is not None
    }
    if not given and args.format != SELF_CONSISTENCY:
        return None
    if "num_samples" not in given and args.format != SELF_CONSISTENCY:
        raise ConfigError("--temperature and --top_k need --samples, the number of generations a question")
    return Sampling(**given)


def _slug(checkpoint: str) -> str:
    return re.sub(r"[^\w.-]+", "_", checkpoint.strip("/")) or "model"


def _speed(results: EvalResults) -> str:
    per_sec = results.num_asked / max(results.secs, 1e-9)
    return f"{results.num_asked:,} items asked in {results.secs:.1f} s ({per_sec:.2f} a second, compilation in)"
