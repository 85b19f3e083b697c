"""WSC as in SuperGLUE: does a pronoun mean a given noun phrase? (Levesque et al. 2012)"""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_jsonl, whole_number
from flan_jax.tasks.flan2021.superglue import LICENCE

TEMPLATES = (
    Template('{text}\n\nDoes "{span2_text}" mean "{span1_text}" in the text above?\n{options}'),
    Template('Text: {text}\nIs "{span1_text}" what the word "{span2_text}" refers to?\n{options}'),
    Template('Do "{span1_text}" and "{span2_text}" stand for the same in this passage?\n\n{text}\n{options}'),
    Template('{text}\n\nA pupil claims that "{span2_text}" points back to "{span1_text}". Correct?\n{options}'),
    Template("Pronoun: {span2_text}\nCandidate: {span1_text}\nPassage: {text}\nIs the candidate meant?\n{options}"),
    Template(
        'May one put "{span1_text}" in the place of "{span2_text}" without changing the sense?\n{text}\n{options}'
    ),
    Template('Check the coreference "{span2_text}" = "{span1_text}" in: {text}\n{options}\nAnswer:'),
    Template('Does the author use "{span2_text}" for "{span1_text}" when writing the following?\n\n{text}\n{options}'),
    Template('Who or what is "{span2_text}"? I think it is {span1_text}. Am I right?\n\n{text}\n{options}'),
    Template('{text}\n\nTell whether "{span2_text}" here takes up "{span1_text}".\n{options}'),
)


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"text": record["text"], **record["target"], "label": whole_number(record, "label")}]


register(
    Dataset(
        name="wsc",
        cluster="coreference",
        tfds="super_glue/wsc:1.0.2",
        licence=LICENCE,
        train="train[:-50]",
        validation="train[-50:]",
        features=("text", "span1_text", "span2_text", "label"),
        labels=(("False", "no"), ("True", "yes")),
        templates=TEMPLATES,
        sample=Sample(
            train=("fewglue/WSC_train.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="none stated (SuperGLUE terms)",
            note="FewGLUE's 32 training rows, whose answer is yes throughout",
        ),
    )
)
