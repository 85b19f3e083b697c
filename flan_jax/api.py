"""The Python door: `import flan_jax as fj`, then `fj.load`, `fj.train`, `fj.evaluate`, `fj.plot`.

Plain functions over what the command line calls (`flan_jax.workflows`), so that both roads lead to the same.
docs/python.md shows them together.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

from jax.sharding import Sharding

from flan_jax.core.errors import ConfigError, counted
from flan_jax.core.own_code import own_code
from flan_jax.core.settings import BatchSize, Count, Natural, Rate, RowLength, Seed, Steps, Tokens
from flan_jax.evaluate import EvalConfig, SuiteConfig
from flan_jax.evaluate.custom import CustomEvaluator
from flan_jax.models.family import DropoutRate, Dtype
from flan_jax.models.tuning import FULL, TuningConfig
from flan_jax.report.run_data import read_metrics
from flan_jax.report.run_figures import curves
from flan_jax.workflows import arguments
from flan_jax.workflows.benchmark_scores import score_benchmarks
from flan_jax.workflows.evaluation import Evaluation
from flan_jax.workflows.finetuning import (
    EVAL_LIMIT,
    Finetuning,
    finetuning_config,
    is_finished,
    keep_start,
    remember_run,
)
from flan_jax.workflows.lengths import measure
from flan_jax.workflows.loading import KINDS_OF_PATH, open_model
from flan_jax.workflows.model import Model, trimmed_line
from flan_jax.workflows.names import by_kind, split_names
from flan_jax.workflows.rows import Metrics, Rows, check_used, note_of_shared_rows, register_by_content, register_rows
from flan_jax.workflows.task_scores import score_tasks
from flan_jax.workflows.trained_run import TrainedRun
from flan_jax.workflows.training import train_run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CACHE_DIR = ".cache/flan_jax"
MAX_TOKENS = 128

__all__ = ["Evaluation", "Model", "TrainedRun", "evaluate", "load", "plot", "train"]


@arguments.in_words_of(arguments.OF_LOAD)
def load(
    path: str | os.PathLike[str],
    *,
    vocab_path: str | os.PathLike[str] | None = None,
    dtype: Dtype | None = None,
    sharding: Sharding | None = None,
) -> Model:
    """The model at `path`, on this machine's first device.

    Another program's weights are converted as `flan-jax import` does, without its certificate, into a folder below the
    system's temporary one (`model.source.path`; TMPDIR moves it), which goes when the model is no longer used: import
    what you load often.

    Args:
      path: a run's folder (its selected weights, else its newest checkpoint), one of its checkpoints, a weights folder,
        `embedded:lm_adapted`; or `hf:FOLDER`, `hf:ORG/REPO`, `gguf:FILE`, `t5x:FOLDER`.
      vocab_path: SentencePiece model or tokenizer.json; by default the one beside the weights.
      dtype: of activations, "float32" or "bfloat16"; by default the model's.
      sharding: where every parameter goes; by default whole on the first device.

    Raises `CheckpointError` for a folder without weights, `ConfigError` for a vocabulary that is not the model's.

    >>> model = fj.load("embedded:lm_adapted")
    >>> model.config.num_heads, model.vocabulary.size
    (4, 2000)
    """
    return open_model(path, vocab_path=vocab_path, dtype=dtype, sharding=sharding)


@arguments.in_words_of(arguments.OF_TRAIN)
def train(
    rows: Rows,
    *,
    init: Model | TrainedRun | str | os.PathLike[str],
    to: str | os.PathLike[str],
    template: str | Sequence[str] | None = None,
    target: str | None = None,
    held_out: Rows | None = None,
    metric: Metrics | None = None,
    evaluators: Sequence[CustomEvaluator] = (),
    steps: Steps = 300,
    batch_size: BatchSize | None = None,
    learning_rate: Rate = 1e-3,
    dropout: DropoutRate = 0.1,
    feature_lengths: Mapping[str, RowLength] | None = None,
    eval_steps: Natural | None = None,
    eval_limit: Annotated[Count, "which is all examples"] | None = EVAL_LIMIT,
    tuning: TuningConfig = FULL,
    seed: Seed = 0,
    cache_dir: str | os.PathLike[str] | None = None,
) -> TrainedRun:
    """Finetunes a model on rows, and keeps the checkpoint that is best on held-out ones.

    The run is `flan-jax train`'s, with T5X's Adafactor at a constant rate: examples are packed, everything is
    resumable, the same seed gives the same weights. Called again with the same `to`, as when a notebook's cell runs
    twice, it goes on where it stopped, or says that it is finished; with other rows it is an error.

    Args:
      rows: what to train on: a list of dicts; a .jsonl, .csv, .tsv or .parquet file; a folder that Hugging Face
        `datasets` saved; a `Task` or `Mixture`, or the name of a registered one, which have templates of their own.
      init: where to begin: a model, a run, or what `load` takes. Of a model it is the weights on disk that count.
      to: the run's folder, made if missing.
      template: the prompt of a row, with its fields in braces; several are drawn from. A row's "options" are its answer
        options, which `{options}` lists.
      target: the answer; "{answer}" by default.
      held_out: rows of the same kinds that judge the run and pick its checkpoint; by default none, and the last step.
        Those that are training rows too are counted in a warning.
      metric: what scores an answer to held-out rows, the first of a list decides: a name such as "exact_match" (the
        default), "rouge_l" or "rank_accuracy", or a function (text, references) -> score in [0, 1].
      evaluators: functions (model, step) -> {name: score in [0, 1]}, called at every evaluation and reported; none by
        default.
      steps: optimizer steps of the whole run; 300 by default.
      batch_size: packed rows a step, a multiple of the devices; 16 by default.
      learning_rate: relative to each parameter's size; 1e-3 by default.
      dropout: rate; 0.1 by default.
      feature_lengths: {"inputs": L, "targets": T}, tokens a packed row holds; by default the longest example, up to
        1,024, rounded up to a power of two.
      eval_steps: steps between evaluations; a fifth of the run by default, 0 for before and after only.
      eval_limit: held-out examples a task; 200 by default, None for all.
      tuning: which parameters are trained; all by default, `TuningConfig("lora")` adapters.
      seed: of data order and dropout; 0 by default.
      cache_dir: where tokens are cached; by default inside `to`.

    Returns the run: `run.model()`, `run.selected`, `run.results`.

    Raises `TaskError` for rows or templates that do not fit, `CheckpointError` for a folder that holds another run, and
    what `flan_jax.core.errors` has for the rest.

    >>> rows, held_out = [
    ...     [{"question": f"Say it twice: {word}.", "answer": f"{word} {word}"} for word in words]
    ...     for words in (("red", "blue"), ("green", "cat"))
    ... ]
    >>> how = {"template": "{question}", "init": model, "steps": 2, "eval_steps": 2}
    >>> run = fj.train(rows, held_out=held_out, to="runs/mine", **how)
    >>> run.selected, [results.step for results in run.results]
    (2, [0, 2])
    """
    evaluators = arguments.as_evaluators(evaluators)
    if not isinstance(tuning, TuningConfig):
        raise ConfigError(f"tuning is {tuning!r}: give a TuningConfig, such as TuningConfig('lora')")
    judged_by = [] if held_out is None else [held_out]
    check_used(template=template, target=target, worded=[rows, *judged_by], metric=metric, scored=judged_by)
    if eval_steps is not None and held_out is None and not evaluators:
        raise ConfigError("eval_steps is for runs that are judged: give held_out or evaluators, or leave it out")
    if eval_limit != EVAL_LIMIT and held_out is None:
        raise ConfigError(
            f"eval_limit {eval_limit} is for held-out rows, and there are none: give some, or leave it out"
        )
    folder = arguments.as_folder("to", to)
    names = {"rows": register_by_content(rows, "rows", template=template, target=target)}
    if held_out is not None:
        names["held_out"] = register_by_content(
            held_out, "held_out", template=template, target=target, metrics=metric, is_held_out=True
        )
        if note := note_of_shared_rows(names["held_out"], names["rows"]):
            warnings.warn(note, stacklevel=4)  # past `in_words_of` and `flan_jax._CallablePackage`
    model = _as_model("init", init)
    told = Finetuning(
        folder=folder,
        mixture=names["rows"],
        held_out=names.get("held_out"),
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        dropout_rate=dropout,
        feature_lengths=feature_lengths,
        eval_steps=eval_steps,
        eval_limit=eval_limit,
        tuning=tuning,
        seed=seed,
        cache_dir=None if cache_dir is None else arguments.as_path("cache_dir", cache_dir, "a folder"),
    )
    config, line = finetuning_config(told, model)
    remember_run(told, "" if model.is_temporary else str(model.source.path), model.source.sha256, own_code(evaluators))
    if is_finished(folder, steps):
        print(f"{to} is finished, after {counted(steps, 'step')}: give more to go on, or another `to` to begin anew")
        return TrainedRun(folder)
    print(line, flush=True)
    if model.is_temporary:
        keep_start(model, folder)
    result = train_run(config, evaluators)
    if not result.is_finished:
        print(f"{to} was stopped at step {result.step:,}: run this again to go on")
    return TrainedRun(folder)


@arguments.in_words_of(arguments.OF_EVALUATE)
def evaluate(
    model: Model | TrainedRun | str | os.PathLike[str],
    what: Rows | Iterable[str],
    *,
    template: str | Sequence[str] | None = None,
    target: str | None = None,
    metric: Metrics | None = None,
    limit: Annotated[Count, "which is all questions"] | None = None,
    split: str = "",
    seed: Seed | None = None,
    batch_size: BatchSize = 32,
    max_tokens: Tokens | None = None,
    to: str | os.PathLike[str] | None = None,
    force: bool = False,
    cache_dir: str | os.PathLike[str] | None = None,
) -> Evaluation:
    """Scores a model on benchmarks, on tasks and mixtures, or on rows.

    Args:
      model: a model, a run, or what `load` takes.
      what: names, as "mmlu,bbh:cot" or a list of them, of benchmarks (`flan-jax eval --list`) and of registered tasks
        and mixtures; or rows as `train` takes them.
      template: the prompt of a row, with its fields in braces, where rows are given.
      target: its answer; "{answer}" by default.
      metric: what scores an answer to rows, as for `train`; "exact_match" by default.
      limit: questions a subtask or task; all by default.
      split: to score, of a folder, tasks or benchmarks; by default each one's own, of a folder validation.
      seed: of the questions that `limit` draws of benchmarks, and of samples; 0 by default.
      batch_size: prompts at once, a multiple of the devices; 32 by default.
      max_tokens: most tokens of an answer to tasks and rows; 128 by default. Benchmarks have their own.
      to: folder for the journal and report of benchmarks, which go on where they were stopped; by default none.
      force: whether to score benchmarks that the model was trained on, instead of an error; False by default.
      cache_dir: folder where the tokens of tasks and rows are cached, made if missing; .cache/flan_jax by default.

    Raises `TaskError` for unknown names and absent data, with what to download, and `ConfigError` for arguments that
    are out of range or that nothing would use.

    >>> rows = [{"question": "Say it twice: red.", "answer": "red red"}]
    >>> fj.evaluate(model, rows, template="{question}", max_tokens=4).scores
    {'rows': 0.0}
    """
    folder = None if to is None else arguments.as_folder("to", to)
    cache = arguments.as_path("cache_dir", CACHE_DIR if cache_dir is None else cache_dir, "a folder for tokens")
    what = list(what) if isinstance(what, Iterator) else what  # which is read more than once
    names = split_names(what)
    if names == []:
        raise ConfigError("there is nothing to score: name benchmarks, tasks or mixtures, or give at least one row")
    given = [] if names is not None else [cast(Rows, what)]
    check_used(template=template, target=target, worded=given, metric=metric, scored=given)
    suite: list[str] = []
    if names is None:
        rows = given[0]
        how: Mapping[str, Any] = {"template": template, "target": target, "metrics": metric, "split": split}
        tasks = [register_rows(rows, "rows", is_held_out=True, **how)]
    else:
        suite, tasks = by_kind(names)
    if not suite:
        arguments.refuse_given("benchmarks", to=to, force=force or None, seed=seed)
    if not tasks:
        arguments.refuse_given("tasks and rows", max_tokens=max_tokens, cache_dir=cache_dir)
    model = _as_model("model", model)
    benchmarks = held_out = None
    if suite:
        config = SuiteConfig(names=tuple(suite), split=split, limit=limit, seed=seed or 0)
        benchmarks = score_benchmarks(model, config, folder=folder, batch_size=batch_size, force=force).results
    if tasks:
        lengths = {name: measure(name, model.vocabulary, split or None, is_judged=True) for name in tasks}
        asked = EvalConfig(
            report=tuple(tasks),
            batch_size=batch_size,
            inputs_length=max(found.row_lengths()["inputs"] for found in lengths.values()),
            targets_length=MAX_TOKENS if max_tokens is None else max_tokens,
            limit=limit,
            split=split or None,
        )
        held_out = score_tasks(model, asked, cache_dir=cache).results
        if num_trimmed := sum(task.num_trimmed for task in held_out.tasks.values()):
            # Past `in_words_of` and `flan_jax._CallablePackage`.
            warnings.warn(trimmed_line(num_trimmed, asked.inputs_length), stacklevel=4)
    return Evaluation(benchmarks, held_out)


def plot(run: TrainedRun | str | os.PathLike[str]) -> Figure:
    """Training loss, and held-out scores at every evaluation, the selected step marked: a matplotlib figure that a
    notebook shows; `figure.savefig("curves.png")` keeps it.

    Args:
      run: from `train`, or a run's folder.

    >>> [axes.get_xlabel() for axes in fj.plot(run).axes]
    ['step', 'step']
    """
    run = run if isinstance(run, TrainedRun) else TrainedRun(run)
    if not run.folder.is_dir():
        raise ConfigError(f"{run.folder} is no folder: give a run's, such as runs/demo")
    metrics, results = read_metrics(run.folder / "metrics.jsonl"), run.results
    if not metrics and not results:
        raise ConfigError(f"{run.folder} has no metrics.jsonl and no evals.jsonl to draw: give a run's folder")
    return curves(metrics, results, run.selected)


def _as_model(name: str, given: Model | TrainedRun | str | os.PathLike[str]) -> Model:
    """The model that the argument called `name` is, or is the path of."""
    if isinstance(given, Model):
        return given
    if isinstance(given, TrainedRun):
        return given.model()
    return open_model(arguments.as_path(name, given, f"a model, or {KINDS_OF_PATH}"))
