"""What a run says while it runs: metrics.jsonl, TensorBoard files, and lines or a bar on the terminal.

Decisions never read any of it back. Process 0 writes; the others' `RunLog` does nothing.
"""

from __future__ import annotations

import json
import math
import os
import pathlib
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from flan_jax.core.disk import drop_lines_after, explain_full_disk, naming
from flan_jax.core.errors import CheckpointError, counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

# Where no terminal shows a bar: often enough to see that a run lives, seldom enough for a log of days.
PLAIN_LINE_SECS = 15.0

__all__ = ["METRICS_FILE", "RunLog"]

METRICS_FILE = "metrics.jsonl"


class RunLog:
    """Writes a run's metrics and tells the terminal about its progress. Use as a context manager.

    Args:
      model_dir: the run's folder.
      start_step: the step the run begins or continues at; what was logged after it is taken out.
      train_steps: where the bar ends.
      is_writer: whether this process writes anything.
      stream: the terminal or file to tell.
    """

    def __init__(
        self,
        model_dir: pathlib.Path,
        start_step: int,
        train_steps: int,
        is_writer: bool,
        stream: TextIO | None = None,
    ):
        self._model_dir = model_dir
        self._is_writer = is_writer
        self._train_steps = train_steps
        self._last_line_secs = -math.inf
        self._begin = time.monotonic()
        self._bar: Progress | None = None
        if not is_writer:
            return
        # Here, since of all processes only this one needs them.
        import tensorboardX

        from flan_jax.core.terminal import console

        stream = sys.stdout if stream is None else stream
        # `soft_wrap`: rich would break tables at 80 columns where the stream is a file.
        self._console = console(stream, highlight=False, soft_wrap=True)
        if num_damaged := drop_lines_after(model_dir / METRICS_FILE, start_step):
            self.say(f"{model_dir / METRICS_FILE} had {counted(num_damaged, 'damaged line')}, left out of the curves")
        self._file = open(model_dir / METRICS_FILE, "a")
        # purge_step hides the points of steps that a killed run had drawn and that happen again.
        self._board_dir = model_dir / "tensorboard"
        with naming(self._board_dir):
            self._board = tensorboardX.SummaryWriter(str(self._board_dir), purge_step=start_step + 1, flush_secs=30)
        if self._console.is_terminal:
            self._bar = _bar(self._console)
            self._task = self._bar.add_task("train", total=train_steps, completed=start_step, status="")

    def __enter__(self) -> RunLog:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        if self._is_writer:
            with naming(self._model_dir / METRICS_FILE):
                self._file.close()
            with naming(self._board_dir):
                self._board.close()

    def say(self, text: str) -> None:
        """One line (or several) to the terminal, now."""
        if self._is_writer:
            self._console.print(text)
            self._console.file.flush()

    def advance(self, step: int) -> None:
        """Moves the bar to `step`."""
        if self._bar is not None:
            self._bar.update(self._task, completed=step)

    def metrics(self, step: int, values: Mapping[str, float | None]) -> None:
        """One line of metrics.jsonl and a point a curve; on the terminal the bar's status, or a line now and then."""
        if not self._is_writer:
            return
        with explain_full_disk(self._model_dir):
            self._write({"step": step, **values})
            with naming(self._board_dir):
                for name, value in values.items():
                    if value is not None and math.isfinite(value):
                        self._board.add_scalar(f"train/{name}", value, step)
        status = _status(values)
        now = time.monotonic()
        if self._bar is not None:
            self._bar.update(self._task, completed=step, status=status)
        elif now - self._last_line_secs >= PLAIN_LINE_SECS or step == self._train_steps:
            self._last_line_secs = now
            minutes = (now - self._begin) / 60
            self.say(f"step {step:>7,}/{self._train_steps:,}  {status}  {minutes:6.1f} min")

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Points for TensorBoard only, such as an evaluation's (evals.jsonl has those in full)."""
        if self._is_writer:
            with naming(self._board_dir):
                for name, value in values.items():
                    self._board.add_scalar(f"eval/{name}", value, step)
                self._board.flush()

    def _check_is_there(self) -> None:
        """Raises `CheckpointError` where the file that lines go to has no name any more: all of them would be lost."""
        path = self._model_dir / METRICS_FILE
        try:
            is_there = os.path.samestat(os.stat(path), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            is_there = False
        if not is_there:
            raise CheckpointError(
                f"{path} is not the file any more that this run writes to: its folder was removed or replaced; "
                f"start the same again, which goes on from the newest checkpoint that is there"
            )

    def _write(self, line: Mapping[str, Any]) -> None:
        self._check_is_there()
        # NaN is not JSON.
        clean = {k: v if not isinstance(v, float) or math.isfinite(v) else str(v) for k, v in line.items()}
        with naming(self._model_dir / METRICS_FILE):
            self._file.write(json.dumps(clean) + "\n")
            # With the operating system now, so that a killed process loses no line.
            self._file.flush()


def _status(values: Mapping[str, float | None]) -> str:
    parts = [f"loss {values['loss']:.4f}", f"acc {values['accuracy']:.1%}"]
    if values.get("useful_tokens_per_sec") is not None:
        parts.append(f"{values['useful_tokens_per_sec']:,.0f} tok/s")
    if values.get("mfu") is not None:
        parts.append(f"MFU {values['mfu']:.1%}")
    if values.get("data_wait_share") is not None:
        parts.append(f"wait {values['data_wait_share']:.1%}")
    return "  ".join(parts)


def _bar(console: Console) -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[status]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
