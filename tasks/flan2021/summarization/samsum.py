"""SAMSum: what was said in a chat (Gliwa et al. 2019)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import SUMMARY, Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_jsonl

TEMPLATES = (
    Template("{dialogue}\n\nSummarise the chat."),
    Template("Chat:\n{dialogue}\n\nWhat is it about?"),
    Template("Tell somebody who was not there what was said here.\n\n{dialogue}"),
    Template("Read the messages and report them in a sentence or two.\n{dialogue}"),
    Template("Conversation: {dialogue}\nSummary:"),
    Template("{dialogue}\n\nIn short, what did they talk about or agree on?"),
    Template("Write the minutes of this little conversation, as briefly as you can.\n\n{dialogue}"),
    Template("I have no time to read the whole chat below. What does it come to?\n\n{dialogue}"),
    Template("Write a chat that can be summed up like this: {answer}", targets="{dialogue}"),
    Template("{answer}\n\nHow may the conversation have gone?", targets="{dialogue}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    dialogue, summary = row["dialogue"].replace("\r\n", "\n").strip(), row["summary"].strip()
    return {"dialogue": dialogue, "answer": summary} if dialogue and summary else None


register(
    Dataset(
        name="samsum",
        cluster="summarization",
        tfds="samsum:1.0.0",
        licence="CC BY-NC-ND 4.0",
        train="train",
        validation="validation[:200]",
        test="test",
        features=("dialogue", "summary"),
        fields=_fields,
        makes=("dialogue", "answer"),
        left_out="without a dialogue or a summary",
        metrics=SUMMARY,
        templates=TEMPLATES,
        sample=Sample(
            train=("samsum/p3_recovered.jsonl",),
            read=read_jsonl,
            convert=lambda record: [record],
            licence="Apache-2.0 repository; data CC BY-NC-ND 4.0",
            note="200 rows taken back out of prompts",
        ),
    )
)
