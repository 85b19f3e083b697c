"""HellaSwag: how does a description of an everyday scene go on? (Zellers et al. 2019)"""

import re
from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, choices, register
from flan_jax.tasks.flan2021.samples import Sample, read_jsonl, whole_number

TEMPLATES = (
    Template("{context}\n\nHow does this go on?\n{options}"),
    Template("Finish the description in the most sensible way.\n\n{context}\n{options}"),
    Template("Topic: {activity}\nSo far: {context}\nWhat comes next?\n{options}"),
    Template(
        "Only one of the endings fits the beginning. Which one?\n\nBeginning: {context}\n{options}\nEnding:",
        needs_options=True,
    ),
    Template("{context}\n{options}\n\nPick the continuation that could really happen.", needs_options=True),
    Template('The following text from "{activity}" breaks off. Continue it.\n\n{context}\n{options}'),
    Template('Somebody tells you this: "{context}" What do you expect to hear next?\n{options}'),
    Template("Which words should follow these? {context}\n{options}"),
    Template(
        "Read the start of an instruction or a scene and choose what happens then.\n{context}\n{options}",
        needs_options=True,
    ),
    Template("Complete this using your knowledge of everyday life ({activity}).\n\n{context}\n{options}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    if not 0 <= row["label"] < len(row["endings"]):
        return None  # the test split is published without labels
    return {
        "context": _plain(row["context"]),
        "activity": row["activity_label"],
        **choices(*map(_plain, row["endings"]), answer=row["label"]),
    }


def _plain(text: str) -> str:
    """`text` without the marks that WikiHow's pages left in it: "[header] How to … [title] Read on. [step] …"."""
    text = re.sub(r"(?<=[^\s.?!:;])\s*\[(?:title|step|substeps|header)\]\s*", ". ", text)
    return re.sub(r"\s*\[(?:title|step|substeps|header)\]\s*", " ", text).strip()


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**record, "context": record["ctx"], "label": whole_number(record, "label")}]


register(
    Dataset(
        name="hellaswag",
        cluster="commonsense",
        tfds="hellaswag:1.1.0",
        licence="MIT",
        train="train[:30000]",
        features=("activity_label", "context", "endings", "label"),
        fields=_fields,
        makes=("context", "activity", "answer", "options"),
        plain=("context",),
        num_options=4,
        templates=TEMPLATES,
        sample=Sample(
            train=("hellaswag/hellaswag_val_sample.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="MIT",
            note="500 rows of the published validation set, which stand in for all splits",
        ),
    )
)
