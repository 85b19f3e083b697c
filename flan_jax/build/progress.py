"""Progress of a cache run: a bar on a terminal, one plain line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

PLAIN_EVERY_SECS = 5.0

__all__ = ["CacheProgress"]


class CacheProgress:
    """Shows splits done and examples a second on standard output. Use as a context manager."""

    def __init__(self, title: str, num_splits: int):
        self._title = title
        self._num_splits = num_splits
        self._done = 0
        self._num_examples = 0
        self._start = self._last = time.monotonic()
        self._bar: Progress | None = None
        if sys.stdout.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("splits  {task.fields[rate]}"),
                TimeElapsedColumn(),
                console=Console(file=sys.stdout),
            )
            self._bar_task = self._bar.add_task(title, total=num_splits, rate="")

    def __enter__(self) -> CacheProgress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def advance(self, num_examples: int) -> None:
        """One split more is done, in which `num_examples` were tokenised."""
        self._done += 1
        self._num_examples += num_examples
        now = time.monotonic()
        if self._bar:
            self._bar.update(self._bar_task, advance=1, rate=self._rate(now))
        elif now - self._last > PLAIN_EVERY_SECS:
            self._last = now
            print(f"{self._title}: {self._done} of {self._num_splits} splits, {self._rate(now)}", flush=True)

    def say(self, line: str) -> None:
        """Prints a line without disturbing the bar."""
        if self._bar:
            self._bar.console.print(line, highlight=False, markup=False)
        else:
            print(line, flush=True)

    def _rate(self, now: float) -> str:
        return f"{self._num_examples:,} examples, {self._num_examples / max(now - self._start, 1e-9):,.0f}/s"
