"""Meshes, microbatches and remat policies for a recipe, tried and ranked."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Literal, get_args

from flan_jax.core.errors import ConfigError
from flan_jax.models.family import Remat
from flan_jax.tpu_plan.step_plan import StepPlan

LARGEST_MODEL_AXIS = 64

__all__ = ["Layout", "layouts", "ranked"]


@dataclasses.dataclass(frozen=True)
class Layout:
    """One way to run the same step. mesh: sizes of data, fsdp and model. activation_dims: as in `TrainConfig`."""

    mesh: tuple[int, int, int]
    microbatches: int
    remat: Remat
    activation_dims: Literal[1, 2] = 1

    def gin_lines(self) -> list[str]:
        """What to paste into the recipe."""
        data, fsdp, model = self.mesh
        return [
            f"DATA_AXIS = {data}",
            f"FSDP_AXIS = {fsdp}",
            f"MODEL_AXIS = {model}",
            f"ACTIVATION_PARTITIONING_DIMS = {self.activation_dims}",
            f"MICROBATCHES = {self.microbatches}",
            f"REMAT = '{self.remat}'",
        ]


def layouts(num_devices: int, batch_size: int, sizes: Sequence[int], limit: int) -> list[Layout]:
    """The `limit` layouts most worth compiling, each of which divides everything it has to.

    The devices that the model axis leaves are all given to fsdp, which splits the parameters and makes large models
    fit, or all to data, which keeps whole replicas and sends no parameters. What costs time comes late: microbatches,
    remat, activations split two ways, then larger model axes.

    Args:
      num_devices: devices of the slice.
      batch_size: rows a step.
      sizes: what the model axis splits: heads, vocabulary rows, mlp width.
      limit: how many.

    Raises `ConfigError` where nothing divides.
    """
    common = math.gcd(*sizes)
    found: list[tuple[tuple[int, ...], Layout]] = []
    for model in _divisors(num_devices):
        if model > LARGEST_MODEL_AXIS or common % model:
            continue
        rows_axis = num_devices // model
        for microbatches in _divisors(batch_size):
            if batch_size % (rows_axis * microbatches):
                continue
            for data in sorted({1, rows_axis}):
                for dims in (1, 2) if model > 1 else (1,):
                    for cost, remat in enumerate(get_args(Remat)):
                        layout = Layout((data, rows_axis // data, model), microbatches, remat, dims)
                        price = cost + int(math.log2(microbatches)) + dims - 1
                        found.append(((price, int(math.log2(model)), data), layout))
    if not found:
        fitting = [n for n in _divisors(common) if n <= LARGEST_MODEL_AXIS]
        raise ConfigError(
            f"no mesh of {num_devices} devices divides a batch of {batch_size} rows: the model axis may be one of "
            f"{', '.join(map(str, fitting))}, and the other devices must divide the rows; use a larger batch or a "
            f"smaller slice"
        )
    found.sort(key=lambda item: item[0])
    return [layout for _, layout in found[:limit]]


def ranked(plans: Sequence[tuple[Layout, StepPlan]]) -> list[tuple[Layout, StepPlan]]:
    """Best first: those that fit, by the roofline's time, then by memory left; then the others by what they lack."""
    return sorted(
        plans,
        key=lambda item: (
            not item[1].fits,
            item[1].bound_secs if item[1].fits else 0.0,
            -item[1].memory.margin,
        ),
    )


def _divisors(number: int) -> Iterator[int]:
    return (n for n in range(1, number + 1) if number % n == 0)
