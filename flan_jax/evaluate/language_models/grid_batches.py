"""Requests on a grid of lengths: those that share a prefix together, of like lengths together. NumPy only."""

from __future__ import annotations

import collections
import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from flan_jax.evaluate.language_models.batches import Answer, OptionBatch, PromptBatch, option_batch, prompt_batch

SHORTEST = 32
SHORTEST_SHARED = 64  # a shorter common prefix is not worth a cache of its own

LEAST_SHARE = 0.75  # of what neighbours share, for prompts to count as of one group

__all__ = [
    "PrefixGroup",
    "common_prefix",
    "common_starts",
    "generated_rows",
    "grid_length",
    "grid_option_batch",
    "grid_prompt_batches",
    "group_by_prefix",
    "option_width",
    "scored_rows",
]


@dataclasses.dataclass(frozen=True)
class PrefixGroup:
    """Requests (by position) whose prompts begin with the same tokens `shared`; `rests` are what follows, each with at
    least one token. Without sharing `shared` is empty."""

    positions: tuple[int, ...]
    shared: tuple[int, ...]
    rests: tuple[tuple[int, ...], ...]


def grid_length(length: int, shortest: int = SHORTEST) -> int:
    """The least of shortest * 2^k and shortest * 1.5 * 2^k that is not below `length`: at most a third is padding, and
    a few shapes serve all lengths. 1, 2, 3, 4, 6, 8, … for shortest = 1."""
    size = max(1, shortest)
    while size < length:
        if size % 2 == 0 and size + size // 2 >= length:
            return size + size // 2
        size *= 2
    return size


def option_width(length: int) -> int:
    """The width that options of `length` tokens are padded to: 1, 4, 16, 64, then `grid_length`. Short options cost
    little beside their prompts, a compilation for every length much."""
    return next((width for width in (1, 4, 16, 64) if width >= length), grid_length(length, 1))


def scored_rows(num_prompts: int, most: int, multiple: int) -> int:
    """Rows of a batch of prompts to be scored, `multiple` times a power of four: few shapes, and where prompts are
    few, several small batches rather than one that is mostly padding."""
    rows = multiple
    while rows * 4 <= min(most, num_prompts):
        rows *= 4
    return rows


def generated_rows(num_prompts: int, most: int, multiple: int) -> int:
    """Rows of a batch of prompts to be gone on from, `multiple` times a power of two: all prompts at once where they
    fit, since a step costs nearly the same however many rows it has."""
    rows = multiple
    while rows * 2 <= most and rows < num_prompts:
        rows *= 2
    return rows


def common_prefix(rows: Sequence[list[int]]) -> int:
    """How many tokens all rows begin with, one less than the shortest row at most."""
    if not rows:
        return 0
    low, high = min(rows), max(rows)  # in lexical order these two differ first
    end = min(min(len(row) for row in rows) - 1, len(low), len(high))
    return next((i for i in range(end) if low[i] != high[i]), max(end, 0))


def common_starts(rows: Sequence[Any]) -> list[int]:
    """Of each row (a text, or tokens) how much of its start it shares with its group, where nobody says which rows
    belong together: rows are put in lexical order, and parted where neighbours share much less than one of them does
    with its other neighbour. At least one element of each row is left."""
    order = sorted(range(len(rows)), key=lambda i: rows[i])
    shared = [0, *(_num_common(rows[a], rows[b]) for a, b in itertools.pairwise(order)), 0]
    most = [max(shared[place], shared[place + 1]) for place in range(len(order))]
    starts = [0] * len(rows)
    first = 0
    for place in range(1, len(order) + 1):
        if place < len(order) and shared[place] >= max(1, LEAST_SHARE * max(most[place - 1], most[place])):
            continue
        members = order[first:place]
        start = min(shared[first + 1 : place], default=0)
        start = max(0, min(start, min(len(rows[i]) for i in members) - 1))
        for i in members:
            starts[i] = start
        first = place
    return starts


def _num_common(a: Sequence[Any], b: Sequence[Any]) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def group_by_prefix(prefixes: Sequence[str], prompts: Sequence[list[int]]) -> list[PrefixGroup]:
    """Requests by the text of their prefix, each group with the tokens that its prompts have in common.

    Whole prompts are tokenised, so a token may span the texts' seam: what is shared is counted in tokens, not text.
    A group of one request, or of too few common tokens, shares nothing; all such requests are one group.
    """
    by_text: dict[str, list[int]] = collections.defaultdict(list)
    for position, prefix in enumerate(prefixes):
        by_text[prefix].append(position)
    groups: list[PrefixGroup] = []
    alone: list[int] = []
    for members in by_text.values():
        num_shared = common_prefix([prompts[i] for i in members]) if len(members) > 1 else 0
        if num_shared < SHORTEST_SHARED:
            alone += members
            continue
        shared = tuple(prompts[members[0]][:num_shared])
        groups.append(PrefixGroup(tuple(members), shared, tuple(tuple(prompts[i][num_shared:]) for i in members)))
    if alone:
        alone.sort()
        groups.append(PrefixGroup(tuple(alone), (), tuple(tuple(prompts[i]) for i in alone)))
    return groups


def grid_prompt_batches(
    positions: Sequence[int], rows: Sequence[Sequence[int]], batch_size: int, length: int
) -> Iterator[PromptBatch]:
    """Batches [batch_size, length] that hold every row once, shorter ones first; the last one is filled up.

    Args:
      positions: [n], carried along.
      rows: [n] tokens, at most `length` each.
      batch_size: rows a batch.
      length: tokens a row.
    """
    order = sorted(range(len(rows)), key=lambda i: (len(rows[i]), i))
    for start in range(0, len(order), batch_size):
        chunk = order[start : start + batch_size]
        yield prompt_batch([positions[i] for i in chunk], [rows[i] for i in chunk], batch_size, length)


def grid_option_batch(
    prompts: PromptBatch, options: Sequence[Sequence[list[int]]], num_options: int, width: int
) -> OptionBatch:
    """`prompts` with all their options: [n] lists of `num_options` continuations, each at most `width` tokens."""
    answers = [
        Answer(position, k, tokens)
        for position, row in zip(prompts.positions, options, strict=True)
        for k, tokens in enumerate(row)
    ]
    return option_batch(prompts, answers, len(prompts.lengths_B) * num_options, width)
