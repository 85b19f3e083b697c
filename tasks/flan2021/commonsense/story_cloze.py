"""Story Cloze 2016: the right ending of a story of four sentences (Mostafazadeh et al. 2016). Its training stories have
no wrong endings, so the validation split is trained on."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, choices, register

TEMPLATES = (
    Template("{story}\n\nHow does the story end?\n{options}"),
    Template("Choose the last sentence of this little story.\n\n{story}\n{options}", needs_options=True),
    Template("{story}\n{options}\n\nOnly one of these endings makes sense. Which?", needs_options=True),
    Template("Once somebody told me this: {story} Then, I think, the following happened.\n{options}"),
    Template("Story without its end: {story}\nA fitting end:\n{options}"),
    Template("Read the four sentences. What would be a natural fifth?\n{story}\n{options}"),
    Template("A writer has got this far:\n\n{story}\n\nHelp the writer to close the story.\n{options}"),
    Template("Story: {story}\nWhat happens in the end?\n{options}\nAnswer:"),
    Template("Write a short story that ends with this sentence: {answer}", targets="{story}"),
    Template("What may have happened before? Tell it in four sentences.\n\nEnding: {answer}", targets="{story}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    if not 0 <= row["label"] < len(row["endings"]):
        return None
    return {"story": row["context"], **choices(*row["endings"], answer=row["label"])}


register(
    Dataset(
        name="story_cloze",
        cluster="commonsense",
        tfds="story_cloze/2016:1.0.0",
        licence="terms of the source: the authors send it to those who ask",
        train="validation[:-200]",
        validation="validation[-200:]",
        test="test",
        features=("context", "endings", "label"),
        fields=_fields,
        makes=("story", "answer", "options"),
        num_options=2,
        templates=TEMPLATES,
    )
)
