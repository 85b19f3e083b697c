"""What training asks of whoever judges it. Training imports no evaluation: `run_training` is handed a judge.

`flan_jax.evaluate.judge` has the one of `flan-jax train`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

__all__ = ["Judge", "MakeJudge", "Picked", "Results", "Unjudged"]


class Results(Protocol):
    """What one evaluation found."""

    def scalars(self) -> Mapping[str, float]:
        """Name -> value, for curves."""

    def summary(self) -> str:
        """A few words for the run's log."""


class Picked(Protocol):
    """The step that a rule picks, and its score by that rule."""

    @property
    def step(self) -> int:
        """Optimizer steps done."""

    @property
    def score(self) -> float:
        """Higher is better."""


class Judge(Protocol):
    """Scores the parameters as training goes on, and picks the step to hand over. With several processes all of them
    call every method together and get the same."""

    @property
    def notes(self) -> Sequence[str]:
        """Lines to show at the run's start."""

    def resume(self, start_step: int, found: Sequence[Any] | None = ()) -> Sequence[str]:
        """Remembers what was found up to `start_step` and forgets later evaluations: they happen again.

        `found` is what `found()` gave when the checkpoint was saved that the run goes on from, None where it was not
        kept. Returns lines for the
        run's log, on what was lost since and taken from there.
        """

    def found(self) -> Sequence[Any]:
        """JSON values of all that was found so far, which a checkpoint keeps."""

    def run(self, params: Any, step: int, on_batch: Callable[[int, int], None]) -> Results | None:
        """Scores the whole model's `params`; None where `step` has been scored, or nothing is asked at it.

        `on_batch(done, total)` is called between batches, and may raise to give up.
        """

    def best_steps(self, num: int) -> list[int]:
        """The best `num` steps so far, best first: their checkpoints are kept. Empty where nothing picks."""

    def select(self) -> Picked | None:
        """The step to hand over, its evidence written to the run's folder; None where nothing picks."""


class Unjudged:
    """The judge of a run without evaluations: its last step is handed over."""

    notes: Sequence[str] = ()

    def resume(self, start_step: int, found: Sequence[Any] | None = ()) -> Sequence[str]:
        """Has nothing to remember."""
        return ()

    def found(self) -> Sequence[Any]:
        """Has found nothing."""
        return ()

    def run(self, params: Any, step: int, on_batch: Callable[[int, int], None]) -> None:
        """Asks nothing."""

    def best_steps(self, num: int) -> list[int]:
        """None."""
        return []

    def select(self) -> None:
        """Picks nothing."""


# Of a `flan_jax.train.run.Run`: a judge needs what is known once the run's data is there.
MakeJudge = Callable[[Any], Judge]
