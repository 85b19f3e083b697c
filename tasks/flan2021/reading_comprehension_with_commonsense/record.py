"""ReCoRD: which of the entities in a news item fills a gap? (Zhang et al. 2018, as in SuperGLUE)"""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_jsonl
from flan_jax.tasks.flan2021.superglue import LICENCE

GAP = "____"
TEMPLATES = (
    Template("{passage}\n\n{query}\n\nWhat belongs in the gap?\n{options}"),
    Template("News: {passage}\nFill in: {query}\n{options}\nAnswer:"),
    Template("A name is missing from the last sentence. Which?\n\n{passage}\n{query}\n{options}"),
    Template("Read the article and complete the sentence after it.\n\n{passage}\n\n{query}\n{options}"),
    Template("{query}\n\nFind the missing name with the help of this report.\n{passage}\n{options}"),
    Template("Who or what is hidden by the line? {query}\n\nThe story so far: {passage}\n{options}"),
    Template(
        "Article: {passage}\n\nThe article goes on: {query}\n\nReplace the blank by one of these.\n{options}",
        needs_options=True,
    ),
    Template("Cloze test. Passage: {passage}\nSentence with a gap: {query}\n{options}"),
    Template('A printer has left out a name: "{query}" Restore it from the context.\n\n{passage}\n{options}'),
    Template(
        "{passage}\n\nWhich of the names makes the following sentence true?\n{query}\n{options}", needs_options=True
    ),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    answers = tuple(dict.fromkeys(row["answers"]))
    options = tuple(dict.fromkeys(row["entities"]))
    if not answers or answers[0] not in options:
        return None
    return {
        "passage": row["passage"].replace("\n@highlight\n", "\n- "),
        "query": row["query"].replace("@placeholder", GAP),
        "answer": answers[0],
        "references": answers[1:],
        # Other spellings of the answer would be right as well: the options have one.
        "options": tuple(option for option in options if option not in answers[1:]),
    }


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    text = record["passage"]["text"]
    entities = [text[entity["start"] : entity["end"] + 1] for entity in record["passage"]["entities"]]
    return [
        {
            "passage": text,
            "query": asked["query"],
            "entities": entities,
            "answers": [answer["text"] for answer in asked["answers"]],
        }
        for asked in record["qas"]
    ]


register(
    Dataset(
        name="record",
        cluster="reading_comprehension_with_commonsense",
        tfds="super_glue/record:1.0.2",
        licence=LICENCE,
        train="train[:30000]",
        features=("passage", "query", "entities", "answers"),
        fields=_fields,
        makes=("passage", "query", "answer", "references", "options"),
        left_out="without an answer among the entities",
        metrics=("rank_accuracy", "token_f1", "normalised_exact_match"),
        templates=TEMPLATES,
        sample=Sample(
            train=("fewglue/ReCoRD_train.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="none stated (SuperGLUE terms)",
            note="FewGLUE's 32 training passages",
        ),
    )
)
