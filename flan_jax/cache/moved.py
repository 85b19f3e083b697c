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
    "flan_jax.evaluate.plots": "flan_jax.report.run_figures",
    "flan_jax.evaluate.report": "flan_jax.report",
    "flan_jax.evaluate.suite.BenchmarkResult": "flan_jax.evaluate.TaskResult",
    "flan_jax.evaluate.suite.SuiteResults": "flan_jax.evaluate.EvalResults",
    "flan_jax.evaluate.suite.to_markdown": "flan_jax.report.suite_markdown.to_markdown",
    "flan_jax.evaluate.suite.write_results": "flan_jax.report.suite_markdown.write_results",
    "flan_jax.plan": "flan_jax.tpu_plan",
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
