"""Requests of all tasks pooled into batches of a few static shapes, the same at every evaluation of a run.

Tasks are small and many; pooling them fills batches, and sorting by length keeps shapes, and so compilations, few.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence

from flan_jax.evaluate.language_models.batches import (
    Answer,
    OptionBatch,
    PromptBatch,
    Tokens,
    option_batch,
    prompt_batch,
)

NUM_INPUT_BUCKETS = 3
SHORTEST_OPTION_BUCKET = 8
# An option batch holds at most this many answers a prompt of a full batch, and this many answer tokens a prompt:
# logits are [answers, tokens, vocabulary], which is what bounds memory.
OPTIONS_A_PROMPT = 4
OPTION_TOKENS_A_PROMPT = 64

__all__ = ["bucket_lengths", "pooled_option_batches", "pooled_prompt_batches"]


def bucket_lengths(inputs_length: int, num_buckets: int) -> list[int]:
    """`inputs_length` and its halves, at most `num_buckets`, ascending, multiples of 8: the same for every task, so
    that an evaluation compiles few shapes."""
    lengths = {inputs_length}
    for k in range(1, num_buckets):
        lengths.add(min(inputs_length, max(8, -(-inputs_length // 2**k // 8) * 8)))
    return sorted(lengths)


def pooled_prompt_batches(
    prompts: Sequence[Tokens], limits: Sequence[int], inputs_length: int, batch_size: int
) -> Iterator[PromptBatch]:
    """Batches of `batch_size` rows that hold every prompt once; inside a bucket of input lengths, rows of like limits
    together, since a batch ends with its last row.

    Args:
      prompts: [n] tokens, each at most `inputs_length`.
      limits: [n], most tokens to generate.
      inputs_length: the longest bucket.
      batch_size: rows.
    """
    for length, members in _by_bucket(prompts, inputs_length).items():
        members.sort(key=lambda i: (limits[i], len(prompts[i]), i))
        for start in range(0, len(members), batch_size):
            chunk = members[start : start + batch_size]
            yield prompt_batch(chunk, [prompts[i] for i in chunk], batch_size, length)


def pooled_option_batches(
    prompts: Sequence[Tokens],
    options: Sequence[Sequence[Tokens]],
    inputs_length: int,
    batch_size: int,
    num_shards: int = 1,
) -> Iterator[OptionBatch]:
    """Batches that hold every option of every prompt once; a prompt is encoded once for all its options in a batch.

    Args:
      prompts: [n] tokens, each at most `inputs_length`.
      options: [n] lists of tokens, of any length, EOS included.
      inputs_length: the longest bucket.
      batch_size: prompts a batch, a multiple of `num_shards`; the number of answer rows is one too.
      num_shards: devices that the batch is split over.
    """
    longest = [max(len(tokens) for tokens in answers) for answers in options]
    for length, members in _by_bucket(prompts, inputs_length).items():
        by_width: dict[int, list[int]] = collections.defaultdict(list)
        for i in members:
            by_width[_option_bucket(longest[i])].append(i)
        for width in sorted(by_width):
            num_rows = OPTIONS_A_PROMPT * batch_size * min(1.0, OPTION_TOKENS_A_PROMPT / (OPTIONS_A_PROMPT * width))
            num_rows = max(num_shards, int(num_rows) // num_shards * num_shards)
            ordered = sorted(by_width[width], key=lambda i: (len(options[i]), len(prompts[i]), i))
            answers = [Answer(i, k, tokens) for i in ordered for k, tokens in enumerate(options[i])]
            for chunk in _chunks(answers, batch_size, num_rows):
                positions = list(dict.fromkeys(answer.position for answer in chunk))
                batch = prompt_batch(positions, [prompts[i] for i in positions], batch_size, length)
                yield option_batch(batch, chunk, num_rows, width)


def _chunks(answers: Sequence[Answer], most_prompts: int, most_answers: int) -> Iterator[list[Answer]]:
    """`answers` in their order, cut where a batch has no room for another answer or another prompt."""
    chunk: list[Answer] = []
    positions: set[int] = set()
    for answer in answers:
        has_room = answer.position in positions or len(positions) < most_prompts
        if chunk and (len(chunk) == most_answers or not has_room):
            yield chunk
            chunk, positions = [], set()
        chunk.append(answer)
        positions.add(answer.position)
    if chunk:
        yield chunk


def _by_bucket(prompts: Sequence[Tokens], inputs_length: int) -> dict[int, list[int]]:
    """Positions of prompts by the least bucket that holds them, in ascending order."""
    members: dict[int, list[int]] = {length: [] for length in bucket_lengths(inputs_length, NUM_INPUT_BUCKETS)}
    for position, tokens in enumerate(prompts):
        members[next(length for length in members if length >= len(tokens))].append(position)
    return {length: positions for length, positions in members.items() if positions}


def _option_bucket(length: int) -> int:
    bucket = SHORTEST_OPTION_BUCKET
    while bucket < length:
        bucket *= 2
    return bucket
