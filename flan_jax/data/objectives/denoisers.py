"""UL2's mixture of denoisers, in which every document is denoised in one of several ways and says which.

An example's key picks the denoiser by its rate; the inputs begin with the tokens of its mode: [NLU] for R (short spans,
as T5), [NLG] for X (long spans, or many of them), [S2S] for S (a prefix language model). Tay et al. 2022, "UL2", table
1 and section 3.1; "Transcending scaling laws with 0.1% extra compute" (UL2R), section 3.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence

import numpy as np

from flan_jax.core.errors import TaskError
from flan_jax.data import keys as keys_lib
from flan_jax.data.objectives.objective import DENOISER, Objective
from flan_jax.data.objectives.prefix_lm import PrefixLM
from flan_jax.data.objectives.span_corruption import SpanCorruption

MODES = ("[NLU]", "[NLG]", "[S2S]")
_PRECISION = 1 << 32  # rates are compared with a whole number below this

__all__ = ["MODES", "UL2", "UL2R", "Denoiser", "MixtureOfDenoisers"]


@dataclasses.dataclass(frozen=True)
class Denoiser:
    """One way of the mixture.

    Attributes:
      mode: its mode's text, of `MODES`.
      rate: its share of the examples, relative to the others'.
      mean_span, corruption: mean tokens of a span, and the share of tokens in spans; None for a prefix LM.
      target_share: of a prefix LM: the targets' part of the document; None draws the cut uniformly.
    """

    mode: str
    rate: float
    mean_span: float | None = None
    corruption: float | None = None
    target_share: float | None = None


# UL2, table 1: seven denoisers, equally often. Of S the paper says that about a quarter of the text is the target.
UL2 = (
    Denoiser("[NLU]", 1.0, 3.0, 0.15),
    Denoiser("[NLU]", 1.0, 8.0, 0.15),
    Denoiser("[NLG]", 1.0, 3.0, 0.5),
    Denoiser("[NLG]", 1.0, 8.0, 0.5),
    Denoiser("[NLG]", 1.0, 64.0, 0.15),
    Denoiser("[NLG]", 1.0, 64.0, 0.5),
    Denoiser("[S2S]", 1.0, target_share=0.25),
)

# UL2R: half S, a quarter R, a quarter X, which is "mean span 32 or corruption up to 50%": each half of the time here.
UL2R = (
    Denoiser("[S2S]", 0.5),
    Denoiser("[NLU]", 0.25, 3.0, 0.15),
    Denoiser("[NLG]", 0.125, 32.0, 0.15),
    Denoiser("[NLG]", 0.125, 3.0, 0.5),
)


@dataclasses.dataclass(frozen=True)
class MixtureOfDenoisers:
    """Documents denoised by `denoisers`; see the module.

    A denoiser's documents are cut to what fits the row, and to what its spans' mean length leaves sentinels for: with
    100 of them, 600 tokens at spans of 3 and half the tokens, 2,000 at T5's.

    mode_tokens: the ids of each mode's text in the vocabulary, put in front of the inputs.
    """

    inputs_length: int
    targets_length: int
    vocab_size: int
    num_sentinels: int
    denoisers: tuple[Denoiser, ...]
    mode_tokens: Mapping[str, Sequence[int]]
    min_tokens: int = 2

    @functools.cached_property
    def _objectives(self) -> tuple[Objective, ...]:
        return tuple(self._objective(denoiser) for denoiser in self.denoisers)

    @functools.cached_property
    def _thresholds(self) -> np.ndarray:
        """Upper ends of the denoisers' shares of [0, _PRECISION)."""
        rates = np.array([denoiser.rate for denoiser in self.denoisers])
        thresholds: np.ndarray = np.rint(np.cumsum(rates / rates.sum()) * _PRECISION).astype(np.int64)
        return thresholds

    def _objective(self, denoiser: Denoiser) -> Objective:
        inputs_length = self.inputs_length - len(self.mode_tokens[denoiser.mode])
        if inputs_length < 2:
            raise TaskError(
                f"rows of {self.inputs_length} inputs have no room for the mode {denoiser.mode} and text: set longer "
                f"TASK_FEATURE_LENGTHS"
            )
        if denoiser.mean_span is None or denoiser.corruption is None:
            return PrefixLM(inputs_length, self.targets_length, self.min_tokens, denoiser.target_share)
        # A span more than there are sentinels for would make spans longer than the denoiser's.
        longest = int(self.num_sentinels * denoiser.mean_span / denoiser.corruption)
        return SpanCorruption(
            inputs_length,
            self.targets_length,
            self.vocab_size,
            self.num_sentinels,
            denoiser.corruption,
            denoiser.mean_span,
            self.min_tokens,
            longest,
        )

    def which(self, keys: np.ndarray) -> np.ndarray:
        """Place in `denoisers` of the one that each key picks, int64 [E]."""
        draws = keys_lib.uniform_ints(np.asarray(keys), DENOISER, 0, _PRECISION)
        return np.searchsorted(self._thresholds, draws, side="right").clip(max=len(self.denoisers) - 1)

    def windows(self, keys: np.ndarray) -> np.ndarray:
        longest = np.array([objective.windows(np.zeros(1, np.uint64))[0] for objective in self._objectives])
        windows: np.ndarray = longest[self.which(keys)]
        return windows

    def lengths(self, num_tokens: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        num_tokens, keys = np.asarray(num_tokens), np.asarray(keys)
        picked = self.which(keys)
        inputs, targets = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
        for place, (denoiser, objective) in enumerate(zip(self.denoisers, self._objectives, strict=True)):
            own = np.flatnonzero(picked == place)
            inputs[own], targets[own] = objective.lengths(num_tokens[own], keys[own])
            # Lengths of 0 say that a document gives nothing; a mode must not make an example of it.
            inputs[own] += np.where(targets[own] > 0, len(self.mode_tokens[denoiser.mode]), 0)
        return inputs, targets

    def apply(self, tokens: np.ndarray, key: np.uint64) -> tuple[np.ndarray, np.ndarray]:
        place = int(self.which(np.asarray([key]))[0])
        inputs, targets = self._objectives[place].apply(tokens, key)
        mode = np.asarray(self.mode_tokens[self.denoisers[place].mode], np.int32)
        return np.concatenate([mode, inputs]), targets
