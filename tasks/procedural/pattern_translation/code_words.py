"""Made-up words with meanings given in the prompt; translate."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import LIST_WORDS, NONSENSE
from flan_jax.tasks.procedural.phrases import coin, cot


def generate(rng: random.Random) -> Row:
    """Three code words, two of them to translate, either way."""
    made, plain = rng.sample(NONSENSE, 3), rng.sample(LIST_WORDS, 3)
    pairs = list(zip(made, plain, strict=True))
    picked = rng.sample(pairs, 2)
    if coin(rng):
        picked = [(p, m) for m, p in picked]
    return {
        "code": ", ".join(f"{m} means {p}" for m, p in pairs),
        "line": " ".join(source for source, _ in picked),
        "answer": " ".join(target for _, target in picked),
        "rationale": f"{', '.join(f'{source} is {target}' for source, target in picked)}.",
    }


register_family(
    Family(
        name="code_words",
        cluster="pattern_translation",
        generate=generate,
        fields=("code", "line", "answer", "rationale"),
        templates=(
            Template("In a new language {code}. Translate: {line}"),
            Template("Code: {code}.\nWhat does {line} say?"),
            Template("{code}. Line: {line}", instruction="Translate the line with the code.\n"),
            Template("Translate {line} when {code}."),
            Template("We agree that {code}. So {line} is in the other language"),
            Template("Put {line} into the other language: {code}."),
            Template("If {code}, then what is {line}?"),
            Template("Use this code: {code}. Now write {line} in it."),
        ),
        cot_templates=(
            cot("In a new language {code}. Translate word by word: {line}"),
            cot("Code: {code}.\nWhat does {line} say? Explain each word."),
        ),
    )
)
