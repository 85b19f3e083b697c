"""The table fault × tried × outcome, as Markdown."""

from __future__ import annotations

import collections
from collections.abc import Sequence

from faults.outcomes import BAD, GOOD, Trial

__all__ = ["table"]


def table(trials: Sequence[Trial]) -> str:
    """A row a kind of fault, in order of the first of each, and their sum; those that did not land are left out.

    Args:
      trials: of a campaign.
    """
    rows: dict[str, collections.Counter[str]] = {}
    for trial in trials:
        if trial.outcome in (*GOOD, *BAD):
            rows.setdefault(trial.fault, collections.Counter())[trial.outcome] += 1
    total: collections.Counter[str] = sum(rows.values(), collections.Counter())
    outcomes = (*GOOD, *BAD)
    lines = [f"| fault | tried | {' | '.join(outcomes)} |", f"|---|---:|{'---:|' * len(outcomes)}"]
    for fault, counts in [*sorted(rows.items()), ("**all**", total)]:
        cells = [f"{counts[outcome]:,}" if counts[outcome] else "" for outcome in outcomes]
        lines.append(f"| {fault} | {sum(counts.values()):,} | {' | '.join(cells)} |")
    return "\n".join(lines)
