"""A plan as text, as a row of a table, and as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from flan_jax.tpu_plan.step_plan import StepPlan
from flan_jax.train.chips import GIB

ROW_HEADER = (
    "| recipe | slice (devices) | data x fsdp x model | microbatches, remat | GiB of a device's | margin | "
    "roofline | bound by | MFU there |\n|---|---|---|---|---|---|---|---|---|"
)

__all__ = ["ROW_HEADER", "as_json", "as_lines", "as_row", "row_of_json", "verdict"]


def verdict(plan: StepPlan) -> str:
    """Whether the step fits, and by how much."""
    memory = plan.memory
    need, limit = memory.total / GIB, memory.limit / GIB
    if plan.fits:
        return f"fits: needs {need:.2f} of {limit:.2f} GiB a device, {memory.margin:.0%} left"
    names = ", ".join(f"{text} ({size / GIB:.2f} GiB, {where})" for text, size, where in plan.largest[:3])
    whose = "biggest tensors of the whole mesh" if plan.refusal else "biggest tensors"
    at_least = "at least " if plan.refusal and not memory.temporaries else ""
    return f"does not fit: needs {at_least}{need:.2f} of {limit:.2f} GiB a device; {whose}: {names}"


def as_lines(plan: StepPlan, recipe: str, topology: str) -> list[str]:
    """The plan for a reader."""
    memory = plan.memory
    mesh = ", ".join(f"{axis} {size}" for axis, size in plan.mesh.items())
    lines = [
        f"{recipe} on {topology}: {plan.num_devices:,} devices ({mesh}), {plan.num_params:,} parameters",
        f"batch {plan.batch_size} rows in {plan.microbatches} microbatch(es), remat {plan.remat}; compiled in "
        f"{plan.compile_secs:.0f} s",
        verdict(plan),
    ]
    if plan.refusal:
        return [*lines, f"the compiler: {plan.refusal}"]
    parts = {"arguments": memory.arguments, "outputs": memory.outputs, "temporaries": memory.temporaries}
    parts["code"] = memory.code
    lines.append("memory a device: " + ", ".join(f"{name} {size / GIB:.2f} GiB" for name, size in parts.items()))
    lines += [f"  {size / GIB:8.2f} GiB  {text:<28} {where}" for text, size, where in plan.largest]
    sent = ", ".join(f"{kind} {size / 1e9:,.2f} GB" for kind, size in plan.sent_bytes.items()) or "nothing"
    again = plan.matmul_flops / plan.model_flops - 1
    lines += [
        f"arithmetic: {plan.model_flops:.3e} FLOPs a step ({plan.matmul_flops:.3e} with what is computed again, "
        f"{again:+.0%}), {plan.compute_secs * 1e3:,.2f} ms at the chip's peak",
        f"memory traffic: {plan.hbm_bytes / 1e9:,.1f} GB a device, {plan.hbm_secs * 1e3:,.2f} ms",
        f"sent by a device: {sent}, {plan.ici_secs * 1e3:,.2f} ms over all links",
        f"roofline: {plan.bound_secs * 1e3:,.2f} ms a step, bound by {plan.bound_by}, "
        f"which is an MFU of {plan.mfu_bound:.0%}",
    ]
    return lines


def as_row(plan: StepPlan, recipe: str, topology: str) -> str:
    """One row under `ROW_HEADER`."""
    return row_of_json(as_json(plan, recipe, topology), recipe, topology)


def row_of_json(plan: dict[str, Any], recipe: str, topology: str) -> str:
    """`as_row` of a plan that `as_json` wrote."""
    memory, sizes = plan["memory"], " x ".join(str(size) for size in plan["mesh"].values())
    cells = [recipe, f"{topology} ({plan['num_devices']:,})", sizes, f"{plan['microbatches']}, {plan['remat']}"]
    cells.append(f"{memory['total'] / GIB:.1f} of {memory['limit'] / GIB:.0f}")
    cells.append(f"{memory['margin']:.0%}" if plan["fits"] else "does not fit")
    if plan["refusal"]:
        cells += ["-", "-", "-"]
    else:
        cells += [f"{plan['bound_secs'] * 1e3:,.0f} ms", plan["bound_by"], f"{plan['mfu_bound']:.0%}"]
    return f"| {' | '.join(cells)} |"


def as_json(plan: StepPlan, recipe: str, topology: str) -> dict[str, Any]:
    """Everything of the plan, in bytes, operations and seconds."""
    derived = ["fits"]
    if not plan.refusal:
        derived += ["compute_secs", "hbm_secs", "ici_secs", "bound_secs", "bound_by", "mfu_bound"]
    fields = dataclasses.asdict(plan)
    fields["memory"] |= {"total": plan.memory.total, "margin": plan.memory.margin}
    return {"recipe": recipe, "topology": topology, **fields, **{name: getattr(plan, name) for name in derived}}
