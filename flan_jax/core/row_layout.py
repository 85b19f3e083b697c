"""How an example lies in a row of a decoder-only model: what the feed packs by, and what a model says of itself."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

__all__ = ["DecoderRows"]


@dataclasses.dataclass(frozen=True)
class DecoderRows:
    """How an example becomes a segment.

    Attributes:
      start_id: what is fed before the first token, so that every token is predicted by the one before it, as T5X shifts
        its targets; None feeds the example's own first token first, which nothing predicts then.
      prompt_end: "eos" keeps the EOS between inputs and targets, "nothing" leaves it out.
    """

    start_id: int | None = 0
    prompt_end: Literal["eos", "nothing"] = "eos"

    @property
    def num_left_out(self) -> int:
        """Tokens of an example's inputs, EOS included, that its segment does not have."""
        return 0 if self.prompt_end == "eos" else 1

    def inputs_of(self, inputs: np.ndarray) -> np.ndarray:
        """The part of an example's inputs, which end in EOS, that is fed."""
        return inputs[: len(inputs) - self.num_left_out]

    def prompt(self, inputs: np.ndarray) -> np.ndarray:
        """What a model that learnt from such rows is asked: the segment up to its first target; one token at least."""
        first = [] if self.start_id is None else [self.start_id]
        prompt = np.concatenate([np.array(first, np.int32), self.inputs_of(inputs)])
        return prompt if len(prompt) else inputs
