"""QQP: do two questions on Quora ask the same? (Quora 2017, as in GLUE)"""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, label_position, read_jsonl

TEMPLATES = (
    Template("{question1}\n{question2}\n\nDo both questions ask for the same thing?\n{options}"),
    Template("Question 1: {question1}\nQuestion 2: {question2}\nAre they duplicates?\n{options}"),
    Template("Would one answer serve for both of these?\n- {question1}\n- {question2}\n{options}"),
    Template(
        "A forum merges questions that mean the same. Should it merge these?\n{question1}\n{question2}\n{options}"
    ),
    Template(
        "Somebody asks: {question1}\nSomebody else asks: {question2}\nIs it the same question?\n{options}\nAnswer:"
    ),
    Template("{question1}\n\nIs the following just another way to ask that? {question2}\n{options}"),
    Template("Compare the intents of two queries.\nA. {question1}\nB. {question2}\nIs the intent the same?\n{options}"),
    Template("Already answered: {question1}\nNew: {question2}\nIs the new question answered, too?\n{options}"),
    Template("Two people want to know something.\n{question1}\n{question2}\nDo they want to know the same?\n{options}"),
    Template("Check for equal meaning.\n\n{question1}\n\n{question2}\n{options}"),
)


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    first, separator, second = record["sentence"].removeprefix("first sentence: ").partition("\nsecond sentence: ")
    if not separator:
        raise ValueError("no line begins with 'second sentence: '")
    return [{"question1": first, "question2": second, "label": label_position(record, "label", ("False", "True"))}]


register(
    Dataset(
        name="glue_qqp",
        cluster="paraphrase",
        tfds="glue/qqp:2.0.0",
        licence="terms of the source (Quora's terms, non-commercial)",
        train="train[:30000]",
        features=("question1", "question2", "label"),
        labels=(("not_duplicate", "no"), ("duplicate", "yes")),
        templates=TEMPLATES,
        sample=Sample(
            train=("qqp/olora_train_sample.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="MIT repository; data under Quora's terms",
            note="400 training pairs",
        ),
    )
)
