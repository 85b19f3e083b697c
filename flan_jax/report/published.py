"""A benchmark's scores beside those that its papers published."""

from __future__ import annotations

from flan_jax.declare.benchmark import Published, get_benchmark
from flan_jax.evaluate.results.eval_results import TaskResult
from flan_jax.report.tables import percent

__all__ = ["about", "our_rows", "published_by_part", "published_rows"]


def published_rows(result: TaskResult) -> list[Published]:
    """Rows of the whole benchmark in the same format and split, best first."""
    rows = [
        row
        for row in get_benchmark(result.benchmark).published
        if row.format == result.published_format and row.split == result.split and not row.group
    ]
    return sorted(rows, key=lambda row: -row.score)


def our_rows(result: TaskResult) -> list[tuple[str, float]]:
    """(name, score in percent) to stand among the published rows: the mean over subtasks, and, where it differs, that
    over items, which some papers report."""
    name = f"this model{'' if result.is_complete else ' (not all items)'}"
    macro, micro = result.score, result.micro
    if len(result.subtasks) > 1 and micro is not None and percent(micro) != percent(macro):
        return [(f"{name}, mean over subtasks", 100.0 * macro), (f"{name}, mean over items", 100.0 * micro)]
    return [(name, 100.0 * macro)]


def published_by_part(result: TaskResult) -> tuple[list[str], list[tuple[str, list[float | None]]]]:
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


def about(result: TaskResult) -> str:
    """Paper, format and note, a sentence each."""
    benchmark = get_benchmark(result.benchmark)
    texts = (benchmark.paper, benchmark.format(result.format).description, benchmark.note)
    return " ".join(f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in texts if text)
