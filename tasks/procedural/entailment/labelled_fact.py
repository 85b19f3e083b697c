"""The prompt says which words stand for true and false."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.entailment.facts import draw_pair
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import OWN_LABELS

FIELDS = ("text", "statement", "true_label", "false_label", "answer", "options")
TEMPLATES = (
    Template("{text} Say {true_label} if this is true and {false_label} if it is false: {statement}"),
    Template("Text: {text}\nLine: {statement}\nIf false, write {false_label}. If true, write {true_label}."),
    Template("True means {true_label}, false means {false_label}. {text} So what is this? {statement}"),
    Template("{text} Answer with {true_label} for true and with {false_label} for false. {statement}"),
    Template("Label true lines {true_label} and false lines {false_label}. {text} Line: {statement}\n{options}"),
    Template("Use {false_label} as the word for false and {true_label} as the word for true. {text} {statement}"),
    Template("Reply {true_label} when the text agrees and {false_label} when not. {text} {statement}"),
    Template("false = {false_label}, true = {true_label}. Text: {text} Now label this: {statement}"),
)


def generate_with(rng: random.Random, labels: tuple[str, ...]) -> Row:
    """A text, a statement and two label words."""
    text, statement, right = draw_pair(rng)
    true_label, false_label = rng.sample(labels, 2)
    return {
        "text": text,
        "statement": statement,
        "true_label": true_label,
        "false_label": false_label,
        "answer": true_label if right else false_label,
        "options": tuple(sorted((true_label, false_label))),
    }


def generate(rng: random.Random) -> Row:
    """Labels that training may use."""
    return generate_with(rng, OWN_LABELS)


register_family(
    Family(
        name="labelled_fact",
        cluster="entailment",
        generate=generate,
        fields=FIELDS,
        chance=1 / 2,
        templates=TEMPLATES,
    )
)
