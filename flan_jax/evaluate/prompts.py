"""Prompts cut to what the model can read: exemplars go one by one, never the question, and each is counted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from flan_jax.declare.benchmark import Prompt

__all__ = ["FittedPrompt", "fit_prompts"]

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclasses.dataclass(frozen=True)
class FittedPrompt:
    """The text that is asked, `prefix + query`, or the `tokens` that a cache has of it (int32, cut to fit; the text is
    empty then).

    num_exemplars: kept; num_dropped: taken out to fit. num_tokens: of the prompt. is_trimmed: it is too long without
    any exemplar, so that the model will not see all of it: of text not the start, of tokens not the end.
    """

    prefix: str
    query: str
    num_exemplars: int
    num_dropped: int
    num_tokens: int
    is_trimmed: bool
    tokens: np.ndarray | None = None


def fit_prompts(
    prompts: Sequence[Prompt],
    drop: Sequence[Literal["first", "last"]],
    longest: Sequence[int],
    count_tokens: CountTokens,
) -> list[FittedPrompt]:
    """Each prompt with as many exemplars as fit.

    Args:
      prompts: [n].
      drop: [n], which exemplar goes first.
      longest: [n], most tokens.
      count_tokens: of whole texts; called once for all prompts, then once a round for those still too long.
    """
    kept = [len(prompt.exemplars) for prompt in prompts]
    counts = count_tokens([_text(prompt, prompt.exemplars) for prompt in prompts])
    too_long = [i for i, count in enumerate(counts) if count > longest[i] and kept[i]]
    while too_long:
        for i in too_long:
            kept[i] -= 1
        texts = [_text(prompts[i], _first_or_last(prompts[i], kept[i], drop[i])) for i in too_long]
        for i, count in zip(too_long, count_tokens(texts), strict=True):
            counts[i] = count
        too_long = [i for i in too_long if counts[i] > longest[i] and kept[i]]
    return [
        FittedPrompt(
            prefix=prompt.preamble + "".join(_first_or_last(prompt, kept[i], drop[i])),
            query=prompt.query,
            num_exemplars=kept[i],
            num_dropped=len(prompt.exemplars) - kept[i],
            num_tokens=counts[i],
            is_trimmed=counts[i] > longest[i],
        )
        for i, prompt in enumerate(prompts)
    ]


def _first_or_last(prompt: Prompt, num: int, drop: Literal["first", "last"]) -> tuple[str, ...]:
    return prompt.exemplars[:num] if drop == "last" else prompt.exemplars[len(prompt.exemplars) - num :]


def _text(prompt: Prompt, exemplars: Sequence[str]) -> str:
    return prompt.preamble + "".join(exemplars) + prompt.query
