"""Registers the chain-of-thought sets of a folder."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from flan_jax.core.errors import TaskError
from flan_jax.core.sources import TsvSource
from flan_jax.core.task import Member, Mixture, Task, add_mixture, add_task
from flan_jax.core.templates import TemplateRenderer
from flan_jax.tasks.cot.templates import EXEMPLAR_STYLES, TEMPLATES

CLUSTER = "chain_of_thought"
NUM_EXEMPLARS = 2
NUMERIC = ("gsm8k",)

__all__ = ["register_cot"]


def register_cot(directory: pathlib.Path) -> Sequence[str]:
    """Registers `cot_<set>_zero_shot` and `cot_<set>_few_shot` for each `<set>_train.tsv`, and mixture `cot_train`.

    Targets are the rationale, then the answer. Raises `TaskError` for a folder without any of the sets; sets that are
    missing are named in the returned log lines.
    """
    present = [name for name in TEMPLATES if (directory / f"{name}_train.tsv").is_file()]
    missing = [name for name in TEMPLATES if name not in present]
    if not present:
        raise TaskError(
            f"{directory} has none of {', '.join(f'{name}_train.tsv' for name in TEMPLATES)}: TASK_SUITES['cot'] is "
            f"the folder of the TSV files (github.com/google-research/FLAN, flan/v2/cot_data)"
        )
    tasks = [task for name in present for task in _tasks(name, directory / f"{name}_train.tsv")]
    for task in tasks:
        add_task(task)
    description = "Question in, rationale and answer out, zero-shot and with exemplars."
    add_mixture(Mixture("cot_train", tuple(Member(task.name) for task in tasks), description=description))
    return (
        f"cot: {len(present)} chain-of-thought sets in {directory}"
        + (f"; missing: {', '.join(missing)}" if missing else ""),
    )


def _tasks(name: str, path: pathlib.Path) -> tuple[Task, Task]:
    def task(suffix: str, num_exemplars: int) -> Task:
        return Task(
            name=f"cot_{name}_{suffix}",
            cluster=CLUSTER,
            source=TsvSource(path),
            render=TemplateRenderer(TEMPLATES[name], num_exemplars=num_exemplars, exemplar_styles=EXEMPLAR_STYLES),
            metrics=("numeric",) if name in NUMERIC else ("final_answer",),
            eval_split=None,
            exemplar_split="train" if num_exemplars else None,
            dataset=name,
        )

    return task("zero_shot", 0), task("few_shot", NUM_EXEMPLARS)
