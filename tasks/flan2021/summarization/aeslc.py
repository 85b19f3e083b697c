"""AESLC: the subject line of an e-mail from the Enron corpus (Zhang and Tetreault 2019)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import SUMMARY, Dataset, register

TEMPLATES = (
    Template("{email}\n\nWrite a subject line for this e-mail."),
    Template("E-mail: {email}\nSubject:"),
    Template("What would be a good subject for the following message?\n\n{email}"),
    Template("I forgot the subject of my mail. Here is its text; please suggest one.\n\n{email}"),
    Template("{email}\n\nWhat is this mail about, in a few words?"),
    Template("Name the topic of the message, as it would stand in the list of an inbox.\n{email}"),
    Template("Body of an e-mail:\n{email}\n\nHeading:"),
    Template("Sum up this mail in a line so short that it can be its subject.\n\n{email}"),
    Template("Write an e-mail. Its subject line: {answer}", targets="{email}"),
    Template("Subject: {answer}\n\nWhat might the mail under this heading say?", targets="{email}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    email, subject = row["email_body"].strip(), row["subject_line"].strip()
    return {"email": email, "answer": subject} if email and subject else None


register(
    Dataset(
        name="aeslc",
        cluster="summarization",
        tfds="aeslc:1.0.0",
        licence="CC BY-NC-SA 4.0",
        train="train",
        validation="validation[-200:]",
        test="test",
        features=("email_body", "subject_line"),
        fields=_fields,
        makes=("email", "answer"),
        left_out="without a body or a subject",
        metrics=SUMMARY,
        templates=TEMPLATES,
    )
)
