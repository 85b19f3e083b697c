"""Who gave, who got: roles in a sentence told in either voice."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NAMES, THINGS

FRAMES = (
    ("{giver} gave the {thing} to {taker}.", "gave", "got"),
    ("{taker} got the {thing} from {giver}.", "gave", "got"),
    ("{giver} sent {taker} the {thing}.", "sent", "got"),
    ("The {thing} came to {taker} from {giver}.", "sent", "got"),
)


def generate(rng: random.Random) -> Row:
    """One sentence; the question is for the giver, the taker or the thing."""
    giver, taker = rng.sample(NAMES, 2)
    thing = rng.choice(THINGS)
    frame, give, get = rng.choice(FRAMES)
    question, answer = rng.choice(
        [(f"Who {give} something?", giver), (f"Who {get} something?", taker), ("What was it about?", thing)]
    )
    return {
        "sentence": frame.format(giver=giver, taker=taker, thing=thing),
        "question": question,
        "answer": answer,
        "options": tuple(sorted((giver, taker, thing))),
    }


register_family(
    Family(
        name="giver_taker",
        cluster="coreference",
        generate=generate,
        fields=("sentence", "question", "answer", "options"),
        chance=1 / 3,
        templates=(
            Template("{sentence} {question}"),
            Template("Sentence: {sentence}\nQuestion: {question}"),
            Template("{sentence} {question}", instruction="Answer with one word of the sentence.\n"),
            Template("{question} Read: {sentence}"),
            Template("{sentence}\n{question}\n{options}"),
            Template("Look at this: {sentence} Now {question}"),
            Template("We read that {sentence} {question} One word."),
            Template("{question} Find it in the sentence. {sentence}"),
        ),
    )
)
