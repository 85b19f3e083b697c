"""DART: a text from triples of subject, relation and object (Nan et al. 2021, as in GEM)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import GENERATION, Dataset, bullet_list, register
from flan_jax.tasks.flan2021.samples import Sample, read_json

TEMPLATES = (
    Template("Express this data as text.\n\n{triples}"),
    Template("{triples}\n\nWrite one or two sentences that say the same."),
    Template("Table entries, each as subject | relation | value:\n{triples}\nDescription:"),
    Template("Turn the facts below into fluent English.\n{triples}"),
    Template("Here is an extract from a database.\n\n{triples}\n\nTell a reader what it says."),
    Template("Put the following records into words.\n{triples}"),
    Template("What do these rows of a table state? Answer in full sentences.\n\n{triples}"),
    Template("A reporter gets nothing but these data:\n{triples}\nWhat does the report say?"),
    Template(
        "Extract the facts from the text as lines of the form subject | relation | value.\n\nText: {answer}",
        targets="{triples}",
    ),
    Template("{answer}\n\nWhich database entries would give this text?", targets="{triples}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    if not row["target"]:
        return None
    return {
        "triples": bullet_list([_one_line(triple) for triple in row["tripleset"]]),
        "answer": row["target"],
        "references": tuple(text for text in row["references"] if text != row["target"]),
    }


def _one_line(triple: str) -> str:
    return " | ".join(part.strip() for part in triple.split("|"))


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    texts = [note["text"] for note in record["annotations"]]
    triples = [" | ".join(triple) for triple in record["tripleset"]]
    return [{"tripleset": triples, "target": texts[0], "references": texts}]


register(
    Dataset(
        name="dart",
        cluster="struct_to_text",
        tfds="gem/dart:1.1.0",
        licence="MIT",
        train="train[:30000]",
        features=("tripleset", "target", "references"),
        fields=_fields,
        makes=("triples", "answer", "references"),
        left_out="without a text",
        metrics=GENERATION,
        templates=TEMPLATES,
        sample=Sample(
            train=("dart/dart-v1.1.1-dev_sample.json",),
            read=read_json,
            convert=_convert,
            licence="MIT",
            note="800 rows of the published development set, which stand in for all splits",
        ),
    )
)
