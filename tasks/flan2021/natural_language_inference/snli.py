"""SNLI: captions of photographs and what they imply (Bowman et al. 2015)."""

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_jsonl
from flan_jax.tasks.flan2021.superglue import native

TEMPLATES = (
    Template("A photo is captioned: {premise}\n\nIs this true of the photo? {hypothesis}\n{options}"),
    Template("Scene: {premise}\nStatement: {hypothesis}\nDoes the scene make the statement true?\n{options}"),
    Template("{premise}\n\nGiven just this description, is the next sentence correct?\n{hypothesis}\n{options}"),
    Template(
        'One person describes a picture: "{premise}" Another, who cannot see it, says: "{hypothesis}" Is the second '
        "person right?\n{options}"
    ),
    Template('Does "{premise}" imply "{hypothesis}"?\n{options}'),
    Template("What we see: {premise}\nWhat we are asked to confirm: {hypothesis}\n{options}\nAnswer:"),
    Template("{hypothesis}\n\nWould you accept the line above as a description of this?\n\n{premise}\n{options}"),
    Template("Caption: {premise}\nGuess: {hypothesis}\n\nIs the guess bound to be correct?\n{options}"),
    Template(
        "Suppose you know only the first sentence. Can you say that the second one is true?\n1) {premise}\n"
        "2) {hypothesis}\n{options}"
    ),
    Template(
        "Here is the caption of a photo: {premise}\n\nWrite another sentence about the photo. Given the caption, the "
        'answer to whether it is true must be "{answer}".',
        targets="{hypothesis}",
    ),
)

register(
    Dataset(
        name="snli",
        cluster="natural_language_inference",
        tfds="snli:1.1.0",
        licence="CC BY-SA 4.0",
        train="train[:30000]",
        validation="validation[:200]",
        test="test",
        features=("premise", "hypothesis", "label"),
        labels=(("entailment", "yes"), ("neutral", "it is not possible to tell"), ("contradiction", "no")),
        templates=TEMPLATES,
        left_out="on whose label the annotators did not agree",
        sample=Sample(
            train=("esnli_dev.jsonl",),
            read=read_jsonl,
            convert=native("entailment", "neutral", "contradiction"),
            licence="MIT-style (e-SNLI); data CC BY-SA 4.0",
            note="3,000 rows of the published development set, tokenised, which stand in for all splits",
            folder="cot_extra",
        ),
    )
)
