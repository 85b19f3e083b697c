"""Remove a word, then give the last one (remove_item and nth_word)."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import LIST_WORDS
from flan_jax.tasks.procedural.phrases import coin, draw_words


def generate(rng: random.Random) -> Row:
    """Three or four words; half of the time it is the last one that goes."""
    words = draw_words(rng, LIST_WORDS, 3, 4)
    gone = words[-1] if coin(rng) else rng.choice(words[:-1])
    left = [word for word in words if word != gone]
    return {"words": " ".join(words), "gone": gone, "answer": left[-1], "options": tuple(words)}


register_family(
    Family(
        name="remove_then_last",
        cluster="composition",
        kind="composition",
        generate=generate,
        fields=("words", "gone", "answer", "options"),
        chance=7 / 24,
        templates=(
            Template("Remove {gone} from this list, then write only the last word. {words}"),
            Template("List: {words}\nWhich word is last when {gone} is removed?"),
            Template(
                "Words: {words} Drop: {gone}", instruction="Drop the word and write the last word that remains.\n"
            ),
            Template("Take {gone} out of {words} and give me the last item."),
            Template("Leave out {gone}. What is the last word of {words} ?"),
            Template("Without {gone}, what comes last in the list {words} ?"),
        ),
    )
)
