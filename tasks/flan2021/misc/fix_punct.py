"""Punctuation: put the marks back."""

import re

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import register
from flan_jax.tasks.flan2021.misc.english_lines import english_lines

TEMPLATES = (
    Template("{text}\n\nAdd the punctuation marks."),
    Template("Punctuate this: {text}"),
    Template("The commas, full stops and other marks of the next line got lost. Bring them back.\n\n{text}"),
    Template("Rewrite with correct punctuation.\n{text}"),
    Template("Without punctuation: {text}\nWith punctuation:"),
    Template(
        'A machine that writes down words only was told "{text}" What was meant, with the marks between the words?'
    ),
    Template("Where do the punctuation marks go?\n\n{text}"),
    Template("Please correct this text, which lacks marks such as commas and full stops.\n{text}"),
    Template("Line from a telegram: {text}\nThe same line as it would be printed in a book:"),
    Template(
        "Delete the punctuation of this text, but not the marks inside words and numbers.\n\n{answer}", targets="{text}"
    ),
)


def without_punctuation(line: str) -> str:
    """`line` without marks, but for those inside words and numbers."""
    return " ".join(re.sub(r"(?<!\w)[^\w\s]+|[^\w\s]+(?!\w)", " ", line).split())


register(
    english_lines(
        "fix_punct",
        "train[30200:60200]",
        "train[60200:60400]",
        without_punctuation,
        TEMPLATES,
        left_out="without punctuation to restore",
    )
)
