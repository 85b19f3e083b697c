"""Where modules of before are now, for the one line that a user's module gets that still imports them by their old
names. The modules themselves are gone: two names of one thing would both be written for ever."""

from __future__ import annotations

import re

# Old name -> new name, with what has another name there in brackets. Names below an old package count as its own.
MOVED = {
    "flan_jax.build": "flan_jax.cache",
    "flan_jax.build.cache": "flan_jax.cache.build",
    "flan_jax.build.evaluation_texts": "flan_jax.evaluate.contamination.texts",
    "flan_jax.build.mixing": "flan_jax.cache.rates",
    "flan_jax.core.benchmark": "flan_jax.declare.benchmark (Sampling: SampleSettings)",
    "flan_jax.core.data_dir": "flan_jax.sources.data_dir",
    "flan_jax.core.demonstrations": "flan_jax.tasks.demonstrations.curate",
    "flan_jax.core.demonstrations_readers": "flan_jax.tasks.demonstrations.readers",
    "flan_jax.core.files": "flan_jax.sources (add_templated_task: flan_jax.declare)",
    "flan_jax.core.files.templated": "flan_jax.declare.templated",
    "flan_jax.core.formats": "flan_jax.declare.formats (Steerable, Wordings: flan_jax.declare.formatted)",
    "flan_jax.core.known_counts": "flan_jax.declare.known_counts",
    "flan_jax.core.overlap": "flan_jax.evaluate.contamination.overlap",
    "flan_jax.core.procedural": "flan_jax.tasks.procedural.family",
    "flan_jax.core.promptsource": "flan_jax.tasks.promptsource.templates",
    "flan_jax.core.promptsource_jinja": "flan_jax.tasks.promptsource.jinja",
    "flan_jax.core.sources": "flan_jax.tasks.niv2.task_file (TsvSource: flan_jax.sources.CsvSource)",
    "flan_jax.core.styles": "flan_jax.declare.styles",
    "flan_jax.core.suggest": "flan_jax.core.errors",
    "flan_jax.core.suites": "flan_jax.declare.task_folders (add_suite: add_task_folder)",
    "flan_jax.core.task": "flan_jax.declare (Row, Source: flan_jax.sources)",
    "flan_jax.core.templates": "flan_jax.declare.templates",
    "flan_jax.core.tfds_source": "flan_jax.sources.tfds",
    "flan_jax.core.vocab": "flan_jax.core.vocabulary (SentencePieceVocabulary: flan_jax.core.sentencepiece)",
    "flan_jax.data.decoder_rows": "flan_jax.data.rows",
    "flan_jax.data.feed": "flan_jax.data.batches",
    "flan_jax.data.mixing": "flan_jax.data.draws",
    "flan_jax.data.rows.BatchReader": "flan_jax.data.batches.BatchReader",
    "flan_jax.data.rows.batch_at": "flan_jax.data.batches.batch_at",
    "flan_jax.evaluate.cross_lingual": "flan_jax.evaluate.metrics.cross_lingual",
    "flan_jax.evaluate.judges": "flan_jax.evaluate.metrics.judges",
    "flan_jax.evaluate.plots": "flan_jax.report.run_figures",
    "flan_jax.evaluate.report": "flan_jax.report",
    "flan_jax.evaluate.scoring": "flan_jax.evaluate.metrics (register_scorer: register_metric)",
    "flan_jax.evaluate.suite.BenchmarkResult": "flan_jax.evaluate.TaskResult",
    "flan_jax.evaluate.suite.SuiteResults": "flan_jax.evaluate.EvalResults",
    "flan_jax.evaluate.suite.batching": "flan_jax.evaluate.language_models.grid_batches",
    "flan_jax.evaluate.suite.config": "flan_jax.evaluate.suite_config",
    "flan_jax.evaluate.suite.figures": "flan_jax.report.suite_figures",
    "flan_jax.evaluate.suite.html": "flan_jax.report.suite_page",
    "flan_jax.evaluate.suite.in_training": "flan_jax.evaluate.in_training",
    "flan_jax.evaluate.suite.jax_model": "flan_jax.evaluate.language_models.jax_model",
    "flan_jax.evaluate.suite.journal": "flan_jax.evaluate.results.journal",
    "flan_jax.evaluate.suite.language_model": "flan_jax.evaluate.language_models.requests",
    "flan_jax.evaluate.suite.prompts": "flan_jax.evaluate.prompts",
    "flan_jax.evaluate.suite.results": "flan_jax.evaluate.results.benchmarks",
    "flan_jax.evaluate.suite.runner": "flan_jax.evaluate.suite",
    "flan_jax.evaluate.suite.tables": "flan_jax.report.suite_markdown",
    "flan_jax.evaluate.suite.to_markdown": "flan_jax.report.suite_markdown.to_markdown",
    "flan_jax.evaluate.suite.write_results": "flan_jax.report.suite_markdown.write_results",
    "flan_jax.evaluate.toxicity": "flan_jax.evaluate.metrics.toxicity",
    "flan_jax.plan": "flan_jax.tpu_plan",
    "flan_jax.train.checkpoint": "flan_jax.checkpoints.store (CheckpointMeta: flan_jax.checkpoints.checkpoint)",
    "flan_jax.train.compile": "flan_jax.train.step",
    "flan_jax.train.initial": "flan_jax.checkpoints.find",
    "flan_jax.train.lineage": "flan_jax.checkpoints.lineage",
    "flan_jax.train.stop": "flan_jax.train.guard",
    "flan_jax.train.tuning": "flan_jax.models.tuning",
    "flan_jax.train.weights": "flan_jax.checkpoints.weights",
}
# A package of before that is a module now: what else it had.
MOVED |= {
    f"flan_jax.evaluate.suite.{name}": f"flan_jax.evaluate.{name}"
    for name in (
        "SELF_CONSISTENCY",
        "GenerateRequest",
        "Generated",
        "GroupResult",
        "JaxLanguageModel",
        "RankRequest",
        "Ranked",
        "SubtaskResult",
    )
}

__all__ = ["MOVED", "describe_move"]


def describe_move(error: ImportError) -> str | None:
    """ "OLD is NEW now" for the import of something that has moved; None for any other."""
    wanted = error.name or ""
    if match := re.match(r"cannot import name '(\w+)' from '([\w.]+)'", str(error)):  # from flan_jax.core import task
        wanted = f"{match[2]}.{match[1]}"
    old = wanted
    while old and old not in MOVED:
        old = old.rpartition(".")[0]
    return f"{old} is {MOVED[old]} now" if old else None
