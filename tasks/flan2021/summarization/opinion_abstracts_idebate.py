"""Opinion abstracts, iDebate: the claim that a set of arguments supports (Wang and Ling 2016)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import SUMMARY, Dataset, bullet_list, register

TEMPLATES = (
    Template("Debate: {debate}\n\n{arguments}\n\nWhat do these arguments claim?"),
    Template("Sum up the arguments in one claim.\n{arguments}"),
    Template("{arguments}\n\nClaim:"),
    Template('In a debate on "{debate}" somebody said all this:\n{arguments}\nWhat is the speaker\'s point?'),
    Template("Which thesis is supported by the following?\n\n{arguments}"),
    Template("Topic: {debate}\nRead the arguments and put what they come to into a sentence.\n{arguments}"),
    Template("Formulate the central statement behind these sentences.\n\n{arguments}"),
    Template("Find arguments for this claim: {answer}", targets="{arguments}"),
    Template("A debater claims: {answer}\n\nWhich debate may that have been in?", targets="{debate}"),
    Template("Debate: {debate}\nClaim: {answer}\n\nHow can the claim be argued for?", targets="{arguments}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    arguments = [text for text in row["_argument_sentences"]["value"] if text]
    claim, debate = row["_claim"].strip(), row["_debate_name"].strip()
    return {"debate": debate, "arguments": bullet_list(arguments), "answer": claim} if arguments and claim else None


register(
    Dataset(
        name="opinion_abstracts_idebate",
        cluster="summarization",
        tfds="opinion_abstracts/idebate:1.0.0",
        licence="terms of the source (web.eecs.umich.edu/~wangluxy/data.html)",
        train="train[:-600]",
        validation="train[-600:-500]",
        test="train[-500:]",
        features=("_argument_sentences/value", "_claim", "_debate_name"),
        fields=_fields,
        makes=("debate", "arguments", "answer"),
        plain=("arguments",),
        left_out="without arguments or a claim",
        metrics=SUMMARY,
        templates=TEMPLATES,
    )
)
