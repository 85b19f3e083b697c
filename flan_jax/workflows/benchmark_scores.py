"""A model's answers to benchmarks, scored as their papers did: asked where the journal has none, kept in a folder."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence

import jax

import flan_jax
from flan_jax.cache.build import DEFAULT_MODULES
from flan_jax.cache.resolve import import_modules
from flan_jax.checkpoints.lineage import TrainedOn, trained_on
from flan_jax.checkpoints.load import LoadedModel
from flan_jax.core.disk import write_text_atomically
from flan_jax.core.errors import ConfigError, counted
from flan_jax.declare.benchmark import Benchmark, Format
from flan_jax.evaluate import EvalResults, JaxLanguageModel, Journal, Record, SuiteConfig, run_suite
from flan_jax.evaluate.aggregates.best_template import BestTemplate, best_templates
from flan_jax.evaluate.contamination.trained_on import findings, notes, refuse, training_tasks
from flan_jax.evaluate.results.journal import JOURNAL
from flan_jax.report import best_markdown, write_html, write_results
from flan_jax.sources.data_dir import data_dir
from flan_jax.workflows.devices import on_all_devices
from flan_jax.workflows.progress import shown_progress

DEFAULT_INPUTS_LENGTH = 2048  # where the public MMLU evaluator begins to drop exemplars
BEST_TEMPLATE = "best_template.md"
DEVELOPMENT, TEST = "validation", "test"

__all__ = ["DEFAULT_INPUTS_LENGTH", "BenchmarkScores", "check_benchmarks", "score_benchmarks"]


@dataclasses.dataclass(frozen=True)
class BenchmarkScores:
    """What `score_benchmarks` found.

    Attributes:
      results: scores by benchmark, group and subtask.
      records: the journal's: every question with what the model said, by key.
      templates: what the template that is best on the development split gets on the test split, where that was asked.
      files: what was written to the folder; empty without one.
    """

    results: EvalResults
    records: Mapping[str, Record] = dataclasses.field(repr=False)
    templates: tuple[BestTemplate, ...] = ()
    files: tuple[pathlib.Path, ...] = ()


def check_benchmarks(
    config: SuiteConfig, *, modules: Sequence[str] = DEFAULT_MODULES, best_template: bool = False
) -> list[tuple[Benchmark, Format]]:
    """The benchmarks that `config` names, in their formats: to be called before a model is loaded.

    Args:
      config: names, formats, splits.
      modules: what registers benchmarks.
      best_template: whether a template is to be picked on the development split.

    Raises `TaskError` for unknown names, and `ConfigError` for benchmarks without templates to pick from.
    """
    import_modules(modules)
    pairs = config.resolve()
    if best_template:
        _check_splits(config, pairs)
    return pairs


def score_benchmarks(
    model: LoadedModel,
    config: SuiteConfig,
    *,
    folder: pathlib.Path | None = None,
    modules: Sequence[str] = DEFAULT_MODULES,
    inputs_length: int = DEFAULT_INPUTS_LENGTH,
    batch_size: int = 32,
    best_template: bool = False,
    force: bool = False,
) -> BenchmarkScores:
    """Asks `model` every question that `folder`'s journal has no answer to, on all devices, and averages the answers.

    Args:
      model: from `load_model`.
      config: benchmarks, formats, limits, sampling.
      folder: where the journal, the tables and the page go; what is answered there is not asked again. None keeps
        nothing.
      modules: what registers benchmarks.
      inputs_length: longest prompt, tokens; exemplars beyond are dropped.
      batch_size: prompts at once, a multiple of the number of devices.
      best_template: also score the development split, and what the template that is best there gets on the test split
        (FLAN 2021).
      force: score benchmarks that the model was trained on, and say so in the results, instead of an error.

    Raises `TaskError` for unknown benchmarks and absent data, `ConfigError` for ones that the model was trained on.
    """
    pairs = check_benchmarks(config, modules=modules, best_template=best_template)
    if best_template:
        config = dataclasses.replace(config, split=TEST)
    history = trained_on(model.source)
    asked = [(b, b.split(config.split if config.split in b.splits else None)) for b, _ in pairs]
    found = findings(asked, training_tasks(history))
    if not force:
        refuse(found, str(model.source.path))
    params, mesh = on_all_devices(model.params)
    language_model = JaxLanguageModel(
        model.name,
        model.config,
        params,
        model.vocabulary,
        inputs_length=inputs_length,
        batch_size=batch_size,
        mesh=mesh,
    )
    with Journal(None if folder is None else folder / JOURNAL) as journal, shown_progress() as on_item:
        journal.claim(language_model.fingerprint, language_model.name)
        if journal.records:
            print(f"{journal.path} has {counted(len(journal.records), 'answer')}, not to be asked for again")
        best = {}
        if best_template:
            development = dataclasses.replace(config, split=DEVELOPMENT)
            best = {r.key: r for r in run_suite(development, language_model, journal, on_item).benchmarks}
        results = run_suite(config, language_model, journal, on_item, notes(found, history))
        templates = [t for test in results.benchmarks if test.key in best for t in best_templates(best[test.key], test)]
        scores = BenchmarkScores(results, dict(journal.records), tuple(templates))
    if folder is None:
        return scores
    settings = _settings(model, history, inputs_length, batch_size)
    return dataclasses.replace(scores, files=_write(folder, scores, settings))


def _check_splits(config: SuiteConfig, pairs: Sequence[tuple[Benchmark, Format]]) -> None:
    """Raises `ConfigError` for benchmarks without a split that picks a template."""
    if config.split not in ("", TEST):
        raise ConfigError(f"--best_template scores splits {DEVELOPMENT} and {TEST}: leave --split {config.split} out")
    for benchmark, _ in pairs:
        if not {DEVELOPMENT, TEST} <= set(benchmark.splits) or "flan2021" not in benchmark.tags:
            raise ConfigError(
                f"{benchmark.name} has no templates to pick from on a {DEVELOPMENT} split (its splits: "
                f"{', '.join(benchmark.splits)}): --best_template is for FLAN 2021's benchmarks, as flan_paraphrase"
            )


def _write(folder: pathlib.Path, scores: BenchmarkScores, settings: Mapping[str, str]) -> tuple[pathlib.Path, ...]:
    write_results(folder, scores.results)
    write_html(folder, scores.results, scores.records, settings, scores.templates)
    names = ["report.html", "results.md", "summary.json", JOURNAL]
    if scores.templates:
        write_text_atomically(folder / BEST_TEMPLATE, best_markdown(scores.templates))
        names.append(BEST_TEMPLATE)
    return tuple(folder / name for name in names)


def _settings(model: LoadedModel, history: TrainedOn, inputs_length: int, batch_size: int) -> dict[str, str]:
    """What the report says of how the model was asked, beside the results' own."""
    tasks = training_tasks(history)
    trained = f"{', '.join(history.mixtures)}: {counted(len(tasks), 'task')}" if history.mixtures else "not recorded"
    return {
        "checkpoint": str(model.source.path),
        "trained on": trained,
        "vocabulary": f"{model.vocabulary.path} ({model.vocabulary.fingerprint[:12]})",
        "activations": model.config.dtype,
        "longest prompt, tokens": str(inputs_length),
        "prompts at once": str(batch_size),
        "data folder": str(data_dir()),
        "flan_jax, JAX": f"{flan_jax.__version__}, {jax.__version__} on {jax.devices()[0].device_kind}",
    }
