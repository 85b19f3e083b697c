"""What accelerators can do, a JAX device at a time: the TPU generations, and peaks of GPUs.

Figures are the makers': cloud.google.com/tpu/docs (v2 to TPU7x), NVIDIA's data sheets. A TPU device is what JAX shows
for a topology that is compiled for ahead of time: one core of the two on v2, v3 and TPU7x chips, a whole chip (on v4
and v5p its two cores together, "megacore") on the others.
"""

from __future__ import annotations

import dataclasses

import jax

from flan_jax.core.errors import ConfigError

GIB = 2**30

__all__ = ["CHIPS", "Chip", "chip_of", "peak_flops"]


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


# Dense bfloat16 peak, floating-point operations a second a device, from the makers' data sheets.
_PEAK_FLOPS = {
    **{kind: chip.peak_flops for kind, chip in CHIPS.items()},
    "TPU v5e": CHIPS["TPU v5 lite"].peak_flops,
    "TPU v6e": CHIPS["TPU v6 lite"].peak_flops,
    "NVIDIA A100": 312e12,
    "NVIDIA H100": 989e12,
    "NVIDIA H200": 989e12,
}


def chip_of(device: jax.Device) -> Chip:
    """The generation of `device`. Raises `ConfigError` for one that the table does not have."""
    if device.device_kind not in CHIPS:
        raise ConfigError(
            f"device kind {device.device_kind!r} is not in the table of TPU generations ({', '.join(CHIPS)}): add its "
            f"memory and speeds to flan_jax/train/chips.py"
        )
    return CHIPS[device.device_kind]


def peak_flops(device: jax.Device, override: float | None = None) -> float | None:
    """A device's peak, `override` if given, None where it is not known (as for a CPU)."""
    if override is not None:
        return override
    kinds = [kind for kind in _PEAK_FLOPS if device.device_kind.startswith(kind)]
    # Drivers add to the names ("NVIDIA H100 80GB HBM3"), and "TPU v5" begins "TPU v5 lite": the longest that fits.
    return _PEAK_FLOPS[max(kinds, key=len)] if kinds else None
