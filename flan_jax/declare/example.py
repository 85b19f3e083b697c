"""One example as text, and what makes it from a row."""

from __future__ import annotations

import dataclasses
import random
import unicodedata
from collections.abc import Sequence
from typing import Literal, Protocol

from flan_jax.sources.fields import check_are_texts, check_is_text
from flan_jax.sources.source import Row

# A row that has this field is there to be judged by its answer: templates that ask for another field pass it over.
JUDGED_FIELD = "judged"

__all__ = ["JUDGED_FIELD", "Rendered", "Renderer", "has_empty_option", "is_blank"]


@dataclasses.dataclass(frozen=True)
class Rendered:
    """One example as text, still in the pieces that a length budget may drop.

    `exemplars` are dropped one by one from the end until the input fits; then the input is trimmed; the target
    never is. `references` are all accepted answers (default: `targets`), `options` the answers to rank. `budget` is
    the share of the longest input that an input with exemplars may take: 15/16 is 960 of 1,024 tokens and 1,920 of
    2,048. `groups`, where there are several, are the sizes of groups of exemplars: each group keeps its first ones as
    long as they fit beside what the groups before it keep. `keeps` says which part stays of an input that is too long
    without any exemplar, where a benchmark asks it: its "end" with the question, or, as training trims it, its "start".
    `exemplars_missing` is how many exemplars fewer there are than were asked for, since no more could be had.
    """

    query: str
    targets: str
    preamble: str = ""
    exemplars: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    budget: float = 1.0
    groups: tuple[int, ...] = ()
    keeps: Literal["start", "end"] = "end"
    exemplars_missing: int = 0

    def inputs(self, num_exemplars: int | None = None) -> str:
        """The input text with the first `num_exemplars` exemplars (all of them by default)."""
        return self.inputs_with(range(len(self.exemplars))[:num_exemplars])

    def inputs_with(self, kept: Sequence[int]) -> str:
        """The input text with the exemplars at these positions."""
        return self.preamble + "".join(self.exemplars[position] for position in kept) + self.query

    def check_is_text(self) -> None:
        """Raises `FieldError` for a part that is no text, or no list of texts: whoever made it took it from a row."""
        for name in ("query", "targets", "preamble"):
            check_is_text(getattr(self, name), name)
        for name in ("exemplars", "references", "options"):
            check_are_texts(getattr(self, name), name)


def is_blank(text: str) -> bool:
    """Whether nothing of `text` can be seen: white space, and characters that only steer it, such as U+200B."""
    stripped = text.strip()
    # Nearly all texts begin with what can be seen: this is asked of each field of each row.
    if not stripped or stripped[0].isalnum():
        return not stripped
    return all(character.isspace() or unicodedata.category(character) == "Cf" for character in stripped)


def has_empty_option(options: Sequence[str]) -> bool:
    """Whether one of the answer options is nothing that could be seen: it is no answer, and costs a model next to
    nothing to say."""
    return any(map(is_blank, options))


class Renderer(Protocol):
    """Turns a row into text. `rng` is seeded by (task, split, row index); `pool` holds rows to draw exemplars from,
    never the row itself, nor one equal to it but for case and white space. Formats can steer those that are
    `declare.formatted.Wordings` too; a renderer that is only this can still be put through every format that needs no
    more than its text."""

    def __call__(self, row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered: ...
