"""Registers the nine chain-of-thought sets of Flan 2022 (Chung et al. 2022, section 2.1), each also turned around;
reads no file.

  cot_<set>                        question in, rationale and answer out
  cot_<set>_explain                question and answer in, rationale out
  cot_<set>_ask                    rationale and answer in, question out
  cot_<set>_ask_and_answer         rationale in, question and answer out
  cot_<set>_inverted               mixture: the last three together

Mixture `cot` has the nine, `cot_inverted` the 27 that are turned around.
"""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from flan_jax.core.errors import TaskError
from flan_jax.declare.known_counts import add_known_counts
from flan_jax.declare.registry import add_mixture, add_task
from flan_jax.declare.task import Member, Mixture, Task
from flan_jax.declare.task_folders import add_task_folder
from flan_jax.declare.templates import DIRECT, TemplateRenderer
from flan_jax.tasks.cot.sources import TASK_FOLDER, CotSource, EsnliSource, QedSource, TsvCotSource
from flan_jax.tasks.cot.templates import DIRECT_TEMPLATES, INVERTED_TEMPLATES, TEMPLATES
from flan_jax.tasks.held_out import BENCHMARKS_HELD_OUT

CLUSTER = "chain_of_thought"
CAP = 100_000  # Flan 2022 (Chung et al. 2022, appendix E)
NUM_EXEMPLARS = 2
NUMERIC = ("gsm8k",)
IN_TSV = ("aqua", "creak", "ecqa", "gsm8k", "qasc", "sensemaking", "strategyqa")
SOURCES: dict[str, CotSource] = {name: TsvCotSource(name) for name in IN_TSV}
SOURCES |= {"esnli": EsnliSource("esnli"), "qed": QedSource("qed")}
# Training examples, as published: the Flan Collection's files, and for e-SNLI and QED what it made of them.
NUM_EXAMPLES = {
    "aqua": 2_728,
    "creak": 6_915,
    "ecqa": 7_112,
    "esnli": 36_174,
    "gsm8k": 7_473,
    "qasc": 1_084,
    "qed": 5_154,
    "sensemaking": 6_070,
    "strategyqa": 2_061,
}
# What is asked for, as the Flan Collection's table calls it -> the task's ending.
INVERTED = {
    "Explanation Generation": "explain",
    "Question Generation": "ask",
    "Generate Question and Answer from Explanation": "ask_and_answer",
}

__all__ = ["INVERTED", "SOURCES", "register_cot"]


def register_cot(directory: pathlib.Path) -> Sequence[str]:
    """Registers mixture `cot_train`: the sets of a folder of `<set>_train.tsv` files, zero-shot and with exemplars.

    Raises `TaskError` for a folder without any of the sets; sets that are missing are named in the returned log lines.
    """
    present = [name for name in IN_TSV if (directory / f"{name}_train.tsv").is_file()]
    missing = [name for name in IN_TSV if name not in present]
    if not present:
        raise TaskError(
            f"{directory} has none of {', '.join(f'{name}_train.tsv' for name in IN_TSV)}: TASK_FOLDERS['cot'] is "
            f"the folder of the TSV files (github.com/google-research/FLAN, flan/v2/cot_data)"
        )
    members = [f"cot_{name}{suffix}" for name in present for suffix in ("", f"__fewshot_{NUM_EXEMPLARS}")]
    description = "Question in, rationale and answer out, zero-shot and with exemplars."
    add_mixture(Mixture("cot_train", tuple(map(Member, members)), description=description))
    return (
        f"cot: {len(present)} chain-of-thought sets in {directory}"
        + (f"; missing: {', '.join(missing)}" if missing else ""),
    )


def _known_counts() -> dict[str, int]:
    endings = ("", *(f"_{ending}" for ending in INVERTED.values()))
    return {f"cot_{name}{ending}": count for name, count in NUM_EXAMPLES.items() for ending in endings}


add_known_counts(_known_counts)
for _name in sorted(SOURCES):
    add_task(
        Task(
            name=f"cot_{_name}",
            cluster=CLUSTER,
            source=SOURCES[_name],
            render=TemplateRenderer(TEMPLATES[_name], wordings={DIRECT: DIRECT_TEMPLATES}),
            metrics=("numeric",) if _name in NUMERIC else ("final_answer",),
            eval_split=None,
            dataset=_name,
        )
    )
    for _category, _ending in INVERTED.items():
        add_task(
            Task(
                name=f"cot_{_name}_{_ending}",
                cluster=_category,
                source=SOURCES[_name],
                render=TemplateRenderer(INVERTED_TEMPLATES[_category]),
                metrics=("rouge_l",),
                eval_split=None,
                dataset=_name,
            )
        )
    add_mixture(
        Mixture(
            f"cot_{_name}_inverted",
            tuple(Member(f"cot_{_name}_{ending}") for ending in INVERTED.values()),
            description="The set turned around: explanations, questions, or both asked for.",
        )
    )
add_mixture(
    Mixture(
        "cot",
        tuple(Member(f"cot_{name}") for name in sorted(SOURCES)),
        cap=CAP,
        held_out=BENCHMARKS_HELD_OUT,
        description="The nine chain-of-thought sets of Flan 2022: rationale, then answer.",
    )
)
add_mixture(
    Mixture(
        "cot_inverted",
        tuple(Member(f"cot_{name}_{ending}") for name in sorted(SOURCES) for ending in INVERTED.values()),
        cap=CAP,
        held_out=BENCHMARKS_HELD_OUT,
        description="The 27 turned-around forms of the nine sets.",
    )
)


add_task_folder(TASK_FOLDER, register_cot)
