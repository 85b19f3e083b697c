"""A benchmark's scores beside those that its papers published; those of another scorer than ours by themselves."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from flan_jax.declare.benchmark import Published, get_benchmark
from flan_jax.evaluate.results.eval_results import TaskResult
from flan_jax.report.tables import percent

__all__ = ["about", "our_rows", "published_by_part", "published_by_scorer", "published_cells", "published_rows"]


def published_rows(result: TaskResult) -> list[Published]:
    """Rows of the whole benchmark in the same format and split, scored as ours are, best first."""
    rows = [row for row in _published(result) if not row.group and not row.scorer]
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
    rows = _by_model([row for row in _published(result) if row.group and not row.scorer])
    known = {part for scores in rows.values() for part in scores}
    ours = {s.name: 100.0 * s.metrics[result.metric] for s in result.subtasks}
    ours |= {name: 100.0 * group.mean for name, group in result.groups.items()}
    parts = [part for part in ours if part in known]
    if not parts:
        return [], []
    return parts, [
        (model, [scores.get(part) for part in parts]) for model, scores in {"this model": ours, **rows}.items()
    ]


def published_by_scorer(result: TaskResult) -> dict[str, tuple[list[str], list[tuple[str, list[float | None]]]]]:
    """Another scorer than ours -> (parts, (model, its scores in percent)), of the same format and split: figures that
    mean something else than ours, for a table of their own. The part of the whole benchmark is called "all"."""
    rows = [dataclasses.replace(row, group=row.group or "all") for row in _published(result) if row.scorer]
    found = {}
    for scorer in dict.fromkeys(row.scorer for row in rows):
        mine = [row for row in rows if row.scorer == scorer]
        parts = list(dict.fromkeys(row.group for row in mine))
        by_model = [(model, [scores.get(part) for part in parts]) for model, scores in _by_model(mine).items()]
        found[scorer] = (parts, by_model)
    return found


def published_cells(by_part: Sequence[tuple[str, Sequence[float | None]]]) -> list[tuple[str, ...]]:
    """A table's rows of (model, its scores in percent); a hyphen for one that is not known."""
    return [(model, *("-" if score is None else f"{score:.1f}" for score in scores)) for model, scores in by_part]


def _published(result: TaskResult) -> list[Published]:
    """Rows of the same format and split."""
    rows = get_benchmark(result.benchmark).published
    return [row for row in rows if row.format == result.published_format and row.split == result.split]


def _by_model(rows: Sequence[Published]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        found.setdefault(row.model, {})[row.group] = row.score
    return found


def about(result: TaskResult) -> str:
    """Paper, format and note, a sentence each."""
    benchmark = get_benchmark(result.benchmark)
    texts = (benchmark.paper, benchmark.format(result.format).description, benchmark.note)
    return " ".join(f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in texts if text)
