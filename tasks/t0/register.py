"""Registers T0's tasks and mixtures by name, without reading anything."""

from __future__ import annotations

from collections.abc import Mapping

from flan_jax.declare.known_counts import add_known_counts
from flan_jax.declare.registry import add_mixture, add_task
from flan_jax.declare.task import HeldOut, Member, Mixture, Task
from flan_jax.tasks.held_out import BENCHMARKS_HELD_OUT
from flan_jax.tasks.t0.data_sets import DATA_SETS, STAGES, P3DataSet, identifier
from flan_jax.tasks.t0.flan2022 import CAP, T0_SF
from flan_jax.tasks.t0.source import P3Renderer, P3Source

TITLES = {"t0": "T0", "t0p": "T0+", "t0pp": "T0++"}
# Held-out clusters; COPA, a sentence completion, is filed under multiple-choice questions, so it is held out by name.
HELD_OUT_TASKS = ("nli", "coreference", "story_completion", "word_sense_disambiguation")
METRICS = {
    "summarization": ("rouge_l",),
    "structure_to_text": ("rouge_l",),
    "qa_extractive": ("token_f1", "exact_match"),
    "qa_closed_book": ("token_f1", "exact_match"),
}
STORY_CLOZE = (
    "Story Cloze 2016 is not in P3: ask for it at https://cs.rochester.edu/nlp/rocstories/ and render it with "
    "TASK_FOLDERS['promptsource'] (licence: by its authors' form)"
)

__all__ = ["held_out", "known_counts", "register_t0", "task_name"]


def task_name(p3_name: str) -> str:
    """The task of a P3 prompt: `t0_` and its name, an identifier."""
    return f"t0_{identifier(p3_name)}"


def register_t0() -> None:
    """Registers one task a P3 prompt of T0's data sets, `t0_<name>` to train on and `t0_<name>_score_eval` to rank the
    answers of, and the mixtures:

      t0, t0p, t0pp: T0, T0+ and T0++, with their rates and what they hold out.
      t0_sf: Flan 2022's 193.
      t0_report: every evaluation prompt of the 11 held-out data sets.
    """
    for data_set in DATA_SETS:
        if data_set.stage or not data_set.num_options:
            for name in data_set.p3_names():
                add_task(_train_task(data_set, name))
        for suffix in data_set.rounds or ("",):
            for name in data_set.ranked_p3_names(suffix):
                add_task(_ranked_task(data_set, name, suffix))
    for number, stage in enumerate(STAGES):
        members = [
            Member(task_name(name), data_set.rate)
            for data_set in DATA_SETS
            if data_set.stage in STAGES[: number + 1]
            for name in data_set.p3_names()
        ]
        description = (
            f"{TITLES[stage]}: every prompt of its data sets at P3's rates, 500,000 examples a data set at most."
        )
        add_mixture(Mixture(stage, tuple(members), held_out=held_out(stage), description=description))
    sf = tuple(Member(task_name(task.p3_name)) for task in T0_SF)
    add_mixture(
        Mixture(
            "t0_sf",
            sf,
            cap=CAP,
            held_out=BENCHMARKS_HELD_OUT,
            description="Flan 2022's share of T0: 193 tasks, 20,000 examples each.",
        )
    )
    report = [
        Member(f"{task_name(name)}_score_eval")
        for data_set in DATA_SETS
        for suffix in data_set.rounds or ("",)
        for name in data_set.ranked_p3_names(suffix)
    ]
    description = "Every evaluation prompt of T0's 11 held-out data sets, by the rank of the answers."
    add_mixture(Mixture("t0_report", tuple(report), description=description))
    add_known_counts(known_counts)


def held_out(stage: str) -> HeldOut:
    """What the mixture t0, t0p or t0pp promises never to train on: the 11 held-out data sets and their clusters, less
    what T0+ (HellaSwag) and T0++ (WSC, COPA, WiC) train on."""
    trained = [d for d in DATA_SETS if d.stage in STAGES[: STAGES.index(stage) + 1]]
    kept = [data_set for data_set in DATA_SETS if data_set.num_options and data_set not in trained]
    return HeldOut(
        clusters=frozenset(HELD_OUT_TASKS) - {data_set.task for data_set in trained},
        datasets=frozenset(key for data_set in kept for key in _keys(data_set)),
    )


def known_counts() -> Mapping[str, int]:
    """Training examples of each task that is trained on, as P3 publishes them."""
    return {
        task_name(name): P3_COUNTS.get(name, data_set.train_size)
        for data_set in DATA_SETS
        for name in data_set.p3_names()
    }


# Prompts that leave some rows out.
P3_COUNTS: Mapping[str, int] = {
    **dict.fromkeys(
        (
            "duorc_ParaphraseRC_build_story_around_qa",
            "duorc_ParaphraseRC_generate_question_by_answer",
        ),
        58_752,
    ),
    **dict.fromkeys(("duorc_SelfRC_build_story_around_qa", "duorc_SelfRC_generate_question_by_answer"), 60_094),
    **dict.fromkeys(
        (
            "wiki_bio_comprehension",
            "wiki_bio_guess_person",
            "wiki_bio_key_content",
            "wiki_bio_what_content",
            "wiki_bio_who",
        ),
        582_639,
    ),
    **dict.fromkeys(
        (
            "wiki_qa_Direct_Answer_to_Question",
            "wiki_qa_Generate_Question_from_Topic",
            "wiki_qa_Jeopardy_style",
            "wiki_qa_Topic_Prediction_Answer_Only",
            "wiki_qa_Topic_Prediction_Question_Only",
            "wiki_qa_Topic_Prediction_Question_and_Answer_Pair",
        ),
        1_040,
    ),
}


def _keys(data_set: P3DataSet) -> list[str]:
    return [data_set.key, *(f"{data_set.key}_{suffix}" for suffix in data_set.rounds)]


def _train_task(data_set: P3DataSet, name: str) -> Task:
    return Task(
        name=task_name(name),
        cluster=data_set.task,
        dataset=data_set.key,
        source=P3Source(name, ("train",)),
        render=P3Renderer(),
        metrics=METRICS.get(data_set.task, ("exact_match",)),
        eval_split=None,
    )


def _ranked_task(data_set: P3DataSet, name: str, suffix: str) -> Task:
    return Task(
        name=f"{task_name(name)}_score_eval",
        cluster=data_set.task,
        dataset=f"{data_set.key}_{suffix}" if suffix else data_set.key,
        source=P3Source(name, ("validation",), STORY_CLOZE if data_set.name == "story_cloze" else ""),
        render=P3Renderer(),
        metrics=("rank_accuracy",),
        train_split=None,
        kind="whole cluster",
        chance=1 / data_set.num_options,
    )


register_t0()
