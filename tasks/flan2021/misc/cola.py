"""CoLA: is a sentence grammatical? (Warstadt et al. 2019, as in GLUE)"""

import functools
from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_tsv, whole_number
from flan_jax.tasks.flan2021.superglue import GLUE_LICENCE

TEMPLATES = (
    Template("{sentence}\n\nIs this sentence acceptable English?\n{options}"),
    Template("Sentence: {sentence}\nJudge its grammar.\n{options}"),
    Template('Would a native speaker find this well formed?\n\n"{sentence}"\n{options}'),
    Template(
        "A linguist marks examples as good or bad. How is this one marked?\n{sentence}\n{options}\nAnswer:",
        needs_options=True,
    ),
    Template("Grammar check: {sentence}\n{options}"),
    Template("{sentence}\n{options}\n\nChoose the word that describes the sentence.", needs_options=True),
    Template("Does the syntax of the following line obey the rules of English?\n{sentence}\n{options}"),
    Template('In terms of grammar, "{sentence}" is\n{options}'),
    Template("Write a short sentence that is grammatically {answer}.", targets="{sentence}"),
    Template("Give an example for a textbook on syntax. Its status should be: {answer}", targets="{sentence}"),
)


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"sentence": record["sentence"], "label": whole_number(record, "label")}]


register(
    Dataset(
        name="cola",
        cluster="misc",
        tfds="glue/cola",
        licence=GLUE_LICENCE,
        features=("sentence", "label"),
        labels=(("unacceptable", "unacceptable"), ("acceptable", "acceptable")),
        templates=TEMPLATES,
        sample=Sample(
            train=("cola/in_domain_dev.tsv",),
            test=("cola/out_of_domain_dev.tsv",),
            read=functools.partial(read_tsv, columns=("code", "label", "mark", "sentence")),
            convert=_convert,
            licence="none stated for the data",
            note="the published development sets: in-domain to train, out-of-domain to test",
        ),
    )
)
