"""How long a mixture's texts are, to choose the rows of a run by."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from flan_jax.core.errors import TaskError
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.declare.registry import get_mixture, mixture_members

SAMPLED_TASKS, SAMPLED_ROWS = 64, 512
SHORTEST, LONGEST = 32, 1024  # tokens of a row's inputs or targets
_Item = TypeVar("_Item")

__all__ = ["TextLengths", "measure"]


@dataclasses.dataclass(frozen=True)
class TextLengths:
    """Tokens of examples, EOS included.

    Attributes:
      inputs, targets: of each example that was looked at.
    """

    inputs: np.ndarray = dataclasses.field(repr=False)
    targets: np.ndarray = dataclasses.field(repr=False)

    def joined(self, other: TextLengths) -> TextLengths:
        """Of both's examples."""
        return TextLengths(np.concatenate([self.inputs, other.inputs]), np.concatenate([self.targets, other.targets]))

    def row_lengths(self) -> dict[str, int]:
        """The least power of two that the longest example fits, between 32 and 1,024, as TASK_FEATURE_LENGTHS."""
        return {name: _power_of_two(int(getattr(self, name).max())) for name in ("inputs", "targets")}

    def describe(self, row_lengths: dict[str, int]) -> str:
        """What rows of these lengths mean for the examples, in a line."""
        parts = []
        for name, length in row_lengths.items():
            tokens = getattr(self, name)
            trimmed = f", {100 * np.mean(tokens > length):.1f}% trimmed" if (tokens > length).any() else ""
            parts.append(f"{name} {length} tokens (longest of {len(tokens):,}: {tokens.max():,}{trimmed})")
        return ", ".join(parts)


def measure(mixture: str, vocabulary: Vocabulary, split: str | None = None, *, is_judged: bool = False) -> TextLengths:
    """Lengths of examples of the task or mixture called `mixture`, spread over its tasks and their rows.

    Args:
      mixture: a registered name.
      vocabulary: counts tokens.
      split: of each task; None for the one that it is used for.
      is_judged: whether that is its evaluation split; else it is the training split, if it has one.

    Raises `TaskError` for documents, whose rows are as long as one asks for.
    """
    tasks = mixture_members(get_mixture(mixture))
    inputs: list[str] = []
    targets: list[str] = []
    for task in _spread(tasks, SAMPLED_TASKS):
        if task.objective is not None:
            raise TaskError(f"{task.name} has documents, which fill rows of any length: give feature_lengths")
        used = (task.eval_split, task.train_split) if is_judged else (task.train_split, task.eval_split)
        chosen = split or used[0] or used[1] or ""
        num_rows = len(task.source.rows(chosen))
        rows = _spread(range(num_rows), max(1, SAMPLED_ROWS // min(len(tasks), SAMPLED_TASKS)))
        for _, example in task.rendered(chosen, rows):
            inputs.append(example.inputs())
            targets.append(example.targets)
    return TextLengths(_num_tokens(vocabulary, inputs), _num_tokens(vocabulary, targets))


def _num_tokens(vocabulary: Vocabulary, texts: Sequence[str]) -> np.ndarray:
    return np.array([len(tokens) + 1 for tokens in vocabulary.encode_batch(texts)], np.int32)


def _spread(items: Sequence[_Item], num: int) -> list[_Item]:
    return [items[i] for i in np.linspace(0, len(items) - 1, min(num, len(items))).round().astype(int).tolist()]


def _power_of_two(length: int) -> int:
    power = SHORTEST
    while power < min(length, LONGEST):
        power *= 2
    return power
