"""E2E NLG: what to say about a restaurant, from its attributes (Novikova et al. 2017, as in GEM)."""

import re
from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import GENERATION, Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_csv

TEMPLATES = (
    Template("Describe the place that has these attributes.\n\n{attributes}"),
    Template("{attributes}\n\nWrite a sentence or two about this venue for a guide book."),
    Template("Attributes: {attributes}\nText:"),
    Template("A guest asks about a place to eat. Answer from this record: {attributes}"),
    Template("Say this in natural language: {attributes}"),
    Template("Here are the key facts of a restaurant or pub.\n{attributes}\nPresent it to the public."),
    Template("All of the following should be mentioned in a short description.\n{attributes}"),
    Template("Generate a text from the meaning representation.\n\n{attributes}"),
    Template(
        "Fill in the record (attribute = value; ...) of the venue described here.\n\n{answer}",
        targets="{attributes}",
    ),
    Template("{answer}\n\nWhich attributes of the place are named, and with which values?", targets="{attributes}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    if not row["target"]:
        return None
    pairs = re.findall(r"(\w[\w ]*)\[([^\]]*)\]", row["meaning_representation"])
    spelled = ((re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower(), value) for name, value in pairs)
    return {
        "attributes": "; ".join(f"{name} = {value}" for name, value in spelled),
        "answer": row["target"],
        "references": tuple(text for text in row["references"] if text != row["target"]),
    }


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"meaning_representation": record["mr"], "target": record["ref"], "references": [record["ref"]]}]


register(
    Dataset(
        name="e2e_nlg",
        cluster="struct_to_text",
        tfds="gem/e2e_nlg:1.1.0",
        licence="CC BY-SA 4.0",
        train="train[:30000]",
        features=("meaning_representation", "target", "references"),
        fields=_fields,
        makes=("attributes", "answer", "references"),
        left_out="without a text",
        metrics=GENERATION,
        templates=TEMPLATES,
        sample=Sample(
            train=("e2e_nlg/devset.csv",),
            read=read_csv,
            convert=_convert,
            licence="CC BY-SA 4.0",
            note="the published development set, a row a text, which stands in for all splits",
        ),
    )
)
