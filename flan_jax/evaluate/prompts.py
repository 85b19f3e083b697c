"""Prompts cut to what the model can read: exemplars go one by one, never the question, and each is counted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from flan_jax.declare.benchmark import Prompt
from flan_jax.declare.fitting import Kept, fit_groups

__all__ = ["FittedPrompt", "fit_prompts"]

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclasses.dataclass(frozen=True)
class FittedPrompt:
    """The text that is asked, `prefix + query`, or the `tokens` that a cache has of it (int32, cut to fit; the text is
    empty then).

    num_exemplars: kept; num_dropped: taken out to fit. num_tokens: of the prompt. is_trimmed: it is too long without
    any exemplar, so that the model will not see all of it: of text not the start (or what is here is cut to its start,
    where the prompt says so), of tokens not the end.
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
    orders = [_order(prompt, which) for prompt, which in zip(prompts, drop, strict=True)]
    counts = [0] * len(prompts)
    counted: list[Kept | None] = [None] * len(prompts)

    def count(numbers: Sequence[int], kept: Sequence[Kept]) -> None:
        texts = [_text(prompts[i], _shown(orders[i], of)) for i, of in zip(numbers, kept, strict=True)]
        for i, of, num in zip(numbers, kept, count_tokens(texts), strict=True):
            counts[i], counted[i] = num, of

    def fit(numbers: Sequence[int], kept: Sequence[Kept]) -> list[bool]:
        count(numbers, kept)
        return [counts[i] <= longest[i] for i in numbers]

    kept = fit_groups([prompt.groups or (len(prompt.exemplars),) for prompt in prompts], fit)
    late = [i for i, of in enumerate(kept) if counted[i] != of]
    if late:
        count(late, [kept[i] for i in late])
    fitted = [
        FittedPrompt(
            prefix=prompt.preamble + "".join(prompt.exemplars[position] for position in _shown(orders[i], kept[i])),
            query=prompt.query,
            num_exemplars=len(kept[i]),
            num_dropped=len(prompt.exemplars) - len(kept[i]),
            num_tokens=counts[i],
            is_trimmed=counts[i] > longest[i],
        )
        for i, prompt in enumerate(prompts)
    ]
    cut = [i for i, one in enumerate(fitted) if one.is_trimmed and prompts[i].keeps == "start"]
    texts = [fitted[i].prefix + fitted[i].query for i in cut]
    for i, text in zip(cut, _starts(texts, [longest[i] for i in cut], count_tokens), strict=True):
        fitted[i] = dataclasses.replace(fitted[i], prefix="", query=text)
    return fitted


def _starts(texts: Sequence[str], longest: Sequence[int], count_tokens: CountTokens) -> list[str]:
    """The longest start of each text that has so many tokens, by halving."""
    fits, too_long = [0] * len(texts), [len(text) for text in texts]
    while open_ := [i for i in range(len(texts)) if too_long[i] - fits[i] > 1]:
        middles = {i: (fits[i] + too_long[i]) // 2 for i in open_}
        for i, num in zip(open_, count_tokens([texts[i][: middles[i]] for i in open_]), strict=True):
            (fits if num <= longest[i] else too_long)[i] = middles[i]
    return [text[:length] for text, length in zip(texts, fits, strict=True)]


def _order(prompt: Prompt, drop: Literal["first", "last"]) -> list[int]:
    """Positions of the exemplars, the one that goes last first."""
    positions = list(range(len(prompt.exemplars)))
    return positions if drop == "last" else positions[::-1]


def _shown(order: Sequence[int], kept: Kept) -> list[int]:
    return sorted(order[position] for position in kept)


def _text(prompt: Prompt, shown: Sequence[int]) -> str:
    return prompt.preamble + "".join(prompt.exemplars[position] for position in shown) + prompt.query
