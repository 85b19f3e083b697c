"""SST-2: sentences and phrases from film reviews (Socher et al. 2013, as in GLUE)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_tsv, whole_number
from flan_jax.tasks.flan2021.superglue import GLUE_LICENCE

TEMPLATES = (
    Template("Phrase from a film review: {sentence}\n\nIs it positive or negative?\n{options}"),
    Template('"{sentence}"\n\nWhat does a critic who writes this think of the film?\n{options}'),
    Template("Sentiment of the following words?\n{sentence}\n{options}\nAnswer:"),
    Template("{sentence}\n\nDo these words praise or blame?\n{options}"),
    Template("Rate the tone of this fragment: {sentence}\n{options}"),
    Template("A poster quotes a critic: {sentence}\nWas the critic's view good or bad?\n{options}"),
    Template("Read the excerpt and tell the sentiment that it carries.\n\nExcerpt: {sentence}\n{options}"),
    Template('If you read "{sentence}" about a movie, what kind of opinion is that?\n{options}'),
    Template("Give me a phrase that could stand in a {answer} film review.", targets="{sentence}"),
    Template("Express a {answer} opinion about a movie in a few words.", targets="{sentence}"),
)


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"sentence": record["sentence"], "label": whole_number(record, "label")}]


register(
    Dataset(
        name="sst2",
        cluster="sentiment",
        tfds="glue/sst2:2.0.0",
        licence=GLUE_LICENCE,
        train="train[:30000]",
        features=("sentence", "label"),
        labels=(("negative", "negative"), ("positive", "positive")),
        templates=TEMPLATES,
        sample=Sample(
            train=("sst2/dev.tsv",),
            read=read_tsv,
            convert=_convert,
            licence="MIT repository; data under GLUE's terms",
            note="6,735 phrases of the published training set",
        ),
    )
)
