"""WebNLG, English: a text from triples of DBpedia (Gardent et al. 2017, as in GEM)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import GENERATION, Dataset, bullet_list, register
from flan_jax.tasks.flan2021.samples import Sample, read_jsonl

TEMPLATES = (
    Template("Verbalise these triples.\n\n{triples}"),
    Template("{triples}\n\nWrite a text that contains just this information."),
    Template("Knowledge graph:\n{triples}\n\nIn plain English:"),
    Template("Each line below is a fact. Tell all of them in well-formed sentences.\n{triples}"),
    Template("An encyclopedia stores:\n{triples}\nHow would its article put this?"),
    Template("Formulate the following statements as readable text.\n\n{triples}"),
    Template("Read the triples of subject, property and object, and report what they say.\n{triples}"),
    Template("Combine the facts into one short passage.\n\n{triples}"),
    Template(
        "Write down the facts in the passage, one a line, as subject | property | object.\n\n{answer}",
        targets="{triples}",
    ),
    Template("Passage: {answer}\n\nWhich triples of a knowledge graph is it based on?", targets="{triples}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    if not row["target"]:
        return None
    return {
        "triples": bullet_list([triple.replace("_", " ") for triple in row["input"]]),
        "answer": row["target"],
        "references": tuple(text for text in row["references"] if text != row["target"]),
    }


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"input": record["triples"], "target": record["lex"][0], "references": record["lex"]}]


register(
    Dataset(
        name="web_nlg_en",
        cluster="struct_to_text",
        tfds="gem/web_nlg_en:1.1.0",
        licence="CC BY-NC-SA 4.0",
        train="train[:30000]",
        features=("input", "target", "references"),
        fields=_fields,
        makes=("triples", "answer", "references"),
        left_out="without a text",
        metrics=GENERATION,
        templates=TEMPLATES,
        sample=Sample(
            train=("web_nlg/release_v2_dev.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="CC BY-NC-SA 4.0",
            note="1,000 rows of the development set of release 2, which stand in for all splits",
        ),
    )
)
