"""A device a core, for programs that run on the CPU.

XLA runs the operations of one CPU device one after the other, and spreads only the large ones over the cores. A model
as small as the demo's has none: on two cores two devices, each with half of the rows, train it half again as fast.
"""

from __future__ import annotations

import os

import jax

MOST = 4

__all__ = ["use_cores"]


def use_cores(batch_size: int) -> None:
    """Makes the CPU as many devices as there are cores, at most four, and as many as divide the rows of a batch.

    Affects the whole process, so only a program's entry point calls it, before JAX has looked for devices: after that,
    and where whoever started the program has said how many there are to be, nothing changes.

    Args:
      batch_size: rows of the global batch, as they are split over the devices.
    """
    told = getattr(jax.config, "jax_num_cpu_devices", 0)
    if told > 0 or "xla_force_host_platform_device_count" in os.environ.get("XLA_FLAGS", ""):
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    num_devices = max(n for n in range(1, min(cores, MOST) + 1) if batch_size % n == 0)
    try:
        jax.config.update("jax_num_cpu_devices", num_devices)
    except RuntimeError:  # JAX has its devices
        return
