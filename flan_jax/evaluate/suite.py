"""Asks a model every question of the chosen benchmarks that the journal has no answer to, and averages the answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flan_jax.core.vocabulary import Vocabulary
from flan_jax.evaluate.ask import ask
from flan_jax.evaluate.ceiling import ceiling_note, ceilings, too_long, unknown_questions
from flan_jax.evaluate.language_models.requests import LanguageModel
from flan_jax.evaluate.results.benchmarks import benchmark_result
from flan_jax.evaluate.results.eval_results import EvalResults, TaskResult
from flan_jax.evaluate.results.journal import Journal
from flan_jax.evaluate.results.record import Record
from flan_jax.evaluate.suite_config import SuiteConfig
from flan_jax.evaluate.work import Part, list_work

Progress = Callable[[int, int], None]

__all__ = ["Progress", "run_suite"]


def run_suite(
    config: SuiteConfig,
    model: LanguageModel,
    journal: Journal,
    on_item: Progress | None = None,
    notes: Sequence[str] = (),
    *,
    step: int = 0,
    group: str = "",
) -> EvalResults:
    """Scores `model`; deterministic.

    Args:
      config: benchmarks, formats, limits, sampling.
      model: anything with the methods of `LanguageModel`.
      journal: open; what it has is not asked again, what is asked is added to it at once.
      on_item: `on_item(done, total)` after each item, those of the journal counted as done.
      notes: sentences for whoever reads the results, such as that the model was trained on a benchmark.
      step: of the model, 0 where it is not known.
      group: "selection" or "report" inside a run.
    """
    start = time.monotonic()
    parts = list_work(config, model)
    everything = [work for part in parts for work in part.work]
    todo = [work for work in everything if work.key not in journal.records]
    done = len(everything) - len(todo)
    if on_item is not None:
        on_item(done, len(everything))
    for record in ask(todo, model, journal):
        journal.add(record)
        done += 1
        if on_item is not None:
            on_item(done, len(everything))
    vocabulary = getattr(model, "vocabulary", None)
    of_model = getattr(model, "settings", {})
    results = [_average(part, journal, config, group, vocabulary, of_model) for part in parts if part.work]
    return EvalResults(
        step=step,
        tasks={result.task: result for result in results},
        secs=time.monotonic() - start,
        num_tokens=sum(result.num_generated_tokens for result in results),
        model=model.name,
        fingerprint=model.fingerprint,
        seed=config.seed,
        limit=config.limit,
        num_asked=len(todo),
        notes=(
            *notes,
            *(note for part in parts for note in part.notes),
            *(note for r in results if (note := ceiling_note(r.task, r.ceiling, r.num_unwritable, r.n))),
        ),
    )


def _average(
    part: Part,
    journal: Journal,
    config: SuiteConfig,
    group: str,
    vocabulary: Vocabulary | None,
    of_model: Mapping[str, Any],
) -> TaskResult:
    records: dict[str, list[Record]] = {}
    for work in part.work:
        records.setdefault(work.item.subtask, []).append(journal.records[work.key])
    return benchmark_result(
        part.benchmark,
        part.format,
        part.split,
        part.sampling,
        records,
        part.num_items,
        group=group,
        num_samples=config.num_samples,
        confidence=config.confidence,
        num_resamples=config.num_resamples,
        seed=config.seed,
        ceilings=None if vocabulary is None else ceilings(vocabulary, part.work),
        unknown=() if vocabulary is None else unknown_questions(vocabulary, part.work),
        too_long=() if vocabulary is None else too_long(vocabulary, part.work),
        scored_by=part.scored_by,
        settings={**of_model, **part.settings, **({"seed": config.seed} if part.sampling else {})},
    )
