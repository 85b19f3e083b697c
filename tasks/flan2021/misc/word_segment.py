"""Word segmentation: put the spaces back (a data set of FLAN's code, not counted in the paper's 62)."""

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import register
from flan_jax.tasks.flan2021.misc.english_lines import english_lines

TEMPLATES = (
    Template("{text}\n\nPut spaces between the words."),
    Template("Split this into words: {text}"),
    Template("The spaces have gone missing. Write the line as it should be.\n\n{text}"),
    Template("Separate the words in the following.\n{text}"),
    Template("No spaces: {text}\nWith spaces:"),
    Template('My space bar is broken, and I typed this: "{text}" What did I want to say?'),
    Template("Find the borders between the words of this string and insert blanks there.\n\n{text}"),
    Template("Make this readable again by spacing it correctly.\n{text}"),
    Template("Remove every space from the text.\n\n{answer}", targets="{text}"),
    Template("Write this as one string without blanks: {answer}", targets="{text}"),
)

register(
    english_lines(
        "word_segment",
        "train[60400:90400]",
        "train[90400:90600]",
        lambda line: line.replace(" ", ""),
        TEMPLATES,
        left_out="of a single word",
    )
)
