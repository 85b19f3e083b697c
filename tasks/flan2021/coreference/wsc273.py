"""WSC273: the Winograd Schema Challenge itself (Levesque et al. 2012). It is evaluated, never trained on."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, choices, register

TEMPLATES = (
    Template("{beginning}\n\nWhich ending is the right one?\n{options}", needs_options=True),
    Template("Finish this sentence: {beginning}\n{options}"),
    Template("{beginning} ...\n{options}\n\nSelect what follows.", needs_options=True),
    Template("The end of a sentence was lost. Restore it.\n\n{beginning}\n{options}"),
    Template("First half: {beginning}\nSecond half:\n{options}"),
    Template("Use your knowledge of the world to go on from here.\n{beginning}\n{options}"),
    Template('What would you read next after "{beginning}"?\n{options}\nAnswer:'),
    Template(
        "Of the two possible endings one contradicts common sense. Give the other.\n{beginning}\n{options}",
        needs_options=True,
    ),
    Template('A sentence starts with "{beginning}". How must it end?\n{options}'),
    Template(
        "Complete the sentence with the option that is true to sense.\n\n{beginning}\n{options}", needs_options=True
    ),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    if row["label"] not in (0, 1):
        return None
    text, end = row["text"], row["pronoun_end"]
    endings = [option + text[end:] for option in (row["option1_normalized"], row["option2_normalized"])]
    return {"beginning": text[: row["pronoun_start"]].strip(), **choices(*endings, answer=row["label"])}


register(
    Dataset(
        name="wsc273",
        cluster="coreference",
        tfds="wsc273:1.0.0",
        licence="CC BY 4.0",
        train=None,
        validation=None,
        test="test",
        features=(
            "text",
            "pronoun_start",
            "pronoun_end",
            "option1_normalized",
            "option2_normalized",
            "label",
        ),
        fields=_fields,
        makes=("beginning", "answer", "options"),
        num_options=2,
        templates=TEMPLATES,
    )
)
