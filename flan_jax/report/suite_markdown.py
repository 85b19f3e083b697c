"""A suite's results as Markdown: ours beside what was published, and how the numbers came about."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from flan_jax.core.disk import write_text_atomically
from flan_jax.evaluate.aggregates.best_template import BestTemplate
from flan_jax.evaluate.results.eval_results import EvalResults, TaskResult
from flan_jax.evaluate.results.files import write_summary
from flan_jax.report.published import (
    about,
    our_rows,
    published_by_part,
    published_by_scorer,
    published_cells,
    published_rows,
)
from flan_jax.report.tables import markdown_table, markdown_text, percent, share

TABLE = "results.md"

__all__ = ["TABLE", "best_markdown", "to_markdown", "write_results"]


def to_markdown(results: EvalResults) -> str:
    """The whole report: a headline table, then each benchmark's groups, subtasks, counts and published rows."""
    lines = [f"# {markdown_text(results.model)}", ""]
    lines += [f"> {markdown_text(note)}" for note in results.notes] + ([""] if results.notes else [])
    header = ("benchmark", "format", "split", "metric", "score", "95% interval", "chance", "items", "no answer")
    rows = []
    for r in results.benchmarks:
        interval = f"{percent(r.low)} to {percent(r.high)}"
        counts = (f"{r.n:,} of {r.num_examples:,}", share(r.num_unextracted, r.n))
        rows.append(
            (r.title, r.published_format, r.split, r.metric, percent(r.score), interval, percent(r.chance), *counts)
        )
    lines += markdown_table(header, rows)
    average = results.flan_normalised_average
    if average is not None:
        lines += [
            "",
            f"Normalised average of the six (Chung et al. 2022; lower bounds fitted, not the paper's): "
            f"**{percent(average)}**",
        ]
    if results.limit is not None:
        lines += [
            "",
            f"A sample: at most {results.limit} items a subtask, seed {results.seed}. Where all items of a small "
            f"sample score alike, resampling sees no spread, and the interval is too narrow.",
        ]
    for result in results.benchmarks:
        lines += ["", *_section(result)]
    return "\n".join(lines) + "\n"


def best_markdown(found: Sequence[BestTemplate]) -> str:
    """One line a data set, in percent."""
    header = ("data set", "template best on the development set", "of", "development", "test")
    rows = [
        (
            best.dataset,
            best.subtask,
            str(best.num_templates),
            *(percent(score) for score in (best.development_score, best.test_score, best.mean_score)),
        )
        for best in found
    ]
    return "\n".join(markdown_table((*header, "mean over templates, test"), rows)) + "\n"


def write_results(folder: pathlib.Path, results: EvalResults) -> None:
    """`summary.json` and `results.md` in `folder`, each whole or untouched."""
    write_summary(folder, results)
    write_text_atomically(folder / TABLE, to_markdown(results))


def _section(result: TaskResult) -> list[str]:
    lines = [f"## {result.title}, {result.published_format}, {result.split}", "", about(result), ""]
    rows: list[tuple[str, ...]] = [(f"**{name}**", f"**{score:.1f}**", "") for name, score in our_rows(result)]
    rows += [(row.model, f"{row.score:.1f}", row.source) for row in published_rows(result)]
    lines += markdown_table(("model", "score", "source"), sorted(rows, key=lambda row: -float(row[1].strip("*"))))
    parts, by_part = published_by_part(result)
    if parts:
        lines += ["", *markdown_table(("published by part", *parts), published_cells(by_part))]
    for scorer, (parts, by_part) in published_by_scorer(result).items():
        header = (f"published, by {scorer} (not comparable with ours)", *parts)
        lines += ["", *markdown_table(header, published_cells(by_part))]
    if result.groups:
        groups = [
            (name, percent(g.mean), percent(g.median), f"{percent(g.low_quartile)} to {percent(g.high_quartile)}")
            for name, g in result.groups.items()
        ]
        lines += ["", *markdown_table(("group", "mean", "median", "middle half"), groups)]
    if len(result.metrics) > 1 or len(result.subtasks) > 1:
        names = list(result.metrics)
        rows = [(s.name, *(percent(s.metrics[n]) for n in names), str(s.n)) for s in result.subtasks]
        whole = ("**mean**", *(percent(result.metrics[n]) for n in names), str(result.n))
        lines += ["", *markdown_table(("subtask", *names, "items"), [*rows, whole])]
    return [*lines, "", *_counts(result)]


def _counts(result: TaskResult) -> list[str]:
    n = result.n
    said = [
        ("num_unextracted", "{} had no extractable answer (scored wrong)"),
        ("num_tied", "{} ended in a tied vote (the answer given first counts)"),
        ("num_prompts_shortened", "{} lost exemplars of the prompt"),
        ("num_trimmed", "{} had a prompt too long even without exemplars, which lost its start"),
        ("num_unfinished", "{} had a generation cut at its limit"),
        ("num_unknown", "{} had a question with pieces that the vocabulary does not know"),
        ("num_unwritable", "{} have no accepted answer that the vocabulary can write"),
        ("num_too_long", "{} have no accepted answer short enough for a generation (max_tokens)"),
        ("num_not_finite", "{} had log-probabilities that are not numbers (ranked items scored wrong)"),
    ]
    found = [text.format(f"{count:,}") for field, text in said if (count := getattr(result, field))]
    tokens = f"{result.num_prompt_tokens:,} prompt and {result.num_generated_tokens:,} answer tokens"
    return [f"Of {n:,} items: {'; '.join([*found, tokens])}."]
