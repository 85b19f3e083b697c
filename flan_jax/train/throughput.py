"""How fast steps are: how much arithmetic they need and what the devices could do, the two sides of MFU; profiles."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable, Mapping

import jax
from jax.sharding import Mesh

from flan_jax.models.family import ModelConfig
from flan_jax.train.chips import peak_flops
from flan_jax.train.config import TrainConfig

__all__ = ["Meter", "Profiler", "step_flops"]


def step_flops(model: ModelConfig, batch_size: int, inputs_length: int, targets_length: int) -> float:
    """Floating-point operations of one training step: forward and twice as many backward (Kaplan et al. 2020).

    Counts matrix products at all positions, padding included, and full (not causal) attention; not what remat
    computes again, nor elementwise work, nor the look-up of embeddings.

    Args:
      model: the model's configuration.
      batch_size: rows.
      inputs_length: tokens of a row's inputs.
      targets_length: tokens of a row's targets.
    """
    return 3 * 2.0 * batch_size * model.multiply_adds(inputs_length, targets_length)


class Meter:
    """Means of the steps' metrics, and speeds, between two lines of the log.

    The clock leaves out evaluations and saves: `restart` it after them. A line stands for the steps since the last.
    """

    def __init__(self, config: TrainConfig, model: ModelConfig, mesh: Mesh):
        self._log_period, self._last_step = config.log_period, config.train_steps
        row_tokens = config.inputs_length + config.targets_length
        self._step_tokens = config.batch_size * row_tokens
        self._step_flops = step_flops(model, config.batch_size, config.inputs_length, config.targets_length)
        peak = peak_flops(mesh.devices.flat[0], config.peak_flops)
        self._peak_flops = None if peak is None else peak * mesh.size
        self._waits: list[float] = []
        self._steps: list[dict[str, float]] = []
        self._secs = 0.0
        self._since = time.monotonic()

    def restart(self) -> None:
        """Leaves the time since the last step out."""
        self._since = time.monotonic()

    def waited(self, secs: float) -> None:
        """Notes how long a step waited for its batch."""
        self._waits.append(secs)

    def add(self, step: int, values: Mapping[str, float]) -> dict[str, float | None] | None:
        """Takes the metrics of a finished step; returns a line's values when one is due."""
        now = time.monotonic()
        self._secs += now - self._since
        self._since = now
        self._steps.append(dict(values))
        if step % self._log_period and step != self._last_step:
            return None
        line = self._line()
        self._steps, self._waits, self._secs = [], [], 0.0
        return line

    def _line(self) -> dict[str, float | None]:
        num, secs = len(self._steps), max(self._secs, 1e-9)
        weight = sum(values["weight_sum"] for values in self._steps) or 1.0
        line: dict[str, float | None] = dict(self._steps[-1])
        for name in ("loss", "z_loss", "accuracy"):  # per unit of weight, as if the steps had been one
            line[name] = sum(values[name] * values["weight_sum"] for values in self._steps) / weight
        useful = sum(values["encoder_tokens"] + values["decoder_tokens"] for values in self._steps)
        line["step_secs"] = secs / num
        line["tokens_per_sec"] = num * self._step_tokens / secs
        line["useful_tokens_per_sec"] = useful / secs
        line["density"] = useful / (num * self._step_tokens)
        line["data_wait_secs"] = sum(self._waits) / max(1, len(self._waits))
        # At most 1: waits are noted a step before their step's time is, which the guard gives back one behind.
        line["data_wait_share"] = min(1.0, sum(self._waits) / secs)
        line["flops_per_sec"] = num * self._step_flops / secs
        line["mfu"] = None if self._peak_flops is None else num * self._step_flops / secs / self._peak_flops
        return line


class Profiler:
    """Records the steps of `TrainConfig.profile_steps` with JAX's profiler into MODEL_DIR/profile; the evaluation
    or save that comes after the last of them is left out. Use as a context manager."""

    def __init__(self, config: TrainConfig, model_dir: pathlib.Path, start_step: int, say: Callable[[str], None]):
        """Starts nothing yet.

        Args:
          config: names the steps, counted from 1 as in the log; None for none.
          model_dir: the run's folder.
          start_step: steps that are done already.
          say: takes a line for the log.
        """
        # No step is number 0, so that a run without them never begins.
        self._first, self._last = config.profile_steps or (0, 0)
        self._folder, self._say = model_dir / "profile", say
        self._since = 0  # the first step recorded; 0 while nothing is
        self._is_past = 0 < self._last <= start_step

    def __enter__(self) -> Profiler:
        if self._is_past:
            self._say(f"steps {self._first:,} to {self._last:,} are done already: none is profiled")
        return self

    def __exit__(self, *error: object) -> None:
        # A run that ends within the recorded steps still writes them.
        if self._since:
            self._write("its last")

    def begin(self, step: int) -> None:
        """Called before `step` is dispatched."""
        if self._since and step > self._last:
            self._write(f"{self._last:,}")
        elif not self._since and self._first <= step <= self._last:
            jax.profiler.start_trace(str(self._folder))
            self._since = step

    def end(self, step: int) -> None:
        """Called where the devices have finished `step` and something other than a step comes next."""
        if self._since and step >= self._last:
            self._write(f"{self._last:,}")

    def _write(self, until: str) -> None:
        jax.profiler.stop_trace()
        self._say(f"profile of steps {self._since:,} to {until} in {self._folder}")
        self._since = 0
