"""Results as Markdown: ours beside what was published, and how the numbers came about."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from flan_jax.core.manifest import write_json_atomically
from flan_jax.declare.benchmark import Published, get_benchmark
from flan_jax.evaluate.suite.results import BenchmarkResult, SuiteResults

__all__ = ["about", "our_rows", "published_by_part", "published_rows", "to_markdown", "write_results"]

SUMMARY, TABLE = "summary.json", "results.md"


def published_rows(result: BenchmarkResult) -> list[Published]:
    """Rows of the whole benchmark in the same format and split, best first."""
    rows = [
        row
        for row in get_benchmark(result.benchmark).published
        if row.format == result.published_format and row.split == result.split and not row.group
    ]
    return sorted(rows, key=lambda row: -row.score)


def our_rows(result: BenchmarkResult) -> list[tuple[str, float]]:
    """(name, score in percent) to stand among the published rows: the mean over subtasks, and, where it differs, that
    over items, which some papers report."""
    name = f"this model{'' if result.is_complete else ' (not all items)'}"
    rows = [(name, 100.0 * result.score)]
    if len(result.subtasks) > 1 and _percent(result.micro) != _percent(result.score):
        return [(f"{name}, mean over subtasks", rows[0][1]), (f"{name}, mean over items", 100.0 * result.micro)]
    return rows


def published_by_part(result: BenchmarkResult) -> tuple[list[str], list[tuple[str, list[float | None]]]]:
    """Groups or subtasks of which published scores are known, and (model, its scores in percent) with ours first; both
    empty where there are none."""
    rows: dict[str, dict[str, float]] = {}
    for row in get_benchmark(result.benchmark).published:
        if row.group and row.format == result.published_format and row.split == result.split:
            rows.setdefault(row.model, {})[row.group] = row.score
    known = {part for scores in rows.values() for part in scores}
    ours = {s.name: 100.0 * s.metrics[result.metric] for s in result.subtasks}
    ours |= {name: 100.0 * group.mean for name, group in result.groups.items()}
    parts = [part for part in ours if part in known]
    if not parts:
        return [], []
    return parts, [
        (model, [scores.get(part) for part in parts]) for model, scores in {"this model": ours, **rows}.items()
    ]


def about(result: BenchmarkResult) -> str:
    """Paper, format and note, a sentence each."""
    benchmark = get_benchmark(result.benchmark)
    texts = (benchmark.paper, benchmark.format(result.format).description, benchmark.note)
    return " ".join(f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in texts if text)


def to_markdown(results: SuiteResults) -> str:
    """The whole report: a headline table, then each benchmark's groups, subtasks, counts and published rows."""
    lines = [f"# {results.model}", ""]
    lines += [f"> {note}" for note in results.notes] + ([""] if results.notes else [])
    header = ("benchmark", "format", "split", "metric", "score", "95% interval", "chance", "items", "no answer")
    rows = []
    for r in results.benchmarks:
        interval = f"{_percent(r.low)} to {_percent(r.high)}"
        counts = (f"{r.count('n'):,} of {r.count('num_items'):,}", _share(r.count("num_unextracted"), r.count("n")))
        rows.append(
            (r.title, r.published_format, r.split, r.metric, _percent(r.score), interval, _percent(r.chance), *counts)
        )
    lines += _table(header, rows)
    average = results.flan_normalised_average
    if average is not None:
        lines += [
            "",
            f"Normalised average of the six (Chung et al. 2022; lower bounds fitted, not the paper's): "
            f"**{_percent(average)}**",
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


def write_results(folder: pathlib.Path, results: SuiteResults) -> None:
    """`summary.json` and `results.md` in `folder`, each whole or untouched."""
    write_json_atomically(folder / SUMMARY, results.to_json())
    partial = folder / f".{TABLE}.partial"
    partial.write_text(to_markdown(results))
    partial.replace(folder / TABLE)


def _section(result: BenchmarkResult) -> list[str]:
    lines = [f"## {result.title}, {result.published_format}, {result.split}", "", about(result), ""]
    rows: list[tuple[str, ...]] = [(f"**{name}**", f"**{score:.1f}**", "") for name, score in our_rows(result)]
    rows += [(row.model, f"{row.score:.1f}", row.source) for row in published_rows(result)]
    lines += _table(("model", "score", "source"), sorted(rows, key=lambda row: -float(row[1].strip("*"))))
    parts, by_part = published_by_part(result)
    if parts:
        cells = [(model, *("-" if s is None else f"{s:.1f}" for s in scores)) for model, scores in by_part]
        lines += ["", *_table(("published by part", *parts), cells)]
    if result.groups:
        groups = [
            (name, _percent(g.mean), _percent(g.median), f"{_percent(g.low_quartile)} to {_percent(g.high_quartile)}")
            for name, g in result.groups.items()
        ]
        lines += ["", *_table(("group", "mean", "median", "middle half"), groups)]
    if len(result.metrics) > 1 or len(result.subtasks) > 1:
        names = list(result.metrics)
        rows = [(s.name, *(_percent(s.metrics[n]) for n in names), str(s.n)) for s in result.subtasks]
        whole = ("**mean**", *(_percent(result.metrics[n]) for n in names), str(result.count("n")))
        lines += ["", *_table(("subtask", *names, "items"), [*rows, whole])]
    return [*lines, "", *_counts(result)]


def _counts(result: BenchmarkResult) -> list[str]:
    n = result.count("n")
    said = [
        ("num_unextracted", "{} had no extractable answer (scored wrong)"),
        ("num_tied", "{} votes were tied (the answer given first counts)"),
        ("num_prompts_shortened", "{} prompts lost exemplars"),
        ("num_trimmed", "{} prompts were too long even without exemplars and lost their start"),
        ("num_unfinished", "{} generations were cut at their limit"),
        ("num_not_finite", "{} had log-probabilities that are not numbers (ranked items scored wrong)"),
    ]
    found = [text.format(f"{count:,}") for field, text in said if (count := result.count(field))]
    tokens = f"{result.count('num_prompt_tokens'):,} prompt and {result.count('num_generated_tokens'):,} answer tokens"
    return [f"Of {n:,} items: {'; '.join([*found, tokens])}."]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(header)} |", "|" + "---|" * len(header)]
    return lines + [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _share(count: int, n: int) -> str:
    return f"{100 * count / n:.0f}%" if count else "0"
