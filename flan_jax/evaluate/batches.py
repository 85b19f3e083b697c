"""Held-out examples of all tasks pooled into batches of a few static shapes.

Tasks are small and many; pooling them fills batches, and sorting by length keeps shapes, and so compilations, few.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from flan_jax.core.vocabulary import PAD_ID

NUM_INPUT_BUCKETS = 3
SHORTEST_OPTION_BUCKET = 8
# An option batch holds at most this many answers a prompt of a full batch, and this many answer tokens a prompt:
# logits are [answers, tokens, vocabulary], which is what bounds memory.
OPTIONS_A_PROMPT = 4
OPTION_TOKENS_A_PROMPT = 64

__all__ = [
    "GenerationBatch",
    "OptionBatch",
    "OptionRow",
    "Prompt",
    "bucket_lengths",
    "generation_batches",
    "option_batches",
]


@dataclasses.dataclass(frozen=True)
class Prompt:
    """One example's prompt. key: the caller's. tokens: int32, EOS at the end. limit: most tokens to generate."""

    key: int
    tokens: np.ndarray
    limit: int


@dataclasses.dataclass(frozen=True)
class OptionRow:
    """One answer option of the example `key`, the `position`-th of `num_options`. tokens: int32, EOS at the end."""

    key: int
    position: int
    num_options: int
    tokens: np.ndarray


@dataclasses.dataclass(frozen=True)
class GenerationBatch:
    """keys: of the first len(keys) rows; the rest only fill the batch, with one token, and have limit 0.
    input_lengths_B: tokens of each prompt."""

    keys: tuple[int, ...]
    inputs_BL: np.ndarray
    input_lengths_B: np.ndarray
    limits_B: np.ndarray


@dataclasses.dataclass(frozen=True)
class OptionBatch:
    """rows: what the first len(rows) of R answer rows are; the rest fill the batch and have length 0. input_lengths_B:
    tokens of each prompt, 1 in rows that fill."""

    rows: tuple[OptionRow, ...]
    inputs_BL: np.ndarray
    input_lengths_B: np.ndarray
    prompt_R: np.ndarray
    targets_RT: np.ndarray
    lengths_R: np.ndarray


def bucket_lengths(inputs_length: int, num_buckets: int) -> list[int]:
    """`inputs_length` and its halves, at most `num_buckets`, ascending, multiples of 8: the same for every task, so
    that an evaluation compiles few shapes."""
    lengths = {inputs_length}
    for k in range(1, num_buckets):
        lengths.add(min(inputs_length, max(8, -(-inputs_length // 2**k // 8) * 8)))
    return sorted(lengths)


def generation_batches(prompts: Sequence[Prompt], inputs_length: int, batch_size: int) -> Iterator[GenerationBatch]:
    """Batches of `batch_size` rows that hold every prompt once; inside a bucket of input lengths, rows of like limits
    together. Prompts must fit `inputs_length`."""
    for length, members in _by_bucket(prompts, inputs_length).items():
        members.sort(key=lambda prompt: (prompt.limit, len(prompt.tokens), prompt.key))
        for start in range(0, len(members), batch_size):
            chunk = members[start : start + batch_size]
            limits_B = np.zeros(batch_size, np.int32)
            limits_B[: len(chunk)] = [prompt.limit for prompt in chunk]
            inputs = [prompt.tokens for prompt in chunk]
            yield GenerationBatch(
                tuple(prompt.key for prompt in chunk),
                _stack(inputs, batch_size, length),
                _sizes(inputs, batch_size),
                limits_B,
            )


def option_batches(
    prompts: Sequence[Prompt],
    options: Sequence[Sequence[np.ndarray]],
    inputs_length: int,
    batch_size: int,
    num_shards: int = 1,
) -> Iterator[OptionBatch]:
    """Batches that hold every option of every prompt once; a prompt is encoded once for all its options in a batch.

    Args:
      prompts: [n]; their keys are kept, their limits not read.
      options: [n] lists of int32 tokens, EOS included, of any length.
      inputs_length: the longest prompt's bound.
      batch_size: prompts a batch, a multiple of `num_shards`; the number of answer rows is one too.
      num_shards: devices that the batch is split over.
    """
    longest = {
        prompt.key: max(len(tokens) for tokens in answers) for prompt, answers in zip(prompts, options, strict=True)
    }
    answers_of = {prompt.key: answers for prompt, answers in zip(prompts, options, strict=True)}
    for length, members in _by_bucket(prompts, inputs_length).items():
        by_width: dict[int, list[Prompt]] = collections.defaultdict(list)
        for prompt in members:
            by_width[_option_bucket(longest[prompt.key])].append(prompt)
        for width in sorted(by_width):
            num_rows = OPTIONS_A_PROMPT * batch_size * min(1.0, OPTION_TOKENS_A_PROMPT / (OPTIONS_A_PROMPT * width))
            num_rows = max(num_shards, int(num_rows) // num_shards * num_shards)
            ordered = sorted(by_width[width], key=lambda p: (len(answers_of[p.key]), len(p.tokens), p.key))
            rows = [
                (prompt, OptionRow(prompt.key, position, len(answers_of[prompt.key]), tokens))
                for prompt in ordered
                for position, tokens in enumerate(answers_of[prompt.key])
            ]
            yield from _option_batches(rows, length, width, batch_size, num_rows)


def _option_batches(
    rows: Sequence[tuple[Prompt, OptionRow]], length: int, width: int, batch_size: int, num_rows: int
) -> Iterator[OptionBatch]:
    start = 0
    while start < len(rows):
        places: dict[int, int] = {}  # prompt key -> row of inputs_BL
        inputs: list[np.ndarray] = []
        end = start
        while end < len(rows) and end - start < num_rows:
            prompt = rows[end][0]
            if prompt.key not in places:
                if len(places) == batch_size:
                    break
                places[prompt.key] = len(inputs)
                inputs.append(prompt.tokens)
            end += 1
        chunk = [row for _, row in rows[start:end]]
        prompt_R = np.zeros(num_rows, np.int32)
        prompt_R[: len(chunk)] = [places[row.key] for row in chunk]
        lengths_R = np.zeros(num_rows, np.int32)
        lengths_R[: len(chunk)] = [len(row.tokens) for row in chunk]
        targets_RT = _stack([row.tokens for row in chunk], num_rows, width)
        yield OptionBatch(
            tuple(chunk),
            _stack(inputs, batch_size, length),
            _sizes(inputs, batch_size),
            prompt_R,
            targets_RT,
            lengths_R,
        )
        start = end


def _by_bucket(prompts: Sequence[Prompt], inputs_length: int) -> dict[int, list[Prompt]]:
    """Prompts by the least bucket that holds them, in ascending order."""
    buckets = bucket_lengths(inputs_length, NUM_INPUT_BUCKETS)
    members: dict[int, list[Prompt]] = {length: [] for length in buckets}
    for prompt in prompts:
        members[next(length for length in buckets if length >= len(prompt.tokens))].append(prompt)
    return {length: members[length] for length in buckets if members[length]}


def _option_bucket(length: int) -> int:
    bucket = SHORTEST_OPTION_BUCKET
    while bucket < length:
        bucket *= 2
    return bucket


def _stack(rows: Sequence[np.ndarray], num_rows: int, length: int) -> np.ndarray:
    """Int32 [num_rows, length]; rows and their ends that are not given hold PAD_ID."""
    stacked = np.full((num_rows, length), PAD_ID, np.int32)
    for place, tokens in enumerate(rows):
        stacked[place, : len(tokens)] = tokens
    return stacked


def _sizes(rows: Sequence[np.ndarray], num_rows: int) -> np.ndarray:
    """Int32 [num_rows]: tokens of each row, 1 for those that are not given."""
    sizes = np.ones(num_rows, np.int32)
    sizes[: len(rows)] = [len(tokens) for tokens in rows]
    return sizes
