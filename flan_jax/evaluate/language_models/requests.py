"""What a model is asked and what it answers: a prompt in, text or log-likelihoods out. Any class with the methods of
`Responder` answers; one with those of `LanguageModel` can be asked benchmarks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

import numpy as np

from flan_jax.declare.benchmark import SampleSettings

__all__ = ["GenerateRequest", "Generated", "LanguageModel", "RankRequest", "Ranked", "Responder", "ScoredTokens"]


@dataclasses.dataclass(frozen=True)
class GenerateRequest:
    """One prompt to go on from.

    Attributes:
      prefix, query: the prompt is their concatenation; requests with an equal prefix may share what is computed for it.
      max_tokens: most tokens to generate, of this request.
      stop: the generation ends before the first of these texts, as the model's vocabulary writes them.
      sampling: None for greedy.
      seed: of this request's samples; which other requests there are changes nothing.
      tokens: the whole prompt as the model reads it, int32 [length], where a cache has it; prefix and query are not
        read then.
    """

    prefix: str
    query: str
    max_tokens: int
    stop: tuple[str, ...] = ()
    sampling: SampleSettings | None = None
    seed: int = 0
    tokens: np.ndarray | None = None

    @property
    def prompt(self) -> str:
        """What the model reads."""
        return self.prefix + self.query


@dataclasses.dataclass(frozen=True)
class Generated:
    """One generation: its text before the first stop text; nats of all generated tokens and their number, EOS or stop
    included; whether it ended by itself rather than at the limit."""

    text: str
    log_prob: float
    num_tokens: int
    is_finished: bool


@dataclasses.dataclass(frozen=True)
class RankRequest:
    """One prompt and the continuations to compare.

    option_end: "open" for the options' own tokens, "eos" with the end of sequence after them. tokens: the prompt in
    tokens, as `GenerateRequest`'s.
    """

    prefix: str
    query: str
    options: tuple[str, ...]
    option_end: Literal["open", "eos"] = "open"
    tokens: np.ndarray | None = None

    @property
    def prompt(self) -> str:
        """What the model reads."""
        return self.prefix + self.query


@dataclasses.dataclass(frozen=True)
class Ranked:
    """Nats of each option given the prompt, summed over its tokens, and the numbers of these."""

    log_probs: tuple[float, ...]
    num_tokens: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class ScoredTokens:
    """Nats of one continuation, whether greedy decoding would give it, and its number of tokens."""

    log_prob: float
    is_greedy: bool
    num_tokens: int


class Responder(Protocol):
    """A model that answers requests."""

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[tuple[int, tuple[Generated, ...]]]:
        """(position in `requests`, its generations), each request once, in any order, as soon as it is done."""
        ...

    def rank(self, requests: Sequence[RankRequest]) -> Iterator[tuple[int, Ranked]]:
        """(position in `requests`, its options' log-likelihoods), each request once, in any order."""
        ...


class LanguageModel(Responder, Protocol):
    """A model that benchmarks can be asked of: their prompts are cut to what it reads, their answers kept under its
    fingerprint.

    Attributes:
      name: for tables.
      fingerprint: changes whenever answers may: a journal of another fingerprint's answers is not gone on with.

    One that has an attribute `vocabulary` too (`core.vocabulary.Vocabulary`) is asked with stop texts that it can
    write, and its results say how many answers it cannot. What its attribute `settings` names (setting -> value, JSON)
    is recorded beside its scores.
    """

    name: str
    fingerprint: str

    def count_tokens(self, prompts: Sequence[str]) -> list[int]:
        """Tokens of each prompt as the model would read it, start and end tokens included."""
        ...

    def longest_prompt(self, num_new_tokens: int) -> int:
        """Most tokens that a prompt may have where `num_new_tokens` are to follow; longer ones lose their start."""
        ...
