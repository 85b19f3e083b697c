"""A recipe's train step, compiled for a slice: memory, arithmetic, communication, and the time that they bound."""

from __future__ import annotations

import dataclasses
import math
import re
import time
from collections import defaultdict
from typing import Any

import jax
from jax.sharding import Mesh

from flan_jax.tpu_plan.flops import all_equations, matmul_flops
from flan_jax.tpu_plan.hlo import Program, parse_program
from flan_jax.train.chips import Chip, chip_of

NUM_LARGEST = 8

__all__ = ["Memory", "StepPlan", "plan_step"]


@dataclasses.dataclass(frozen=True)
class Memory:
    """Bytes of a device's memory during a step.

    arguments: the state and the batch. outputs: results that do not reuse an argument's place. temporaries:
    activations, gradients, buffers. code: the program. limit: what the device has.
    """

    arguments: int
    outputs: int
    temporaries: int
    code: int
    limit: int

    @property
    def total(self) -> int:
        """All of it together."""
        return self.arguments + self.outputs + self.temporaries + self.code

    @property
    def margin(self) -> float:
        """Share of the device's memory that is left; below 0 where the step does not fit."""
        return 1 - self.total / self.limit


@dataclasses.dataclass(frozen=True)
class StepPlan:
    """What one step takes.

    Attributes:
      chip, num_devices, mesh, batch_size, microbatches, remat: what it was compiled for.
      num_params: the model's.
      memory: a device's. Where the compiler gave up, `refusal` holds why, and of the memory what is known without it.
      model_flops: of the batch, without what is computed again (`flan_jax.train.throughput.step_flops`).
      matmul_flops: of the batch, all matrix products that really run, loop bodies counted as often as they run.
      sent_bytes: kind of communication -> bytes a device sends in a step.
      hbm_bytes: bytes between a device and its memory in a step.
      largest: (array, bytes, where it comes from) of the largest arrays that a step makes: a device's part, or the
        whole mesh's where the compiler gave up before it had split them.
      compile_secs: how long the compiler took here.
    """

    chip: Chip
    num_devices: int
    mesh: dict[str, int]
    batch_size: int
    microbatches: int
    remat: str
    num_params: int
    memory: Memory
    model_flops: float
    matmul_flops: float
    sent_bytes: dict[str, float]
    hbm_bytes: float
    largest: tuple[tuple[str, int, str], ...]
    compile_secs: float
    refusal: str = ""

    @property
    def fits(self) -> bool:
        """Whether the compiler accepted it and it needs no more than the device has. XLA does not always refuse."""
        return not self.refusal and self.memory.margin >= 0

    @property
    def compute_secs(self) -> float:
        """Arithmetic at the chip's peak."""
        return self.matmul_flops / self.num_devices / self.chip.peak_flops

    @property
    def hbm_secs(self) -> float:
        """Memory traffic at the chip's bandwidth."""
        return self.hbm_bytes / self.chip.hbm_bytes_per_sec

    @property
    def ici_secs(self) -> float:
        """Communication over all of a device's links together: less is impossible, a ring over one axis takes more."""
        return sum(self.sent_bytes.values()) / self.chip.ici_bytes_per_sec

    @property
    def bound_secs(self) -> float:
        """The roofline (Williams et al. 2009): a step takes at least the longest of the three."""
        return max(self.compute_secs, self.hbm_secs, self.ici_secs)

    @property
    def bound_by(self) -> str:
        """Which of the three that is."""
        secs = {"arithmetic": self.compute_secs, "memory": self.hbm_secs, "network": self.ici_secs}
        return max(secs, key=secs.__getitem__)

    @property
    def mfu_bound(self) -> float:
        """Model FLOPs utilisation (Chowdhery et al. 2022, appendix B) of a step that takes `bound_secs`."""
        return self.model_flops / (self.num_devices * self.chip.peak_flops * self.bound_secs)


def plan_step(
    traced: jax.stages.Traced,
    mesh: Mesh,
    *,
    argument_bytes: int,
    model_flops: float,
    num_params: int,
    batch_size: int,
    microbatches: int,
    remat: str,
) -> StepPlan:
    """Compiles `traced` (`flan_jax.train.step.trace_step`) for the devices of `mesh`, and reads what came out.

    Args:
      argument_bytes: state and batch on one device, for the account of a step that the compiler refuses.
      model_flops: floating-point operations of a step (`step_flops`).
      num_params: number of parameters.
      batch_size: rows of the global batch.
      microbatches: parts that the batch is computed in.
      remat: what the backward pass computes again.
    """
    chip = chip_of(mesh.devices.flat[0])
    begin = time.monotonic()
    program, refusal = None, ""
    try:
        compiled = traced.lower().compile()
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        refusal = str(error).strip().splitlines()[0]
        memory = Memory(argument_bytes, 0, _bytes_in(refusal), 0, chip.hbm_bytes)
    else:
        memory = _memory(compiled.memory_analysis(), chip)
        program = parse_program(compiled.as_text())
    return StepPlan(
        chip=chip,
        num_devices=mesh.size,
        mesh=dict(mesh.shape),
        batch_size=batch_size,
        microbatches=microbatches,
        remat=remat,
        num_params=num_params,
        memory=memory,
        model_flops=model_flops,
        matmul_flops=matmul_flops(traced.jaxpr.jaxpr),
        sent_bytes={} if program is None else _sent_bytes(program),
        hbm_bytes=0.0 if program is None else program.hbm_bytes(),
        largest=_largest_traced(traced) if program is None else _largest(program),
        compile_secs=time.monotonic() - begin,
        refusal=refusal,
    )


def _memory(analysis: Any, chip: Chip) -> Memory:
    return Memory(
        arguments=analysis.argument_size_in_bytes,
        outputs=analysis.output_size_in_bytes - analysis.alias_size_in_bytes,
        temporaries=analysis.temp_size_in_bytes,
        code=analysis.generated_code_size_in_bytes,
        limit=chip.hbm_bytes,
    )


def _sent_bytes(program: Program) -> dict[str, float]:
    sent: defaultdict[str, float] = defaultdict(float)
    for collective in program.collectives():
        sent[collective.kind] += collective.sent_bytes
    return {kind: sent[kind] for kind in sorted(sent)}


def _largest(program: Program) -> tuple[tuple[str, int, str], ...]:
    return tuple((array.text, array.num_bytes, op_name) for array, op_name in program.largest(NUM_LARGEST))


def _largest_traced(traced: jax.stages.Traced) -> tuple[tuple[str, int, str], ...]:
    found: dict[str, tuple[int, str]] = {}
    for equation in all_equations(traced.jaxpr.jaxpr):
        for variable in equation.outvars:
            aval = variable.aval
            if isinstance(aval, jax.core.ShapedArray):
                size = math.prod(aval.shape) * aval.dtype.itemsize
                found.setdefault(aval.str_short(), (size, equation.primitive.name))
    ranked = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple((text, size, name) for text, (size, name) in ranked[:NUM_LARGEST])


def _bytes_in(refusal: str) -> int:
    """What the compiler says that it would have needed beside the arguments; 0 where it does not say."""
    match = re.search(r"\(([\d.]+)([KMGT])\) exceeds", refusal)
    return 0 if match is None else int(float(match[1]) * 2 ** (10 * (1 + "KMGT".index(match[2]))))
