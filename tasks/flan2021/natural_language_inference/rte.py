"""RTE: does a short text entail a sentence? (Dagan et al. 2006 and its successors, as in SuperGLUE)"""

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_jsonl
from flan_jax.tasks.flan2021.superglue import LICENCE, native

TEMPLATES = (
    Template(
        "Text: {premise}\n\nStatement: {hypothesis}\n\nTaking the text as true, does the statement have to be true?\n"
        "{options}"
    ),
    Template("{premise}\n\nSomeone who has read only this claims: {hypothesis}\nIs the claim supported?\n{options}"),
    Template("If we know this:\n{premise}\nmay we infer this?\n{hypothesis}\n{options}"),
    Template(
        "Compare the two passages.\nPassage A: {premise}\nPassage B: {hypothesis}\n\nDoes B follow from A?\n{options}"
    ),
    Template("{hypothesis}\n\nIs that a safe conclusion after reading the following?\n\n{premise}\n{options}"),
    Template(
        "A news item says:\n{premise}\n\nA reader sums up one point of it like this: {hypothesis}\n\nIs the reader "
        "right "
        "according to the item?\n{options}\nAnswer:"
    ),
    Template("Evidence: {premise}\nProposition: {hypothesis}\nDoes the evidence establish the proposition?\n{options}"),
    Template(
        "Check whether the second sentence is entailed by the first. Reply with one of the options.\n"
        "1. {premise}\n2. {hypothesis}\n{options}",
        needs_options=True,
    ),
    Template('Here is what I was told: {premise}\n\nCan I therefore write "{hypothesis}" in my report?\n{options}'),
    Template(
        "Read the text and write one sentence about it. Whether the sentence follows from the text should be answered "
        'with "{answer}".\n\nText: {premise}',
        targets="{hypothesis}",
    ),
)

register(
    Dataset(
        name="rte",
        cluster="natural_language_inference",
        tfds="super_glue/rte:1.0.2",
        licence=LICENCE,
        features=("premise", "hypothesis", "label"),
        labels=(("entailment", "yes"), ("not_entailment", "no")),
        templates=TEMPLATES,
        sample=Sample(
            train=("rte/train.jsonl",),
            test=("rte/val.jsonl",),
            read=read_jsonl,
            convert=native("entailment", "not_entailment"),
            licence="Apache-2.0 repository; data under SuperGLUE's terms",
            note="800 of the training pairs, and the published validation pairs as test",
        ),
    )
)
