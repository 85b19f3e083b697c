"""QuAC: a question from a conversation about a section of Wikipedia (Choi et al. 2018)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import EXTRACTION, Dataset, register

NO_ANSWER = "The text does not say."
TEMPLATES = (
    Template("{background}\n\n{context}\n\n{question}"),
    Template("{title}, {section}\n\n{context}\n\nQuestion: {question}\nAnswer:"),
    Template("You know this about {title}:\n{context}\n\nA student asks you: {question}"),
    Template("Reply to the question with a passage from the text.\n\nText: {context}\n\nQuestion: {question}"),
    Template("The topic is {title} ({section}). {question}\n\nSource:\n{context}"),
    Template("{context}\n\nFrom a conversation about the text above:\n- {question}\n-"),
    Template(
        "A dialogue about {title}. What is the teacher's answer, who can see the following?\n{context}\n\nStudent: "
        "{question}"
    ),
    Template('Background: {background}\nSection "{section}": {context}\n\n{question}'),
    Template("{context}\n\nWhat could one ask about this to hear the following?\n{answer}", targets="{question}"),
    Template(
        'Section "{section}" of the article on {title}:\n{context}\n\nThe answer was: {answer}\nWhat was the question?',
        targets="{question}",
    ),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    texts = dict.fromkeys(
        NO_ANSWER if text == "CANNOTANSWER" else text for text in (row["orig_answer"]["text"], *row["answers"]["text"])
    )
    answers = tuple(text for text in texts if text)
    if not answers:
        return None
    return {
        "title": row["title"],
        "section": row["section_title"],
        "background": row["background"],
        "context": row["context"].removesuffix("CANNOTANSWER").strip(),
        "question": row["question"],
        "answer": answers[0],
        "references": answers[1:],
    }


register(
    Dataset(
        name="quac",
        cluster="misc",
        tfds="quac:1.0.0",
        licence="CC BY-SA 4.0",
        train="train[:30000]",
        features=(
            "title",
            "section_title",
            "background",
            "context",
            "question",
            "orig_answer/text",
            "answers/text",
        ),
        fields=_fields,
        makes=("title", "section", "background", "context", "question", "answer", "references"),
        plain=("context", "question"),
        left_out="without an answer",
        metrics=EXTRACTION,
        templates=TEMPLATES,
    )
)
