"""WikiLingua, English: the steps of a how-to guide in short (Ladhak et al. 2020, as in GEM)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import SUMMARY, Dataset, register

TEMPLATES = (
    Template("{guide}\n\nName the steps in short."),
    Template("Guide: {guide}\n\nThe steps in brief:"),
    Template("Shorten these instructions to their headings.\n\n{guide}"),
    Template("What does the text below tell one to do? Give short commands.\n\n{guide}"),
    Template("I need a checklist of the following.\n\n{guide}"),
    Template("{guide}\n\nTo put it briefly:"),
    Template("Summarise the how-to article.\n\n{guide}"),
    Template("Cut this advice down to what matters.\n{guide}\nShort version:"),
    Template("Explain these steps in detail.\n\n{answer}", targets="{guide}"),
    Template("{answer}\n\nWrite the how-to article that these are the headings of.", targets="{guide}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    guide, summary = row["source"].strip(), row["target"].strip()
    if not guide or not summary:
        return None
    references = tuple(text for text in row["references"] if text and text != row["target"])
    return {"guide": guide, "answer": summary, "references": references}


register(
    Dataset(
        name="wiki_lingua_english_en",
        cluster="summarization",
        tfds="gem/wiki_lingua_english_en:1.1.0",
        licence="CC BY-NC-SA 3.0",
        train="train[:30000]",
        validation="validation[:200]",
        test="test",
        features=("source", "target", "references"),
        fields=_fields,
        makes=("guide", "answer", "references"),
        left_out="without a guide or a summary",
        metrics=SUMMARY,
        templates=TEMPLATES,
    )
)
