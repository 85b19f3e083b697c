"""`flan-jax eval`: scores a checkpoint on any mixture, or on benchmarks (`flan_jax.cli.benchmarks`)."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import pathlib
from collections.abc import Mapping

import numpy as np

from flan_jax.cache.build import DEFAULT_MODULES
from flan_jax.checkpoints.load import LoadedModel
from flan_jax.cli.benchmarks import OF_BENCHMARKS, add_benchmark_arguments, benchmark_names, run_benchmarks
from flan_jax.cli.cache import add_registration_arguments, task_folders
from flan_jax.cli.checkpoints import add_model_arguments
from flan_jax.cli.flags import flag, refuse_unused
from flan_jax.core.disk import write_sealed, write_text_atomically
from flan_jax.core.errors import ConfigError
from flan_jax.core.lock import sole_writer
from flan_jax.core.settings import BatchSize, Count, Natural, PathText, Tokens
from flan_jax.evaluate import EvalConfig, EvalResults
from flan_jax.evaluate.results.eval_results import normalised_average
from flan_jax.report import report_console
from flan_jax.report.task_table import TEXT_COLUMNS, task_rows
from flan_jax.report.terminal_table import score_table
from flan_jax.workflows.arguments import in_words_of
from flan_jax.workflows.benchmark_scores import DEFAULT_INPUTS_LENGTH as BENCHMARK_INPUTS_LENGTH
from flan_jax.workflows.devices import whole_on_all_devices
from flan_jax.workflows.loading import open_model
from flan_jax.workflows.task_scores import score_tasks

HELP = "score a checkpoint on benchmarks or any mixture"
DEFAULT_INPUTS_LENGTH = 512
_FLAGS = {f"EvalConfig.{field.name}": f"--{field.name}" for field in dataclasses.fields(EvalConfig)}
_FLAGS["EvalConfig.report"] = "--mixture"
# What held-out tasks alone are asked by; `TASK__FORMAT` names a task in another format.
_OF_TASKS = ("targets_length", "stop", "num_samples", "cache_dir", "copy_input_baseline", "task_folder")

__all__ = ["HELP", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    add_model_arguments(parser)
    parser.add_argument("--mixture", action="append", default=[], help="mixture or task; repeat for several")
    parser.add_argument("--split", help="split to score (default: each task's evaluation split)")
    parser.add_argument(
        "--limit", type=flag(Count), help="examples a task, from its split's start; of benchmarks a draw (default: all)"
    )
    parser.add_argument("--batch_size", type=flag(BatchSize), default=32, help="prompts at once (default 32)")
    parser.add_argument(
        "--inputs_length",
        type=flag(Tokens),
        help=f"longest prompt in tokens (default {DEFAULT_INPUTS_LENGTH}, of benchmarks {BENCHMARK_INPUTS_LENGTH})",
    )
    parser.add_argument(
        "--targets_length", type=flag(Tokens), default=128, help="longest generation in tokens (default 128)"
    )
    parser.add_argument("--stop", action="append", default=[], help="a text that ends a generation; repeat for several")
    parser.add_argument(
        "--num_samples", type=flag(Natural), default=3, help="generations a task kept in the JSON (default 3)"
    )
    parser.add_argument(
        "--cache_dir",
        type=flag(PathText),
        default="cache",
        help="token cache; what is missing is built (default ./cache)",
    )
    parser.add_argument(
        "--out",
        type=flag(PathText),
        help="folder for eval.json and predictions.jsonl; of benchmarks (default ./eval/NAME)",
    )
    parser.add_argument(
        "--copy_input_baseline", action="store_true", help="also ROUGE-L of answering with the prompt's own input"
    )
    parser.add_argument(
        "--available_only", action="store_true", help="leave out tasks of a mixture whose data is not on this machine"
    )
    add_registration_arguments(parser, suite_help="benchmarks to run, NAME[,NAME]; --list shows them")
    add_benchmark_arguments(parser)


@in_words_of(_FLAGS)
def run(args: argparse.Namespace) -> int:
    """Scores and prints; 0 when all tasks were scored."""
    names = benchmark_names(args.suite)
    if bool(names) == bool(args.mixture):
        raise ConfigError("give either --suite NAME (benchmarks; --list shows them) or --mixture NAME")
    unused = _OF_TASKS if names else OF_BENCHMARKS
    refuse_unused(args, add_arguments, unused, f"flan-jax eval {'--suite' if names else '--mixture'}")
    if names:
        if folders := [value for value in args.suite if "=" in value]:
            raise ConfigError(f"--suite {folders[0]} registers tasks, and benchmarks are of none: leave it out")
        return run_benchmarks(args)
    args.suite = [value for value in args.suite if "=" in value]
    args.inputs_length = args.inputs_length or DEFAULT_INPUTS_LENGTH
    config = EvalConfig(
        report=tuple(args.mixture),
        batch_size=args.batch_size,
        inputs_length=args.inputs_length,
        targets_length=args.targets_length,
        stop=tuple(args.stop),
        limit=args.limit,
        split=args.split,
        num_samples=args.num_samples,
    )
    out = None if args.out is None else pathlib.Path(args.out)
    with contextlib.nullcontext() if out is None else sole_writer(out, "--out"):
        model = open_model(
            args.checkpoint, vocab_path=args.vocab_path, dtype=args.dtype, sharding=whole_on_all_devices()
        )
        scores = score_tasks(
            model,
            config,
            cache_dir=args.cache_dir,
            modules=tuple(args.module) or DEFAULT_MODULES,
            task_folders=task_folders(args),
            available_only=args.available_only,
            copy_input_baseline=args.copy_input_baseline,
        )
        _print_table(scores.results, model, scores.copy_input)
        if out is not None:
            _write(out, scores.results, model, scores.copy_input, args.limit)
    return 0


def _print_table(results: EvalResults, model: LoadedModel, baseline: Mapping[str, np.ndarray]) -> None:
    cells = task_rows(results, baseline)
    console = report_console()
    table = score_table(
        cells.header,
        cells.rows,
        [cells.summary],
        num_words=len(TEXT_COLUMNS),
        width=console.width,
        title=f"{model.source.path}, step {results.step}",
        caption="percent, 95% bootstrap intervals",
    )
    console.print(table)
    tasks = results.in_group("report")
    for field, text in (("num_trimmed", "prompts were trimmed"), ("num_empty", "generations held no text")):
        if count := sum(getattr(task, field) for task in tasks):
            console.print(f"{count} of {sum(task.n for task in tasks)} {text}")
    per_sec = results.num_tokens / max(results.secs, 1e-9)
    console.print(
        f"{results.secs:.1f} s, {results.num_tokens:,} answer tokens, {per_sec:,.0f} a second, compilation in"
    )


def _write(
    folder: pathlib.Path,
    results: EvalResults,
    model: LoadedModel,
    baseline: Mapping[str, np.ndarray],
    limit: int | None,
) -> None:
    """`eval.json`: everything; `predictions.jsonl`: the samples, one a line."""
    value = results.to_json()
    value["checkpoint"] = str(model.source.path)
    value["limit"] = limit
    value["normalised_average"] = normalised_average(results.in_group("report"))
    value["copy_input_rouge_l"] = {name: float(scores.mean()) for name, scores in baseline.items()}
    write_sealed(folder / "eval.json", value)
    lines = (
        json.dumps({"task": task.task, "metric": task.metric, **vars(sample)}, ensure_ascii=False)
        for task in results.in_group("report")
        for sample in task.samples
    )
    write_text_atomically(folder / "predictions.jsonl", "".join(f"{line}\n" for line in lines))
    print(f"Written: {folder / 'eval.json'}, {folder / 'predictions.jsonl'}")
