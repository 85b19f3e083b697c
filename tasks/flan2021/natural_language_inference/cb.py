"""CommitmentBank: does a passage commit its author to a clause? (De Marneffe et al. 2019, as in SuperGLUE)"""

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_jsonl
from flan_jax.tasks.flan2021.superglue import LICENCE, native

TEMPLATES = (
    Template("{premise}\n\nDo these lines tell us that {hypothesis}?\n{options}"),
    Template("Passage: {premise}\nClaim: {hypothesis}\n\nJudging by the passage alone, is the claim true?\n{options}"),
    Template("Somebody wrote or said:\n{premise}\n\nIs it a fact for them that {hypothesis}?\n{options}\nAnswer:"),
    Template("Is it certain that {hypothesis}, given this excerpt?\n\n{premise}\n{options}"),
    Template(
        "Decide what the excerpt lets you say about the claim.\nExcerpt: {premise}\nClaim: {hypothesis}\n{options}"
    ),
    Template(
        '{premise}\n\nImagine you must sign the following statement: "{hypothesis}". Would the speaker above agree '
        "with it?\n{options}"
    ),
    Template('From the words below, can you tell whether {hypothesis}?\n\n"{premise}"\n{options}'),
    Template("Source: {premise}\n\nTrue according to the source? {hypothesis}\n{options}"),
    Template("{hypothesis}\n\nWhat does this text say about the line above?\n{premise}\n{options}"),
    Template(
        'Asked whether a certain clause holds, a reader of the passage below answers "{answer}". Which clause could it '
        "be?\n\n{premise}",
        targets="{hypothesis}",
    ),
)

register(
    Dataset(
        name="cb",
        cluster="natural_language_inference",
        tfds="super_glue/cb:1.0.2",
        licence=LICENCE,
        train="train[:-50]",
        validation="train[-50:]",
        features=("premise", "hypothesis", "label"),
        labels=(("entailment", "Yes"), ("contradiction", "No"), ("neutral", "It's impossible to say")),
        templates=TEMPLATES,
        sample=Sample(
            train=("cb/train.jsonl",),
            test=("cb/val.jsonl",),
            read=read_jsonl,
            convert=native("entailment", "contradiction", "neutral"),
            licence="Apache-2.0 repository; data under SuperGLUE's terms",
            note="the published training and validation passages",
        ),
    )
)
