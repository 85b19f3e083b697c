"""The mixtures of Flan 2022 (Chung et al. 2022, figure 2 and appendix E, table 23).

Inside each of the four, a task's weight is its number of examples up to the cap; the four are then weighted against
each other. The paper counts 1,836 tasks, the release's table 1,838: two more of Super-NaturalInstructions.

The paper trains on a mixture of prompts with and without exemplars (section 2.1, figure 3) and does not print how many
of each; its release (Longpre et al. 2023; google-research/FLAN, flan/v2/run_example.py) takes equal parts, and so does
this: half of the examples of each task, drawn one by one, so that a task is gone through once and not once a form.
"""

from __future__ import annotations

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
# What the tasks are put through: those of NIV2, whose files bring their own examples, and all others.
BOTH_FORMS = ("def_half_pos_2", "half_fewshot")
WITHOUT_EXEMPLARS = ("def", "zeroshot")
WITH_EXEMPLARS = ("def_pos_2", "fs")

__all__ = [
    "BOTH_FORMS",
    "MUFFIN_CAP",
    "PROPORTIONS_A",
    "PROPORTIONS_B",
    "STAGES",
    "TASK_COUNTS",
    "TEMPLATE_COUNTS",
    "WITHOUT_EXEMPLARS",
    "WITH_EXEMPLARS",
    "task_order",
]


def held_out_by(*names: str) -> HeldOut:
    """What all mixtures `names` promise together, and the benchmarks."""
    return BENCHMARKS_HELD_OUT.joined(*(get_mixture(name).held_out for name in names))


def task_order() -> list[tuple[str, str]]:
    """(submixture, task) of all tasks in an order that a hash of seed and name decides: the first N are the subset of N
    tasks, so smaller subsets lie in larger ones."""
    pairs = [(part, task.name) for part in PROPORTIONS_B for task in mixture_members(get_mixture(part))]
    return sorted(pairs, key=lambda pair: hashlib.sha256(f"flan2022/{SUBSET_SEED}/{pair[1]}".encode()).hexdigest())


def _in_form(part: str, task: str, forms: tuple[str, str]) -> str:
    return f"{task}{FORMAT_MARK}{forms[part != 'niv2']}"


def _add_part(name: str, part: str, tasks: Iterable[str], forms: tuple[str, str], description: str) -> str:
    """A mixture of `tasks`, all of `part`, in its form of `forms`."""
    members = tuple(Member(_in_form(part, task, forms)) for task in tasks)
    cap = get_mixture(part).cap
    add_mixture(Mixture(name, members, cap=cap, held_out=held_out_by(part), description=description))
    return name


def _add_weighted(name: str, parts: Mapping[str, str], proportions: Mapping[str, float], description: str) -> None:
    """parts: of each part the mixture that stands for it."""
    members = tuple(Member(mixture, proportions[part]) for part, mixture in parts.items())
    add_mixture(Mixture(name, members, held_out=held_out_by(*parts), description=description))


def _add_parts(prefix: str, forms: tuple[str, str], how: str) -> dict[str, str]:
    """The four, each under the name PREFIX_PART."""
    return {
        part: _add_part(
            f"{prefix}_{part}",
            part,
            [task.name for task in mixture_members(get_mixture(part))],
            forms,
            f"Flan 2022's {part}, {how}.",
        )
        for part in PROPORTIONS_B
    }


def _add_task_subsets() -> None:
    order = task_order()
    sizes = {part: sum(own == part for own, _ in order) for part in PROPORTIONS_B}
    for count in TASK_COUNTS:
        parts, shares = {}, {}
        for part, proportion in PROPORTIONS_B.items():
            chosen = [task for own, task in order[:count] if own == part]
            if not chosen:
                continue
            description = f"The tasks of {part} among the {count} of flan2022_tasks_{count}."
            parts[part] = _add_part(f"flan2022_tasks_{count}_{part}", part, chosen, BOTH_FORMS, description)
            # A part counts for as much of its proportion as it has of its tasks.
            shares[part] = proportion * len(chosen) / sizes[part]
        description = f"{count} tasks of Flan 2022, drawn by a fixed seed; smaller subsets lie in larger ones."
        _add_weighted(f"flan2022_tasks_{count}", parts, shares, description)


def _add_template_subsets(parts: Mapping[str, str]) -> None:
    """Muffin and CoT have ten templates a data set; a task of T0-SF is one template, one of NIV2 one definition."""
    for count in TEMPLATE_COUNTS:
        limited = dict(parts)
        for part in ("muffin", "cot"):
            tasks = [_limited(task.name, count) for task in mixture_members(get_mixture(part))]
            description = f"{part} with the first {count} templates of each data set, half with exemplars."
            limited[part] = _add_part(f"{part}_templates_{count}", part, tasks, BOTH_FORMS, description)
        description = f"flan2022 with the first {count} templates of each data set of Muffin and CoT."
        _add_weighted(f"flan2022_templates_{count}", limited, PROPORTIONS_B, description)


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
    parts = _add_parts("flan2022", BOTH_FORMS, "half of the examples with exemplars")
    for count, names in STAGES.items():
        description = f"The stage of {count:,} tasks of figure 4: {' + '.join(names)}, in proportions A."
        _add_weighted(f"flan2022_stage_{count}", {name: parts[name] for name in names}, PROPORTIONS_A, description)
    _add_weighted("flan2022_a", parts, PROPORTIONS_A, "Flan 2022 in proportions A, of the scaling studies.")
    _add_weighted("flan2022", parts, PROPORTIONS_B, "Flan 2022 in proportions B, of Flan-T5 and Flan-PaLM.")
    without_cot = {part: mixture for part, mixture in parts.items() if part != "cot"}
    description = "Flan 2022 without chains of thought, in proportions A: the non-CoT mixture of figure 5."
    _add_weighted("flan2022_without_cot", without_cot, PROPORTIONS_A, description)
    # For the ablation of exemplars (Longpre et al. 2023): one form only.
    for name, forms, how in (
        ("flan2022_zeroshot", WITHOUT_EXEMPLARS, "no exemplars"),
        ("flan2022_fewshot", WITH_EXEMPLARS, "all with exemplars"),
    ):
        _add_weighted(name, _add_parts(name, forms, how), PROPORTIONS_B, f"flan2022, {how}.")
    _add_task_subsets()
    _add_template_subsets(parts)


_register()
