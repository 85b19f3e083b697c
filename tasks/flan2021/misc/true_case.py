"""True case: restore capital letters (a data set of FLAN's code, not counted in the paper's 62)."""

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import register
from flan_jax.tasks.flan2021.misc.english_lines import english_lines

TEMPLATES = (
    Template("{text}\n\nWrite this with capital letters where they belong."),
    Template("Correct the capitalisation: {text}"),
    Template("All letters are small here. Put that right.\n\n{text}"),
    Template("Restore upper case in the following line.\n{text}"),
    Template("Lower case: {text}\nProper case:"),
    Template('My keyboard\'s shift key was broken when I typed this: "{text}" What should it look like?'),
    Template("Begin sentences and names with capitals.\n\n{text}"),
    Template("Repeat the text below, but with the usual upper-case letters.\n{text}"),
    Template("An editor has to capitalise this line correctly.\nLine: {text}\nEdited line:"),
    Template("Write this text in small letters only.\n\n{answer}", targets="{text}"),
)

register(
    english_lines(
        "true_case", "train[:30000]", "train[30000:30200]", str.lower, TEMPLATES, left_out="in lower case already"
    )
)
