"""How far a job is: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

SECS_BETWEEN_LINES = 30.0

__all__ = ["shown_progress"]


@contextlib.contextmanager
def shown_progress() -> Iterator[Callable[[int, int], None]]:
    """Gives a function to call with (done, total); the bar is gone afterwards."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    columns = (TextColumn("scoring"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as progress:
        bar = progress.add_task("scoring", total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)


def _lines() -> Callable[[int, int], None]:
    """Progress as a plain line now and then, with the time left at the pace so far."""
    start, first, last = time.monotonic(), -1, 0.0

    def on_item(done: int, total: int) -> None:
        nonlocal first, last
        now = time.monotonic()
        first = done if first < 0 else first
        if done == total or now - last >= SECS_BETWEEN_LINES:
            pace = (done - first) / max(now - start, 1e-9)
            left = f", {(total - done) / pace:,.0f} s left" if done > first and done < total else ""
            print(f"scored {done:,} of {total:,}{left}", file=sys.stderr, flush=True)
            last = now

    return on_item
