"""CommonGen: a sentence from a few concepts (Lin et al. 2020, as in GEM)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import GENERATION, Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_jsonl

TEMPLATES = (
    Template("Write a sentence with these words: {concepts}"),
    Template("Concepts: {concepts}\n\nDescribe an everyday scene in which all of them occur."),
    Template("Make one sentence out of the following: {concepts}. You may change the words' endings."),
    Template("{concepts}\n\nPut these into a sentence that makes sense."),
    Template("A picture shows something to do with {concepts}. What might its caption be?"),
    Template("Use every one of these ideas in a single sentence.\n- Ideas: {concepts}\n- Sentence:"),
    Template('What could be happening, if I tell you only "{concepts}"? Answer with a sentence.'),
    Template("List the main concepts of this sentence: {answer}", targets="{concepts}"),
    Template(
        "From which keywords may this sentence have been written? Give their base forms.\n\n{answer}",
        targets="{concepts}",
    ),
    Template("{answer}\n\nPick the nouns and verbs that the line above is built on.", targets="{concepts}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    if not row["target"]:
        return None  # the test split is published without sentences
    return {
        "concepts": ", ".join(row["concepts"]),
        "answer": row["target"],
        "references": tuple(text for text in row["references"] if text != row["target"]),
    }


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "concepts": record["concept_set"].split("#"),
            "target": record["scene"][0],
            "references": record["scene"],
        }
    ]


register(
    Dataset(
        name="common_gen",
        cluster="struct_to_text",
        tfds="gem/common_gen:1.1.0",
        licence="MIT",
        train="train[:30000]",
        features=("concepts", "target", "references"),
        fields=_fields,
        makes=("concepts", "answer", "references"),
        left_out="without a sentence",
        metrics=GENERATION,
        templates=TEMPLATES,
        sample=Sample(
            train=("common_gen/commongen.dev.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="MIT upstream",
            note="the published development set, which stands in for all splits; first sentence of each",
        ),
    )
)
