"""The Python door: `import flan_jax as fj`, then `fj.load`, `fj.train`, `fj.evaluate`, `fj.plot`.

Plain functions over what the command line calls (`flan_jax.jobs`), so that both roads lead to the same. docs/python.md
shows them together.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import tempfile
import warnings
import weakref
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from jax.sharding import Sharding

from flan_jax.checkpoints.load import load_model
from flan_jax.core.errors import ConfigError
from flan_jax.declare.benchmark import BENCHMARKS, COLLECTIONS
from flan_jax.evaluate import EvalConfig, EvalResults, SuiteConfig, read_results
from flan_jax.evaluate.custom import CustomEvaluator
from flan_jax.interop.importing import FORMATS as FOREIGN_FORMATS
from flan_jax.interop.importing import import_weights
from flan_jax.jobs.benchmarks import score_benchmarks
from flan_jax.jobs.finetuning import Finetuning, finetuning_config, is_finished, keep_start, remember_run, task_name
from flan_jax.jobs.held_out import score_tasks
from flan_jax.jobs.lengths import measure
from flan_jax.jobs.model import Model
from flan_jax.jobs.rows import Metrics, Rows, register_rows, split_names
from flan_jax.jobs.training import train_run
from flan_jax.models.tuning import FULL, TuningConfig
from flan_jax.report import task_table, to_markdown
from flan_jax.report.run_data import read_metrics
from flan_jax.report.run_figures import curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Evaluation", "Model", "TrainedRun", "evaluate", "load", "plot", "train"]


def load(
    path: str | os.PathLike[str],
    *,
    vocab_path: str | None = None,
    dtype: str | None = None,
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
    path = os.fspath(path)
    if path.partition(":")[0] not in FOREIGN_FORMATS:
        return Model(**vars(load_model(path, vocab_path=vocab_path, dtype=dtype, sharding=sharding)))
    folder = tempfile.TemporaryDirectory(prefix="flan_jax_weights_")
    try:
        imported = import_weights(path, pathlib.Path(folder.name), vocab_path=vocab_path, certify=False)
        for note in imported.notes:
            warnings.warn(f"{path}: {note}", stacklevel=2)
        loaded = load_model(folder.name, vocab_path=vocab_path, dtype=dtype, sharding=sharding)
    except BaseException:
        folder.cleanup()
        raise
    model = Model(**vars(loaded), is_temporary=True)
    weakref.finalize(model, folder.cleanup)
    return model


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """A run on disk: what `train` returns, and `TrainedRun(pathlib.Path("runs/mine"))` of one that is there already.

    Attributes:
      folder: its checkpoints, logs, results, and report.html where it was judged.
    """

    folder: pathlib.Path

    @property
    def selected(self) -> int | None:
        """The step whose weights the rule picked; None for a run that was stopped before its end."""
        path = self.folder / "selected.json"
        return int(json.loads(path.read_text())["step"]) if path.exists() else None

    @property
    def results(self) -> list[EvalResults]:
        """What was found at every evaluation, in order of steps; empty for a run that was not judged."""
        path = self.folder / "evals.jsonl"
        return read_results(path) if path.exists() else []

    @property
    def losses(self) -> dict[int, float]:
        """Step -> training loss, nats a target token, as logged."""
        return {int(line["step"]): float(line["loss"]) for line in read_metrics(self.folder / "metrics.jsonl")}

    def model(self) -> Model:
        """The selected weights, else the newest checkpoint's."""
        return load(self.folder)

    def _repr_html_(self) -> str:
        scores = [(r.step, score) for r in self.results if (score := r.average("selection")) is not None]
        rows = "".join(
            f"<tr><td>{step:,}{' (selected)' if step == self.selected else ''}</td><td>{100 * score:.1f}</td></tr>"
            for step, score in scores
        )
        return f"<b>{self.folder}</b><table><tr><th>step</th><th>held-out score, %</th></tr>{rows}</table>"


def train(
    rows: Rows,
    *,
    init: Model | str | os.PathLike[str],
    to: str | os.PathLike[str],
    template: str | Sequence[str] | None = None,
    target: str = "{answer}",
    held_out: Rows | None = None,
    metric: Metrics = "exact_match",
    evaluators: Sequence[CustomEvaluator] = (),
    steps: int = 300,
    batch_size: int | None = None,
    learning_rate: float = 1e-3,
    dropout: float = 0.1,
    feature_lengths: Mapping[str, int] | None = None,
    eval_steps: int | None = None,
    eval_limit: int | None = 200,
    tuning: TuningConfig = FULL,
    seed: int = 0,
    cache_dir: str | None = None,
) -> TrainedRun:
    """Finetunes a model on rows, and keeps the checkpoint that is best on held-out ones.

    The run is `flan-jax train`'s, with T5X's Adafactor at a constant rate: examples are packed, everything is
    resumable, the same seed gives the same weights. Called again with the same `to`, as when a notebook's cell runs
    twice, it goes on where it stopped, or says that it is finished; with other rows it is an error.

    Args:
      rows: what to train on: a list of dicts; a .jsonl, .csv, .tsv or .parquet file; a folder that Hugging Face
        `datasets` saved; a `Task` or `Mixture`, or the name of a registered one, which have templates of their own.
      init: where to begin: a model, or what `load` takes. Of a model it is the weights on disk that count.
      to: the run's folder, made if missing.
      template: the prompt of a row, with its fields in braces; several are drawn from. A row's "options" are its answer
        options, which `{options}` lists.
      target: the answer; "{answer}" by default.
      held_out: rows of the same kinds that judge the run and pick its checkpoint; by default none, and the last step.
      metric: what scores an answer to held-out rows, the first decides: a name such as "exact_match", "rouge_l" or
        "rank_accuracy", or a function (text, references) -> score in [0, 1].
      evaluators: functions (model, step) -> {name: score in [0, 1]}, called at every evaluation and reported; none by
        default.
      steps: optimizer steps of the whole run; 300 by default.
      batch_size: packed rows a step, a multiple of the devices; 16 by default.
      learning_rate: relative to each parameter's size; 1e-3 by default.
      dropout: rate; 0.1 by default.
      feature_lengths: {"inputs": L, "targets": T}, tokens a packed row holds; by default the longest example, up to
        1,024, rounded up to a power of two.
      eval_steps: steps between evaluations; a fifth of the run by default.
      eval_limit: held-out examples a task; 200 by default, None for all.
      tuning: which parameters are trained; all by default, `TuningConfig("lora")` adapters.
      seed: of data order and dropout; 0 by default.
      cache_dir: where tokens are cached; by default inside `to`.

    Returns the run: `run.model()`, `run.selected`, `run.results`.

    Raises `TaskError` for rows or templates that do not fit, `CheckpointError` for a folder that holds another run, and
    what `flan_jax.core.errors` has for the rest.

    >>> rows = [{"question": f"Say it twice: {word}.", "answer": f"{word} {word}"} for word in ("red", "blue")]
    >>> run = fj.train(rows, template="{question}", init=model, steps=2, eval_steps=2, to="runs/mine", held_out=rows)
    >>> run.selected, [results.step for results in run.results]
    (2, [0, 2])
    """
    if int(steps) != steps or steps < 1:
        raise ConfigError(f"steps is {steps!r}: give a whole number of at least 1")
    if callable(evaluators) or not all(callable(evaluator) for evaluator in evaluators):
        raise ConfigError(f"evaluators is {evaluators!r}: give a list of functions (model, step) -> {{name: score}}")
    model = init if isinstance(init, Model) else load(init)
    folder = pathlib.Path(to).absolute()
    names = {"rows": register_rows(rows, task_name(folder, "rows"), template=template, target=target)}
    if held_out is not None:
        name = task_name(folder, "held_out")
        names["held_out"] = register_rows(
            held_out, name, template=template, target=target, metrics=metric, is_held_out=True
        )
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
        cache_dir=cache_dir,
    )
    remember_run(told, "" if model.is_temporary else str(model.source.path))
    if is_finished(folder, steps):
        print(f"{to} is finished, after {steps:,} steps: give more steps to go on, or another `to` to begin anew")
        return TrainedRun(folder)
    start = keep_start(model, folder) if model.is_temporary else model.source.path
    result = train_run(finetuning_config(told, model, start), evaluators)
    if not result.is_finished:
        print(f"{to} was stopped at step {result.step:,}: run this again to go on")
    return TrainedRun(folder)


class Table(str):
    """A table in Markdown, which a notebook shows as a table and `print` as text."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_markdown_(self) -> str:
        return str(self)


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found.

    Attributes:
      benchmarks: results of benchmarks, as `flan-jax eval --suite` writes them; None where none was asked.
      tasks: results of tasks and mixtures, as `flan-jax eval --mixture` writes them; None where none was asked.
    """

    benchmarks: EvalResults | None = None
    tasks: EvalResults | None = None

    @property
    def scores(self) -> dict[str, float]:
        """Benchmark ("mmlu:direct") or task -> score in [0, 1]."""
        found = [results for results in (self.benchmarks, self.tasks) if results is not None]
        return {name: task.score for results in found for name, task in results.tasks.items()}

    def table(self) -> Table:
        """Scores with intervals, chance and what was published, in Markdown."""
        parts = [] if self.benchmarks is None else [to_markdown(self.benchmarks)]
        return Table("\n\n".join(parts + ([] if self.tasks is None else [task_table(self.tasks)])))


def evaluate(
    model: Model | str | os.PathLike[str],
    what: Rows | Sequence[str],
    *,
    template: str | Sequence[str] | None = None,
    target: str = "{answer}",
    metric: Metrics = "exact_match",
    limit: int | None = None,
    split: str = "",
    seed: int = 0,
    batch_size: int = 32,
    max_tokens: int = 128,
    to: str | os.PathLike[str] | None = None,
    force: bool = False,
    cache_dir: str | os.PathLike[str] = ".cache/flan_jax",
) -> Evaluation:
    """Scores a model on benchmarks, on tasks and mixtures, or on rows.

    Args:
      model: a model, or what `load` takes.
      what: names, as "mmlu,bbh:cot" or a list of them, of benchmarks (`flan-jax eval --list`) and of registered tasks
        and mixtures; or rows as `train` takes them.
      template: the prompt of a row, with its fields in braces, where rows are given.
      target: its answer; "{answer}" by default.
      metric: what scores an answer to rows, as for `train`; "exact_match" by default.
      limit: questions a subtask or task; all by default.
      split: to score; by default each one's own.
      seed: of the questions that `limit` draws of benchmarks, and of samples; 0 by default.
      batch_size: prompts at once, a multiple of the devices; 32 by default.
      max_tokens: most tokens of an answer to tasks and rows; 128 by default. Benchmarks have their own.
      to: folder for the journal and report of benchmarks, which go on where they were stopped; by default none.
      force: whether to score benchmarks that the model was trained on, instead of an error; False by default.
      cache_dir: where the tokens of tasks are cached.

    Raises `TaskError` for unknown names and absent data, with what to download.

    >>> rows = [{"question": "Say it twice: red.", "answer": "red red"}]
    >>> fj.evaluate(model, rows, template="{question}", max_tokens=4).scores
    {'rows': 0.0}
    """
    model = model if isinstance(model, Model) else load(model)
    names = split_names(what)
    if names is None:
        rows = cast(Rows, what)
        names = [register_rows(rows, "rows", template=template, target=target, metrics=metric, is_held_out=True)]
    if not names:
        raise ConfigError("there is nothing to score: name benchmarks, tasks or mixtures, or give at least one row")
    known = {*BENCHMARKS, *COLLECTIONS}
    suite = [name for name in names if name.partition(":")[0] in known]
    tasks = [name for name in names if name not in suite]
    benchmarks = held_out = None
    if suite:
        config = SuiteConfig(names=tuple(suite), split=split, limit=limit, seed=seed)
        folder = None if to is None else pathlib.Path(to)
        benchmarks = score_benchmarks(model, config, folder=folder, batch_size=batch_size, force=force).results
    if tasks:
        lengths = {name: measure(name, model.vocabulary, split or None, is_judged=True) for name in tasks}
        asked = EvalConfig(
            report=tuple(tasks),
            batch_size=batch_size,
            inputs_length=max(found.row_lengths()["inputs"] for found in lengths.values()),
            targets_length=max_tokens,
            limit=limit,
            split=split or None,
        )
        held_out = score_tasks(model, asked, cache_dir=os.fspath(cache_dir)).results
    return Evaluation(benchmarks, held_out)


def plot(run: TrainedRun | str | os.PathLike[str]) -> Figure:
    """Training loss, and held-out scores at every evaluation, the selected step marked: a matplotlib figure that a
    notebook shows; `figure.savefig("curves.png")` keeps it.

    Args:
      run: from `train`, or a run's folder.

    >>> [axes.get_xlabel() for axes in fj.plot(run).axes]
    ['step', 'step']
    """
    run = run if isinstance(run, TrainedRun) else TrainedRun(pathlib.Path(run))
    if not run.folder.is_dir():
        raise ConfigError(f"{run.folder} is no folder: give a run's, such as runs/demo")
    return curves(read_metrics(run.folder / "metrics.jsonl"), run.results, run.selected)
