"""Progress of a cache run: a bar for all splits and one for each being cached on a terminal, one plain line every few
seconds elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from flan_jax.core.terminal import console

PLAIN_EVERY_SECS = 5.0
NAMES_IN_A_LINE = 3

__all__ = ["CacheProgress"]


class CacheProgress:
    """Shows splits done, examples a second, and how far each split in work is, on standard output. A context manager;
    threads may share it."""

    def __init__(self, title: str, num_splits: int):
        self._title = title
        self._num_splits = num_splits
        self._done = 0
        self._num_examples = 0  # of finished splits
        self._working: dict[str, tuple[int, int]] = {}  # split in work -> (examples so far, rows)
        self._start = self._last = time.monotonic()
        self._lock = threading.Lock()
        self._bar: Progress | None = None
        self._bars: dict[str, TaskID] = {}
        if sys.stdout.isatty():
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[note]}", markup=False),
                TimeElapsedColumn(),
                console=console(),
            )
            self._bar_task = self._bar.add_task(title, total=num_splits, note="splits")

    def __enter__(self) -> CacheProgress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def update(self, name: str, num_examples: int, num_rows: int) -> None:
        """Split `name` is in work: `num_examples` of its `num_rows` (0 for unknown) are tokenised."""
        with self._lock:
            self._working[name] = (num_examples, num_rows)
            if self._bar is None:
                self._say_now_and_then()
                return
            if name not in self._bars:
                self._bars[name] = self._bar.add_task(f"  {name}", total=num_rows or None, note="examples")
            self._bar.update(self._bars[name], completed=num_examples)
            self._bar.update(self._bar_task, note=f"splits  {self._rate()}")

    def advance(self, name: str, num_examples: int) -> None:
        """Split `name` is done; `num_examples` of it were tokenised by this run."""
        with self._lock:
            self._working.pop(name, None)
            self._done += 1
            self._num_examples += num_examples
            if self._bar is None:
                self._say_now_and_then()
                return
            if name in self._bars:
                self._bar.remove_task(self._bars.pop(name))
            self._bar.update(self._bar_task, advance=1, note=f"splits  {self._rate()}")

    def say(self, line: str) -> None:
        """Prints a line without disturbing the bars."""
        if self._bar:
            self._bar.console.print(line, highlight=False, markup=False)
        else:
            print(line, flush=True)

    def _say_now_and_then(self) -> None:
        now = time.monotonic()
        if now - self._last <= PLAIN_EVERY_SECS:
            return
        self._last = now
        shown = list(self._working.items())[:NAMES_IN_A_LINE]
        parts = [f"{name} {done:,}" + (f" of {rows:,}" if rows else "") for name, (done, rows) in shown]
        more = f", {len(self._working) - len(parts)} more" if len(self._working) > len(parts) else ""
        working = f"; now {', '.join(parts)}{more}" if parts else ""
        print(f"{self._title}: {self._done} of {self._num_splits} splits, {self._rate()}{working}", flush=True)

    def _rate(self) -> str:
        num_examples = self._num_examples + sum(done for done, _ in self._working.values())
        return f"{num_examples:,} examples, {num_examples / max(time.monotonic() - self._start, 1e-9):,.0f}/s"
