"""The mixtures of Flan 2022 (Chung et al. 2022, figure 2 and appendix E, table 23).

Inside each of the four, a task's weight is its number of examples up to the cap; the four are then weighted against
each other. The paper counts 1,836 tasks, the release's table 1,838: two more of Super-NaturalInstructions.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping

from flan_jax.declare.formatted import refusal
from flan_jax.declare.registry import add_mixture, get_mixture, get_task, mixture_members
from flan_jax.declare.task import FORMAT_MARK, HeldOut, Member, Mixture
from flan_jax.tasks.flan2022.muffin import MUFFIN
from flan_jax.tasks.held_out import BENCHMARKS_HELD_OUT

# Percent of the draws: A for the scaling and ablation studies (sections 3 and 4), B for all released models.
PROPORTIONS_A: Mapping[str, float] = {"muffin": 52.0, "t0_sf": 15.0, "cot": 3.0, "niv2": 30.0}
PROPORTIONS_B: Mapping[str, float] = {"muffin": 46.0, "t0_sf": 27.9, "cot": 1.8, "niv2": 24.2}
MUFFIN_CAP = 30_000
# Figure 4 and table 3: cumulative, smallest first. The stage of 0 tasks is the model before finetuning.
STAGES: Mapping[int, tuple[str, ...]] = {
    9: ("cot",),
    89: ("cot", "muffin"),
    282: ("cot", "muffin", "t0_sf"),
    1836: ("cot", "muffin", "t0_sf", "niv2"),
}
TASK_COUNTS = (8, 16, 32, 64, 128, 256, 512, 1024)
TEMPLATE_COUNTS = (1, 2, 4, 7, 10)
SUBSET_SEED = 0

__all__ = ["MUFFIN_CAP", "PROPORTIONS_A", "PROPORTIONS_B", "STAGES", "TASK_COUNTS", "TEMPLATE_COUNTS", "task_order"]


def held_out_by(*names: str) -> HeldOut:
    """What all mixtures `names` promise together, and the benchmarks."""
    return BENCHMARKS_HELD_OUT.joined(*(get_mixture(name).held_out for name in names))


def task_order() -> list[tuple[str, str]]:
    """(submixture, task) of all tasks in an order that a hash of seed and name decides: the first N are the subset of N
    tasks, so smaller subsets lie in larger ones."""
    pairs = [(part, task.name) for part in PROPORTIONS_B for task in mixture_members(get_mixture(part))]
    return sorted(pairs, key=lambda pair: hashlib.sha256(f"flan2022/{SUBSET_SEED}/{pair[1]}".encode()).hexdigest())


def _weighted(name: str, parts: Iterable[str], proportions: Mapping[str, float], description: str) -> None:
    members = tuple(Member(part, proportions[part]) for part in parts)
    add_mixture(Mixture(name, members, held_out=held_out_by(*parts), description=description))


def _add_task_subsets() -> None:
    order = task_order()
    sizes = {part: sum(own == part for own, _ in order) for part in PROPORTIONS_B}
    for count in TASK_COUNTS:
        members = []
        for part, proportion in PROPORTIONS_B.items():
            chosen = tuple(Member(task) for own, task in order[:count] if own == part)
            if not chosen:
                continue
            name = f"flan2022_tasks_{count}_{part}"
            description = f"The tasks of {part} among the {count} of flan2022_tasks_{count}."
            add_mixture(
                Mixture(name, chosen, cap=get_mixture(part).cap, held_out=BENCHMARKS_HELD_OUT, description=description)
            )
            # A part counts for as much of its proportion as it has of its tasks.
            members.append(Member(name, proportion * len(chosen) / sizes[part]))
        description = f"{count} tasks of Flan 2022, drawn by a fixed seed; smaller subsets lie in larger ones."
        add_mixture(
            Mixture(f"flan2022_tasks_{count}", tuple(members), held_out=BENCHMARKS_HELD_OUT, description=description)
        )


def _add_template_subsets() -> None:
    """Muffin and CoT have ten templates a data set; a task of T0-SF is one template, one of NIV2 one definition."""
    for count in TEMPLATE_COUNTS:
        limited = {}
        for part in ("muffin", "cot"):
            whole = get_mixture(part)
            members = tuple(dataclasses.replace(member, name=_limited(member.name, count)) for member in whole.members)
            limited[part] = f"{part}_templates_{count}"
            description = f"{part} with the first {count} templates of each data set."
            add_mixture(dataclasses.replace(whole, name=limited[part], members=members, description=description))
        members = tuple(Member(limited.get(part, part), share) for part, share in PROPORTIONS_B.items())
        description = f"flan2022 with the first {count} templates of each data set of Muffin and CoT."
        add_mixture(
            Mixture(f"flan2022_templates_{count}", members, held_out=BENCHMARKS_HELD_OUT, description=description)
        )


def _limited(task: str, count: int) -> str:
    """The task in format `templates_COUNT`; the task itself where it has no templates (its rows say it all)."""
    form = f"templates_{count}"
    return task if refusal(get_task(task), form) else f"{task}{FORMAT_MARK}{form}"


def _register() -> None:
    add_mixture(
        Mixture(
            "muffin",
            tuple(Member(task) for task in MUFFIN),
            cap=MUFFIN_CAP,
            held_out=BENCHMARKS_HELD_OUT,
            description="Flan 2022's Muffin: FLAN 2021 as released, dialogue and program synthesis, 80 tasks.",
        )
    )
    for count, parts in STAGES.items():
        description = f"The stage of {count:,} tasks of figure 4: {' + '.join(parts)}, in proportions A."
        _weighted(f"flan2022_stage_{count}", parts, PROPORTIONS_A, description)
    _weighted("flan2022_a", PROPORTIONS_A, PROPORTIONS_A, "Flan 2022 in proportions A, of the scaling studies.")
    _weighted("flan2022", PROPORTIONS_B, PROPORTIONS_B, "Flan 2022 in proportions B, of Flan-T5 and Flan-PaLM.")
    _add_task_subsets()
    _add_template_subsets()


_register()
