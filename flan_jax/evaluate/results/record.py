"""An item as it was asked and answered, with its scores: one `Record`, one line of the journal.

Results are averages of records alone, so that a journal gives them again without the model.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from flan_jax.evaluate.language_models.requests import Generated

__all__ = ["Record", "generated_from_json", "generated_to_json"]

_ITEM = ("key", "benchmark", "subtask", "split", "format", "id")
_PROMPT = ("prompt", "num_prompt_tokens", "num_exemplars", "num_dropped", "is_trimmed")
_RANKED = ("options", "correct", "option_log_probs", "prior_log_probs", "option_num_tokens", "option_probabilities")
_GENERATED = ("references", "reasoning", "outputs", "answers")
_LAST = ("is_finite", "num_generated_tokens", "scores")
_TUPLES = (*_RANKED, "references", "answers", "ranking")
_LOG_PROBS = ("option_log_probs", "prior_log_probs")


@dataclasses.dataclass(frozen=True)
class Record:
    """What became of one item.

    Attributes:
      key: hash of everything that decides the answer.
      benchmark, subtask, split, format, id: which item it is, asked in which way.
      method: "rank" for options compared, "generate" for text.
      scores: metric -> score in [0, 1].
      answer: what was extracted, voted or ranked first; None where there is nothing.
      prompt: the text that was asked; "" where it was given as tokens.
      num_prompt_tokens: of it. num_exemplars: exemplars in it. num_dropped: exemplars taken out to fit. is_trimmed:
        whether it is longer than the model reads even so.
      is_finite: whether all log-probabilities are numbers.
      num_generated_tokens: of all generations, or of all scored options.
      options, correct: what was ranked, and the positions that are right.
      option_log_probs, prior_log_probs: nats of each option after the prompt, and after the unconditional prompt (empty
        where that was not asked). option_num_tokens: of each. option_probabilities: shares of their sum; empty where
        they are not finite.
      references: accepted answers to a generation.
      reasoning: first generations of a format that reasons, then answers; outputs: those that an answer was read from.
      answers: what was extracted from each output.
      ranking: outputs that are no loops, the likeliest first, where the format chooses so.
      is_tied: whether the vote was.
    """

    key: str
    benchmark: str
    subtask: str
    split: str
    format: str
    id: str
    method: Literal["rank", "generate"]
    scores: Mapping[str, float]
    answer: str | None
    prompt: str = ""
    num_prompt_tokens: int = 0
    num_exemplars: int = 0
    num_dropped: int = 0
    is_trimmed: bool = False
    is_finite: bool = True
    num_generated_tokens: int = 0
    options: tuple[str, ...] = ()
    correct: tuple[int, ...] = ()
    option_log_probs: tuple[float, ...] = ()
    prior_log_probs: tuple[float, ...] = ()
    option_num_tokens: tuple[int, ...] = ()
    option_probabilities: tuple[float, ...] = ()
    references: tuple[str, ...] = ()
    reasoning: tuple[Generated, ...] = ()
    outputs: tuple[Generated, ...] = ()
    answers: tuple[str | None, ...] = ()
    ranking: tuple[int, ...] = ()
    is_tied: bool = False

    @property
    def said(self) -> str:
        """The answer as a reader is shown it: the option ranked first, or the first output whole."""
        if self.method == "rank":
            return self.answer or "(not a number)"
        return self.outputs[0].text

    @property
    def expected(self) -> tuple[str, ...]:
        """Accepted answers as text."""
        if self.method == "rank":
            return tuple(self.options[position].strip() for position in self.correct)
        return self.references

    def to_json(self) -> dict[str, Any]:
        """A journal's line; a number that is not finite is null, as JSON has none. `from_json` is its inverse."""
        if self.method == "rank":
            names = [*_ITEM, *_PROMPT, *_RANKED, "answer", *_LAST]
        else:
            names = [*_ITEM, *_PROMPT, *_GENERATED, "answer", "ranking", "is_tied", *_LAST]
        value = {name: getattr(self, name) for name in names}
        for name in set(names) & set(_TUPLES):
            value[name] = list(value[name])
        for name in set(names) & set(_LOG_PROBS):
            value[name] = [_finite(log_prob) for log_prob in value[name]]
        for name in set(names) & {"reasoning", "outputs"}:
            value[name] = generated_to_json(value[name])
        return {**value, "scores": dict(self.scores)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Record:
        """Reads a line; raises `KeyError` or `TypeError` for what is none. Lines of before `is_tied` and `is_finite`
        have their defaults."""
        known = {field.name for field in dataclasses.fields(cls)}
        fields = {name: item for name, item in value.items() if name in known}
        fields["method"] = "rank" if "options" in value else "generate"
        for name in set(fields) & set(_TUPLES):
            fields[name] = tuple(fields[name])
        for name in set(fields) & set(_LOG_PROBS):
            fields[name] = tuple(math.nan if log_prob is None else log_prob for log_prob in fields[name])
        for name in set(fields) & {"reasoning", "outputs"}:
            fields[name] = generated_from_json(fields[name])
        return cls(**fields)


def generated_to_json(outputs: Sequence[Generated]) -> list[dict[str, Any]]:
    """JSON value of generations; `generated_from_json` is its inverse."""
    return [{**dataclasses.asdict(output), "log_prob": _finite(output.log_prob)} for output in outputs]


def generated_from_json(values: Sequence[Mapping[str, Any]]) -> tuple[Generated, ...]:
    """Generations as `generated_to_json` wrote them."""
    return tuple(Generated(**{**v, "log_prob": math.nan if v["log_prob"] is None else v["log_prob"]}) for v in values)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
