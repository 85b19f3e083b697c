"""WNLI: is a pronoun resolved correctly? Winograd sentences as entailment (Levesque et al. 2012, as in GLUE)."""

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register

TEMPLATES = (
    Template("{sentence1}\n\nDoes that mean the following? {sentence2}\n{options}"),
    Template("Sentence A: {sentence1}\nSentence B: {sentence2}\n\nIf A is true, is B true as well?\n{options}"),
    Template("{sentence1}\n\nA listener takes this to say: {sentence2}\nHas the listener understood it?\n{options}"),
    Template('"{sentence1}"\n\nIs this a correct reading of it? "{sentence2}"\n{options}'),
    Template(
        "In the original a pronoun stands for somebody or something; in the rewording it has been replaced.\nOriginal: "
        "{sentence1}\nRewording: {sentence2}\nWas the replacement right?\n{options}"
    ),
    Template("Given: {sentence1}\nTo judge: {sentence2}\nIs the sentence to judge true?\n{options}\nAnswer:"),
    Template("{sentence2}\n\nCan we know this from the sentence below?\n{sentence1}\n{options}"),
    Template(
        'Think about who or what each word refers to. "{sentence1}" May one conclude that? "{sentence2}"\n{options}'
    ),
    Template("Story: {sentence1}\nIs the following the case? {sentence2}\n{options}"),
    Template("Does the second sentence follow from the first?\n- {sentence1}\n- {sentence2}\n{options}"),
)

register(
    Dataset(
        name="wnli",
        cluster="natural_language_inference",
        tfds="glue/wnli:2.0.0",
        licence="CC BY 4.0 (Winograd Schema Challenge)",
        train="train[:-30]",
        validation="train[-30:]",
        features=("sentence1", "sentence2", "label"),
        labels=(("not_entailment", "no"), ("entailment", "yes")),
        templates=TEMPLATES,
    )
)
