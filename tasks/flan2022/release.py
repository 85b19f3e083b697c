"""The Flan Collection as released (Longpre et al. 2023): five parts at fixed rates, each in up to four variants.

Variants are zero-shot or few-shot, with or without answer options. Rates, caps and variants are those of the public
repository (google-research/FLAN, flan/v2: run_example.py, mixtures.py), which differ from the paper's mixture. Tasks
that are turned around count 0.3 against 1 inside chain of thought and dialogue.
"""

from __future__ import annotations

from collections.abc import Sequence

from flan_jax.declare.formats import BUDGET, Format, add_format, find_format
from flan_jax.declare.formatted import refusal
from flan_jax.declare.registry import add_mixture, get_mixture, get_task, mixture_members
from flan_jax.declare.task import FORMAT_MARK, Member, Mixture
from flan_jax.tasks.flan2022.muffin import RELEASED_DIALOGS, RELEASED_FLAN2021
from flan_jax.tasks.flan2022.tfds_tasks import INVERTED_DIALOGS
from flan_jax.tasks.held_out import BENCHMARKS_HELD_OUT

RATES = {"flan2021": 0.40, "t0": 0.32, "niv2": 0.20, "cot": 0.05, "dialog": 0.03}
CAPS = {"flan2021": 30_000, "t0": 20_000, "niv2": 5_000, "cot": 100_000, "dialog": 200_000}
INVERTED_RATE = 0.3
ALL_VARIANTS = ("zsopt", "fsopt", "zsnoopt", "fsnoopt")
VARIANTS = {
    "flan2021": ALL_VARIANTS,
    "t0": ALL_VARIANTS,
    "niv2": ("zsopt", "fsopt"),
    "cot": ("zsopt", "fsopt"),
    "dialog": ("zsopt", "fsopt"),
}
# A task without options has the same text with and without them; its few-shot prompts are then of the second kind.
WITHOUT_OPTIONS = {"zsnoopt": "zeroshot", "fsnoopt": "fs_same_template"}
# Super-NaturalInstructions shows the examples of its own files.
NIV2_FORMATS = {"zsopt": "def_worked", "fsopt": "def_pos_2"}

__all__ = ["CAPS", "INVERTED_RATE", "RATES", "VARIANTS"]

add_format(
    "fs_same_template",
    Format("few-shot in the query's template, as fsnoopt", shots=find_format("fsnoopt").shots, budget=BUDGET),
)


def _in_variant(part: str, task: str, variant: str) -> str:
    form = NIV2_FORMATS[variant] if part == "niv2" else variant
    if form in WITHOUT_OPTIONS and refusal(get_task(task), form):
        form = WITHOUT_OPTIONS[form]
    return task if refusal(get_task(task), form) else f"{task}{FORMAT_MARK}{form}"


def _add_variant(part: str, suffix: str, tasks: Sequence[str], variant: str) -> str:
    name = f"flan_collection_{part}{suffix}_{variant}"
    members = tuple(Member(_in_variant(part, task, variant)) for task in tasks)
    description = f"The Flan Collection's {part}{' turned around' if suffix else ''} as {variant}."
    add_mixture(Mixture(name, members, cap=CAPS[part], held_out=BENCHMARKS_HELD_OUT, description=description))
    return name


def _register() -> None:
    tasks = {
        "flan2021": list(RELEASED_FLAN2021),
        "t0": [task.name for task in mixture_members(get_mixture("t0_sf"))],
        "niv2": [task.name for task in mixture_members(get_mixture("niv2"))],
        "cot": [task.name for task in mixture_members(get_mixture("cot"))],
        "dialog": list(RELEASED_DIALOGS),
    }
    inverted = {
        "cot": [task.name for task in mixture_members(get_mixture("cot_inverted"))],
        "dialog": list(INVERTED_DIALOGS),
    }
    for part, variants in VARIANTS.items():
        members = []
        for variant in variants:
            name = _add_variant(part, "", tasks[part], variant)
            if part in inverted:
                turned = _add_variant(part, "_inverted", inverted[part], variant)
                both = Mixture(
                    f"flan_collection_{part}_both_{variant}",
                    (Member(name, 1.0), Member(turned, INVERTED_RATE)),
                    held_out=BENCHMARKS_HELD_OUT,
                    description=f"The Flan Collection's {part} as {variant}, turned around too at {INVERTED_RATE}.",
                )
                name = add_mixture(both).name
            members.append(Member(name, 1.0 / len(variants)))
        description = f"The Flan Collection's {part}: {', '.join(variants)} in equal parts."
        add_mixture(
            Mixture(f"flan_collection_{part}", tuple(members), held_out=BENCHMARKS_HELD_OUT, description=description)
        )
    add_mixture(
        Mixture(
            "flan_collection",
            tuple(Member(f"flan_collection_{part}", rate) for part, rate in RATES.items()),
            held_out=BENCHMARKS_HELD_OUT,
            description="The Flan Collection in the rates and variants of its public release.",
        )
    )


_register()
