"""CoQA: all questions of a conversation about a text, answered in turn (Reddy et al. 2019)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import EXTRACTION, Dataset, register

TEMPLATES = (
    Template("{story}\n\nAnswer these questions one after another.\n{questions}"),
    Template("Text: {story}\n\nQuestions:\n{questions}\n\nNumbered answers:"),
    Template("Read the following.\n\n{story}\n\nA friend then asks you:\n{questions}\n\nWhat do you answer each time?"),
    Template(
        "Below are questions and the text that they are about. Give short answers, numbered "
        "alike.\n\n{questions}\n\n{story}"
    ),
    Template("Interview on a text. Reply to each question in a few words.\nText: {story}\n{questions}"),
    Template("{story}\n\nThe questions refer to each other; answer them in order.\n\n{questions}"),
    Template("Story:\n{story}\n\nQuiz:\n{questions}\n\nSolutions:"),
    Template("Write the list of answers to the list of questions about this passage.\n\n{story}\n\n{questions}"),
    Template(
        "{story}\n\nWrite questions on the text that have these answers, in the same order.\n{answer}",
        targets="{questions}",
    ),
    Template(
        "Answers:\n{answer}\n\nWhich questions about the passage below were asked?\n\n{story}", targets="{questions}"
    ),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    answers = row["answers"]["input_text"]
    if not answers or len(answers) != len(row["questions"]):
        return None
    return {"story": row["story"], "questions": _numbered(row["questions"]), "answer": _numbered(answers)}


def _numbered(items: list[str]) -> str:
    return "\n".join(f"{number}. {item}" for number, item in enumerate(items, 1))


register(
    Dataset(
        name="coqa",
        cluster="misc",
        tfds="coqa:1.0.0",
        licence="by domain: CC BY-SA 4.0, MSR-LA, Apache-2.0 and fair use (stanfordnlp.github.io/coqa)",
        train="train[:-100]",
        validation="train[-100:]",
        test="test",
        features=("story", "questions", "answers/input_text"),
        fields=_fields,
        makes=("story", "questions", "answer"),
        left_out="with another number of answers than of questions",
        metrics=EXTRACTION,
        templates=TEMPLATES,
    )
)
