"""Definite pronoun resolution: whom does the pronoun mean? (Rahman and Ng 2012)"""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, choices, register

TEMPLATES = (
    Template('{sentence}\n\nWhat does "{pronoun}" refer to in this sentence?\n{options}'),
    Template('Who or what is meant by "{pronoun}"?\n{sentence}\n{options}'),
    Template("Sentence: {sentence}\nPronoun: {pronoun}\nAntecedent?\n{options}"),
    Template('Resolve the pronoun "{pronoun}" in the following.\n\n{sentence}\n{options}'),
    Template('{sentence}\n\nIf we wrote the name instead of "{pronoun}", which would it be?\n{options}'),
    Template('Read carefully: {sentence} The word "{pronoun}" stands for\n{options}'),
    Template('For a translation I have to know what "{pronoun}" points to. Tell me.\n\n{sentence}\n{options}\nAnswer:'),
    Template('One of two things is meant by "{pronoun}" here. Which?\n"{sentence}"\n{options}', needs_options=True),
    Template(
        'In the text below, replace "{pronoun}" by what it means. Give the replacement only.\n{sentence}\n{options}'
    ),
    Template('Grammar quiz. {sentence}\nThe expression that "{pronoun}" takes up is:\n{options}'),
)


def _fields(row: Row) -> Mapping[str, Any]:
    return {
        "sentence": row["sentence"],
        "pronoun": row["pronoun"],
        **choices(*row["candidates"], answer=row["label"]),
    }


register(
    Dataset(
        name="definite_pronoun_resolution",
        cluster="coreference",
        tfds="definite_pronoun_resolution:1.1.0",
        licence="terms of the source (hlt.utdallas.edu/~vince/data/emnlp12)",
        test="test",
        features=("sentence", "pronoun", "candidates", "label"),
        fields=_fields,
        makes=("sentence", "pronoun", "answer", "options"),
        num_options=2,
        templates=TEMPLATES,
    )
)
