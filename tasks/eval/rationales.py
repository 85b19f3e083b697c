"""Worked exemplars from the chain-of-thought sets of the Flan 2022 collection (`flan_cot/SET_train.tsv`)."""

from __future__ import annotations

from collections.abc import Sequence

from flan_jax.sources.data_dir import Download
from flan_jax.tasks.eval.files import read_csv

DATA = Download(
    "the Flan 2022 chain-of-thought sets",
    "https://github.com/google-research/FLAN (folder flan/v2/cot_data)",
    "Apache-2.0",
    "flan_cot",
)

__all__ = ["DATA", "without", "worked_questions"]

WorkedQuestion = tuple[str, str, str]


def worked_questions(name: str, num: int) -> tuple[WorkedQuestion, ...]:
    """The first `num` (question, answer, rationale) of a set; newlines are written `\\n` in the file."""
    rows = read_csv(DATA.require(f"{name}_train.tsv"), 3, "\t", quote="")[:num]
    return tuple(tuple(field.replace("\\n", "\n").strip() for field in fields) for _, fields in rows)  # type: ignore[misc]


def without(shots: Sequence[WorkedQuestion], question: str, num: int) -> tuple[WorkedQuestion, ...]:
    """The first `num` of `shots` that do not ask `question` itself."""
    return tuple(shot for shot in shots if shot[0].partition("\n")[0].strip() != question.strip())[:num]
