"""Which exemplars of an input stay where a length allows only so many: one rule for caches, SeqIO and benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

__all__ = ["Kept", "fit_groups"]

Kept = tuple[int, ...]  # positions of the exemplars that stay


def fit_groups(
    groups: Sequence[Sequence[int]], fit: Callable[[Sequence[int], Sequence[Kept]], Sequence[bool]]
) -> list[Kept]:
    """The exemplars that stay in each input: all where they fit; else of each group the most, from its first, that fit
    beside what the groups before it keep. What does not fit without any exemplar keeps none.

    Args:
      groups: sizes of each input's groups of exemplars; one group is dropped from its end until what is left fits.
      fit: (numbers of the inputs, exemplars in each) -> whether each fits. Asked in rounds for all inputs that are
        still open, since a tokeniser is quicker with many texts at once.
    """
    trials = [_trials(sizes) for sizes in groups]
    kept: list[Kept] = [() for _ in groups]
    answers: dict[int, bool | None] = dict.fromkeys(range(len(groups)))
    while answers:
        asked: dict[int, Kept] = {}
        for number, answer in answers.items():
            try:
                # None starts a generator.
                asked[number] = trials[number].send(answer)
            except StopIteration as end:
                kept[number] = end.value
        answers = dict(zip(asked, fit(list(asked), list(asked.values())), strict=True)) if asked else {}
    return kept


def _trials(groups: Sequence[int]) -> Generator[Kept, bool | None, Kept]:
    everything = tuple(range(sum(groups)))
    if not everything or (yield everything):
        return everything
    kept: Kept = ()
    start = 0
    for size in groups:
        for num in range(size, 0, -1):
            trial = (*kept, *range(start, start + num))
            # All together was too long, and is not asked for twice.
            if trial != everything and (yield trial):
                kept = trial
                break
        start += size
    return kept
