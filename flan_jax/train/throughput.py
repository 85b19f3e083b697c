"""How fast steps are: how much arithmetic they need and what the devices could do, the two sides of MFU; profiles.

What a device can do is its maker's figure: cloud.google.com/tpu/docs (v2 to TPU7x), NVIDIA's data sheets. A TPU device
is what JAX shows for a topology that is compiled for ahead of time: one core of the two on v2, v3 and TPU7x chips, a
whole chip (on v4 and v5p its two cores together, "megacore") on the others.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping

import jax
from jax.sharding import Mesh

from flan_jax.core.errors import ConfigError
from flan_jax.models.family import ModelConfig
from flan_jax.train.config import TrainConfig

GIB = 2**30

__all__ = ["CHIPS", "Chip", "Meter", "chip_of", "peak_flops", "profiled", "step_flops"]


@dataclasses.dataclass(frozen=True)
class Chip:
    """One device of a generation.

    name: as in a topology's name. hbm_bytes: memory. peak_flops: dense bfloat16 operations a second. hbm_bytes_per_sec:
    memory bandwidth. ici_bytes_per_sec: what it can send over all its links to other chips together, one way.
    devices_per_chip: how many devices share a chip (and the chip's memory, bandwidth and links, of which each is given
    its part here).
    """

    name: str
    hbm_bytes: int
    peak_flops: float
    hbm_bytes_per_sec: float
    ici_bytes_per_sec: float
    devices_per_chip: int

    @property
    def balance(self) -> float:
        """Operations a byte of memory traffic at which arithmetic and memory take equally long."""
        return self.peak_flops / self.hbm_bytes_per_sec


def _chip(name: str, hbm_gib: float, tflops: float, hbm_gb: float, ici_gb: float, devices: int) -> Chip:
    """From the figures of a whole chip: GiB, TFLOP/s, GB/s, GB/s one way over all links."""
    return Chip(
        name,
        int(hbm_gib * GIB / devices),
        tflops * 1e12 / devices,
        hbm_gb * 1e9 / devices,
        ici_gb * 1e9 / devices,
        devices,
    )


# By `device_kind`. ICI: links x bandwidth of a link one way; the data sheets print both ways together, or Gbit/s.
CHIPS = {
    "TPU v2": _chip("v2", 16, 45, 700, 4 * 62, 2),
    "TPU v3": _chip("v3", 32, 123, 900, 4 * 82, 2),
    "TPU v4": _chip("v4", 32, 275, 1228, 6 * 50, 1),
    "TPU v5 lite": _chip("v5e", 16, 197, 819, 4 * 50, 1),
    "TPU v5": _chip("v5p", 95, 459, 2765, 6 * 100, 1),
    "TPU v6 lite": _chip("v6e", 32, 918, 1640, 4 * 100, 1),
    "TPU7x": _chip("tpu7x", 192, 2307, 7380, 6 * 100, 2),
}


def chip_of(device: jax.Device) -> Chip:
    """The generation of `device`. Raises `ConfigError` for one that the table does not have."""
    if device.device_kind not in CHIPS:
        raise ConfigError(
            f"device kind {device.device_kind!r} is not in the table of TPU generations ({', '.join(CHIPS)}): add its "
            f"memory and speeds to CHIPS in flan_jax/train/throughput.py"
        )
    return CHIPS[device.device_kind]


# Dense bfloat16 peak, floating-point operations a second a device, from the makers' data sheets.
_PEAK_FLOPS = {
    **{kind: chip.peak_flops for kind, chip in CHIPS.items()},
    "TPU v5e": CHIPS["TPU v5 lite"].peak_flops,
    "TPU v6e": CHIPS["TPU v6 lite"].peak_flops,
    "NVIDIA A100": 312e12,
    "NVIDIA H100": 989e12,
    "NVIDIA H200": 989e12,
}


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


def peak_flops(device: jax.Device, override: float | None = None) -> float | None:
    """A device's peak, `override` if given, None where it is not known (as for a CPU)."""
    if override is not None:
        return override
    kinds = [kind for kind in _PEAK_FLOPS if device.device_kind.startswith(kind)]
    # Drivers add to the names ("NVIDIA H100 80GB HBM3"), and "TPU v5" begins "TPU v5 lite": the longest that fits.
    return _PEAK_FLOPS[max(kinds, key=len)] if kinds else None


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
