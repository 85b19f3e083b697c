"""The prompt says which words stand for good and bad."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import OWN_LABELS
from flan_jax.tasks.procedural.sentiment.reviews import draw_review

FIELDS = ("review", "good_label", "bad_label", "answer", "options")
TEMPLATES = (
    Template("Say {good_label} if the review is good and {bad_label} if it is bad. {review}"),
    Template("Review: {review}\nIf it is bad, write {bad_label}. If it is good, write {good_label}."),
    Template("Good means {good_label}, bad means {bad_label}. {review}"),
    Template("{review}\nAnswer with {good_label} for a good review and with {bad_label} for a bad one."),
    Template("Label good reviews {good_label} and bad reviews {bad_label}.\nReview: {review}\n{options}"),
    Template("Use {bad_label} as the word for bad and {good_label} as the word for good. {review}"),
    Template("Reply {good_label} when the writer is pleased and {bad_label} when not. {review}"),
    Template("bad = {bad_label}, good = {good_label}. Now label this: {review}"),
)


def generate_with(rng: random.Random, labels: tuple[str, ...]) -> Row:
    """One review and two label words."""
    review, good = draw_review(rng)
    good_label, bad_label = rng.sample(labels, 2)
    return {
        "review": review,
        "good_label": good_label,
        "bad_label": bad_label,
        "answer": good_label if good else bad_label,
        "options": tuple(sorted((good_label, bad_label))),
    }


def generate(rng: random.Random) -> Row:
    """Labels that training may use."""
    return generate_with(rng, OWN_LABELS)


register_family(
    Family(
        name="labelled_review",
        cluster="sentiment",
        generate=generate,
        fields=FIELDS,
        chance=1 / 2,
        templates=TEMPLATES,
    )
)
