"""MultiRC: is a proposed answer to a question about a passage right? (Khashabi et al. 2018, as in SuperGLUE)"""

import re
from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, label_position, read_jsonl
from flan_jax.tasks.flan2021.superglue import LICENCE

TEMPLATES = (
    Template("{paragraph}\n\nQuestion: {question}\nIs this a right answer? {proposal}\n{options}"),
    Template("{paragraph}\n\nSomebody is asked: {question}\nThe reply is: {proposal}\nCorrect?\n{options}"),
    Template("Text: {paragraph}\nQuestion: {question}\nProposed answer: {proposal}\nIs it right?\n{options}"),
    Template("Mark the pupil's answer by the text.\n\n{paragraph}\n\n{question}\nPupil: {proposal}\n{options}"),
    Template('A question can have several right answers.\n{paragraph}\n{question}\nIs "{proposal}" one?\n{options}'),
    Template("{question}\n- {proposal}\n\nDoes the paragraph below agree with this answer?\n{paragraph}\n{options}"),
    Template("Check the following against the passage.\nQ: {question}\nA: {proposal}\n\n{paragraph}\n{options}"),
    Template('Would you accept "{proposal}" as a reply after reading this?\n{paragraph}\n\n{question}\n{options}'),
    Template(
        "{paragraph}\n\nQuestion: {question}\nGive an answer. Is it right? That should be: {answer}",
        targets="{proposal}",
    ),
    Template(
        "Somebody read the text and gave an answer to a question. What was the question?\nAnswer: {proposal}\nWas it "
        "right? {answer}\n\n{paragraph}",
        targets="{question}",
    ),
)
OPTIONS = ("no", "yes")


def _fields(row: Row) -> Mapping[str, Any] | None:
    if row["label"] not in (0, 1):
        return None
    return {
        # Sentences are numbered in HTML in the published files.
        "paragraph": " ".join(re.sub(r"<br>|<b>Sent \d+: </b>", " ", row["paragraph"]).split()),
        "question": row["question"],
        "proposal": row["answer"],
        "answer": OPTIONS[row["label"]],
        "options": OPTIONS,
    }


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = re.fullmatch(r"paragraph: (.*)\nquestion: (.*)\ncandidate answer: (.*)", record["sentence"].strip(), re.S)
    if found is None:
        raise ValueError("no paragraph, question and candidate answer in this order")
    paragraph, question, answer = found.groups()
    label = label_position(record, "label", ("False", "True"))
    return [{"paragraph": paragraph, "question": question, "answer": answer, "label": label}]


register(
    Dataset(
        name="multirc",
        cluster="reading_comprehension",
        tfds="super_glue/multirc:1.0.2",
        licence=LICENCE,
        features=("paragraph", "question", "answer", "label"),
        labels=(("False", "no"), ("True", "yes")),
        fields=_fields,
        makes=("paragraph", "question", "proposal"),
        templates=TEMPLATES,
        sample=Sample(
            train=("multirc/olora_train_sample.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="MIT repository; data under SuperGLUE's terms",
            note="400 training rows",
        ),
    )
)
