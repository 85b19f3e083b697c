"""Batches of one static shape, as devices read them: prompts, and prompts with the answers to be scored. NumPy only.

Which requests share a batch, and in which shape, is decided in `grid_batches.py` (benchmarks) and `pooled_batches.py`
(held-out tasks inside a run).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from flan_jax.core.vocabulary import PAD_ID

Tokens = Sequence[int] | np.ndarray

__all__ = ["Answer", "OptionBatch", "PromptBatch", "Tokens", "option_batch", "prompt_batch", "stack"]


@dataclasses.dataclass(frozen=True)
class PromptBatch:
    """Prompts of one shape. positions: of the requests in the first rows; the others only fill the batch.

    inputs_BL: int32 from the left. lengths_B: tokens, 1 in filling rows.
    """

    positions: tuple[int, ...]
    inputs_BL: np.ndarray
    lengths_B: np.ndarray


@dataclasses.dataclass(frozen=True)
class Answer:
    """One option of a request: its number among the options, and its tokens, those that count as its end included."""

    position: int
    option: int
    tokens: Tokens


@dataclasses.dataclass(frozen=True)
class OptionBatch:
    """Answers to the prompts of a batch. answers: what the first of the R rows are; the others have length 0.

    prompt_R: row of `prompts` that each answers. targets_RT: int32 from the left. lengths_R: tokens.
    """

    prompts: PromptBatch
    answers: tuple[Answer, ...]
    prompt_R: np.ndarray
    targets_RT: np.ndarray
    lengths_R: np.ndarray


def prompt_batch(positions: Sequence[int], rows: Sequence[Tokens], num_rows: int, length: int) -> PromptBatch:
    """Of at most `num_rows` prompts, [n] each of at most `length` tokens.

    Args:
      positions: number of each prompt among all.
      rows: token ids of each prompt.
    """
    # 1 where a row only fills the batch: a decoder goes on from a prompt's last token, so it must have one.
    lengths_B = np.ones(num_rows, np.int32)
    lengths_B[: len(rows)] = [len(row) for row in rows]
    return PromptBatch(tuple(positions), stack(rows, num_rows, length), lengths_B)


def option_batch(prompts: PromptBatch, answers: Sequence[Answer], num_rows: int, width: int) -> OptionBatch:
    """`answers`, at most `num_rows` of at most `width` tokens, each to the prompt of its position.

    Args:
      prompts: the batch of the prompts that they answer.
    """
    row_of = {position: row for row, position in enumerate(prompts.positions)}
    prompt_R, lengths_R = np.zeros(num_rows, np.int32), np.zeros(num_rows, np.int32)
    prompt_R[: len(answers)] = [row_of[answer.position] for answer in answers]
    lengths_R[: len(answers)] = [len(answer.tokens) for answer in answers]
    targets_RT = stack([answer.tokens for answer in answers], num_rows, width)
    return OptionBatch(prompts, tuple(answers), prompt_R, targets_RT, lengths_R)


def stack(rows: Sequence[Tokens], num_rows: int, length: int) -> np.ndarray:
    """Int32 [num_rows, length] from the left; PAD_ID elsewhere."""
    stacked = np.full((num_rows, length), PAD_ID, np.int32)
    for place, row in enumerate(rows):
        stacked[place, : len(row)] = row
    return stacked
