"""Pretraining objectives: a document becomes inputs and targets when it is fed, anew in each epoch.

The cache holds the document as a task's targets. How long inputs and targets come out is known from the document's
length and the example's key alone, so that packing can be planned without reading a token.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from flan_jax.core.errors import TaskError, did_you_mean
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.data.objectives.denoisers import MODES, UL2, UL2R, Denoiser, MixtureOfDenoisers
from flan_jax.data.objectives.objective import Objective
from flan_jax.data.objectives.prefix_lm import PrefixLM
from flan_jax.data.objectives.span_corruption import SpanCorruption

ModeTokens = Mapping[str, Sequence[int]]

__all__ = [
    "OBJECTIVES",
    "Denoiser",
    "MixtureOfDenoisers",
    "ModeTokens",
    "Objective",
    "PrefixLM",
    "SpanCorruption",
    "make_objective",
    "mode_tokens_of",
]


@dataclasses.dataclass(frozen=True)
class _Limits:
    """What an objective is made for: the longest inputs and targets, in tokens, and the vocabulary's part in it."""

    inputs_length: int
    targets_length: int
    vocab_size: int
    num_sentinels: int
    mode_tokens: ModeTokens


def _span_corruption(limits: _Limits) -> Objective:
    _check_sentinels("span corruption", limits)
    return SpanCorruption(limits.inputs_length, limits.targets_length, limits.vocab_size, limits.num_sentinels)


def _prefix_lm(limits: _Limits) -> Objective:
    return PrefixLM(limits.inputs_length, limits.targets_length)


def _ul2(limits: _Limits) -> Objective:
    return _denoisers("ul2", UL2, limits)


def _ul2r(limits: _Limits) -> Objective:
    return _denoisers("ul2r", UL2R, limits)


def _denoisers(name: str, denoisers: tuple[Denoiser, ...], limits: _Limits) -> Objective:
    _check_sentinels(name, limits)
    missing = [mode for mode in MODES if not limits.mode_tokens.get(mode)]
    if missing:
        raise TaskError(f"objective {name} needs the tokens of {', '.join(missing)}: none were given")
    return MixtureOfDenoisers(
        limits.inputs_length,
        limits.targets_length,
        limits.vocab_size,
        limits.num_sentinels,
        denoisers,
        limits.mode_tokens,
    )


def _check_sentinels(name: str, limits: _Limits) -> None:
    if limits.num_sentinels < 1:
        raise TaskError(f"{name} needs a vocabulary with sentinels, this one has 0: T5's convention is 100")


# The names that `Task.objective` may have.
OBJECTIVES: dict[str, Callable[[_Limits], Objective]] = {
    "span_corruption": _span_corruption,
    "prefix_lm": _prefix_lm,
    "ul2": _ul2,
    "ul2r": _ul2r,
}
_WITH_MODES = ("ul2", "ul2r")


def make_objective(
    name: str,
    inputs_length: int,
    targets_length: int,
    vocab_size: int,
    num_sentinels: int,
    mode_tokens: ModeTokens | None = None,
) -> Objective:
    """The objective called `name` for rows of these lengths; raises `TaskError` for an unknown name.

    Args:
      name: one of `OBJECTIVES`.
      inputs_length, targets_length: the longest inputs and targets that it may make, in tokens.
      vocab_size: ids of the vocabulary, of which sentinels are the last.
      num_sentinels: how many of them there are; 0 where no objective needs one.
      mode_tokens: see `mode_tokens_of`; only a mixture of denoisers reads it. None by default.
    """
    if name not in OBJECTIVES:
        raise TaskError(
            f"no pretraining objective is called {name!r}{did_you_mean(name, OBJECTIVES)} "
            f"(there are {', '.join(sorted(OBJECTIVES))})"
        )
    return OBJECTIVES[name](_Limits(inputs_length, targets_length, vocab_size, num_sentinels, mode_tokens or {}))


def mode_tokens_of(vocabulary: Vocabulary, objectives: Sequence[str | None]) -> dict[str, tuple[int, ...]]:
    """The ids of each mode's text where one of `objectives` needs them, else nothing: UL2's modes are plain text."""
    if not any(name in _WITH_MODES for name in objectives):
        return {}
    tokens = {mode: tuple(vocabulary.encode(mode)) for mode in MODES}
    if len(set(tokens.values())) < len(MODES):
        raise TaskError(
            f"vocabulary {vocabulary.path} encodes two of the modes {', '.join(MODES)} alike: take one that has their "
            f"letters"
        )
    return tokens
