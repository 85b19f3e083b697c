"""How fast steps are: how much arithmetic they need and what the devices could do, the two sides of MFU; profiles."""

from __future__ import annotations

import contextlib
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping

import jax
from jax.sharding import Mesh

from flan_jax.models.family import ModelConfig
from flan_jax.train.chips import peak_flops
from flan_jax.train.config import TrainConfig

__all__ = ["Meter", "profiled", "step_flops"]


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


@contextlib.contextmanager
def profiled(config: TrainConfig, model_dir: pathlib.Path) -> Iterator[Callable[[int], None]]:
    """Gives a function to call before each step, which records the steps of `config.profile_steps`."""
    first, last = config.profile_steps or (None, None)
    is_on = False

    def before(step: int) -> None:
        nonlocal is_on
        if step == first:
            jax.profiler.start_trace(str(model_dir / "profile"))
            is_on = True
        elif is_on and last is not None and step > last:
            jax.profiler.stop_trace()
            is_on = False

    try:
        yield before
    finally:
        # A run that ends within the recorded steps still writes them.
        if is_on:
            jax.profiler.stop_trace()
