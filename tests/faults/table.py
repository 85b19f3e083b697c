"""The tables fault × tried × outcome, as Markdown, and their place in docs/reliability.md."""

from __future__ import annotations

import collections
import datetime
import os
import platform
import re
import subprocess
from collections.abc import Callable, Iterable, Sequence

from shared import ROOT

from faults.outcomes import BAD, GOOD, Trial

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- faults: written by `make faults` -->", "<!-- faults: end -->"
# Family of a trial's id -> its table's title, and what a row is, of the trial's fault "WAY: WHAT".
_TABLES: tuple[tuple[str, tuple[str, ...], Callable[[str, str], str]], ...] = (
    ("killed in", ("kill",), lambda way, what: what),
    ("calls that fail", ("fail",), lambda way, what: f"{what} fails with {way}"),
    ("damaged files, by file", ("damage",), lambda way, what: what),
    ("damaged files, by damage", ("damage",), lambda way, what: way),
    ("full disks", ("disk",), lambda way, what: what),
    ("nonsense", ("setting", "flag", "gin"), lambda way, what: what),
)

__all__ = ["PAGE", "tables", "write_page"]


def tables(trials: Sequence[Trial]) -> str:
    """A table a family of faults, and one of all of them; trials whose fault did not land are left out and counted.

    Args:
      trials: of a campaign.
    """
    tried = [trial for trial in trials if trial.outcome in (*GOOD, *BAD)]
    parts = [_table("all", {"all": collections.Counter(trial.outcome for trial in tried)})]
    for title, families, row_of in _TABLES:
        rows: dict[str, collections.Counter[str]] = {}
        for trial in tried:
            if trial.id.partition("/")[0] in families:
                way, _, what = trial.fault.partition(": ")
                rows.setdefault(row_of(way, what), collections.Counter())[trial.outcome] += 1
        if rows:
            parts.append(_table(title, dict(sorted(rows.items()))))
    if missed := len(trials) - len(tried):
        parts.append(f"{missed} more faults did not land where they were meant to, and are not counted.")
    return "\n\n".join(parts)


def _table(title: str, rows: dict[str, collections.Counter[str]]) -> str:
    seen = [outcome for outcome in BAD if any(counts[outcome] for counts in rows.values())]
    outcomes = (*GOOD, *(BAD if title == "all" else seen))
    lines = [f"| {title} | tried | {' | '.join(outcomes)} |", f"|---|---:|{'---:|' * len(outcomes)}"]
    for name, counts in rows.items():
        cells = [f"{counts[outcome]:,}" if counts[outcome] or title == "all" else "" for outcome in outcomes]
        lines.append(f"| {name} | {sum(counts.values()):,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write_page(trials: Sequence[Trial], command: str, secs: float) -> None:
    """Puts the tables between the page's marks, with how they came about.

    Args:
      trials: of a campaign.
      command: that gives them again.
      secs: that it took.
    """
    text = PAGE.read_text()
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    assert pattern.search(text), f"{PAGE} has no place for the tables"
    made = f"`{command}`, {_commit()}, {datetime.date.today()}, {os.cpu_count()} cores of {_processor()}, "
    made += f"Python {platform.python_version()}: {secs / 60:.0f} minutes."
    PAGE.write_text(pattern.sub(lambda match: "\n\n".join([BEGIN, made, tables(trials), END]), text))


def _commit() -> str:
    words = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return f"commit {done.stdout.strip()}" if done.returncode == 0 else "no commit"


def _processor() -> str:
    with open("/proc/cpuinfo") as file:
        return _first(line.partition(":")[2].strip() for line in file if line.startswith("model name"))


def _first(names: Iterable[str]) -> str:
    return next(iter(names), platform.machine())
