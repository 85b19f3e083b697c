"""WinoGrande: fill a blank with one of two names or things; training size XL (Sakaguchi et al. 2020). The answer is the
name together with the rest of the sentence, as in partial evaluation, since the name alone says little."""

import re
from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, choices, register
from flan_jax.tasks.flan2021.samples import Sample, label_position, read_jsonl

TEMPLATES = (
    Template("{beginning}\n\nHow does the sentence go on?\n{options}"),
    Template("Continue so that it makes sense: {beginning}\n{options}"),
    Template("{beginning}\n{options}\n\nChoose the continuation that fits.", needs_options=True),
    Template("The sentence below is not finished. Finish it in the sensible way.\n\n{beginning}\n{options}"),
    Template("Start: {beginning}\nEnd:\n{options}"),
    Template("Think of who would do what, and go on.\n{beginning}\n{options}"),
    Template(
        "Two writers end this sentence, and one of them has mixed something up. Who is right?\n{beginning}\n{options}",
        needs_options=True,
    ),
    Template("Begun: {beginning}\nWhat is the logical rest of it?\n{options}\nAnswer:"),
    Template("Complete the following by one of the endings.\n{beginning}\n{options}", needs_options=True),
    Template('A story contains the following words. Which ones come next?\n"{beginning}"\n{options}'),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    if row["label"] not in (0, 1) or row["sentence"].count("_") != 1:
        return None
    before, after = row["sentence"].split("_")
    endings = [option + after for option in (row["option1"], row["option2"])]
    return {"beginning": before.strip(), **choices(*endings, answer=row["label"])}


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = re.search(r"given sentence: (.*)\n+Option1: (.*) Option2: (.*) Answer format", record["instruction"], re.S)
    if found is None:
        raise ValueError("the instruction has no sentence with two options")
    sentence, option1, option2 = (part.strip() for part in found.groups())
    label = label_position(record, "answer", ("option1", "option2"))
    return [{"sentence": sentence, "option1": option1, "option2": option2, "label": label}]


register(
    Dataset(
        name="winogrande",
        cluster="coreference",
        tfds="winogrande:1.1.0",
        licence="CC BY 4.0",
        train="train_xl[:30000]",
        validation="train_xl[-200:]",
        features=("sentence", "option1", "option2", "label"),
        fields=_fields,
        makes=("beginning", "answer", "options"),
        left_out="without a gold label, or with another number of blanks than one",
        num_options=2,
        templates=TEMPLATES,
        sample=Sample(
            train=("winogrande/llm_adapters_test_sample.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="ODC-By; data CC BY 4.0",
            note="500 rows of the published validation set, taken back out of prompts, which stand in for all splits",
        ),
    )
)
