"""How an instance of Super-NaturalInstructions is put into words: definition, positive and negative examples,
explanations (Wang et al. 2022, section 4 and table 4). The layout is ours, the text is the data set's;
Tk-Instruct's own layout is in `flan_jax.tasks.niv2.official`."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Sequence

from flan_jax.core.errors import TaskError
from flan_jax.declare.example import Rendered, Renderer
from flan_jax.declare.exemplars import same
from flan_jax.declare.formats import Format, Shots, add_format
from flan_jax.declare.templates import HIDDEN, WRITTEN
from flan_jax.sources.source import Row
from flan_jax.tasks.niv2.official import OFFICIAL

__all__ = ["DEFAULT", "ENCODINGS", "TK_INSTANCES", "EncodingRenderer"]


@dataclasses.dataclass(frozen=True)
class EncodingRenderer:
    """Definition, then the file's own examples, then the instance (implements `flan_jax.declare.example.Renderer`).

    The examples are exemplars, positive before negative, so a length budget drops them one by one from the last, as
    Tk-Instruct does. The target is one of the accepted answers, drawn; all of them are references. Formats choose
    among `ENCODINGS` by name, or the number of positive examples.

    Attributes:
      definition: whether the definition comes first.
      num_positive, num_negative: how many examples of each kind, of those that the file has; `num_positive` is drawn
        where there are several numbers.
      explanations: whether each example says why it is right or wrong.
      inline: the examples stand with the definition and are never dropped.
      budget: as in `Rendered`.
    """

    definition: bool = True
    num_positive: tuple[int, ...] = (2,)
    num_negative: int = 0
    explanations: bool = False
    inline: bool = False
    budget: float = 1.0

    def __call__(self, row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
        """One example."""
        outputs = [output for output in row["outputs"] if output.strip()]
        targets = outputs[rng.randrange(len(outputs))] if outputs else ""
        num_positive = self.num_positive[rng.randrange(len(self.num_positive)) if len(self.num_positive) > 1 else 0]
        shown = [
            self._example(kind, number, *example)
            for kind, examples, limit in (
                ("Example", row["positive"], num_positive),
                ("Wrong example", row["negative"], self.num_negative),
            )
            # Some files have an example among their instances: it would give the answer away.
            for number, example in enumerate([e for e in examples if not same(e[0], row["input"])][:limit], 1)
        ]
        preamble = f"Task: {row['definition']}\n\n" if self.definition else ""
        return Rendered(
            preamble=preamble + "".join(shown) if self.inline else preamble,
            exemplars=() if self.inline else tuple(shown),
            query=f"Your turn:\nInput: {row['input']}\nOutput:",
            targets=targets,
            references=tuple(dict.fromkeys(outputs)),
            budget=self.budget,
            exemplars_missing=num_positive + self.num_negative - len(shown),
        )

    def in_format(self, form: Format) -> Renderer:
        """The renderer in `form`. Raises `TaskError` for options, rationales and wordings that no file has."""
        if form.options == HIDDEN:
            raise TaskError("its answers are free-form, there are no options to leave out")
        if form.triggers:
            raise TaskError("its answers come without a rationale, so there is nothing to call for")
        renderer = self
        if form.wording not in (None, WRITTEN):
            if form.wording in OFFICIAL:
                return OFFICIAL[form.wording].in_format(dataclasses.replace(form, wording=None))
            if form.wording not in ENCODINGS:
                known = ", ".join((*ENCODINGS, *OFFICIAL))
                raise TaskError(f"it has no wordings called {form.wording!r}; its encodings are {known}")
            renderer = ENCODINGS[form.wording]
        if form.shots is not None:
            renderer = dataclasses.replace(renderer, num_positive=counts_of(form.shots) or (0,))
        if form.instruction is False:
            renderer = dataclasses.replace(renderer, definition=False)
        return renderer if form.budget is None else dataclasses.replace(renderer, budget=form.budget)

    def _example(self, kind: str, number: int, shown_input: str, shown_output: str, explanation: str | None) -> str:
        why = f"\nWhy: {explanation}" if self.explanations and explanation else ""
        return f"{kind} {number}:\nInput: {shown_input}\nOutput: {shown_output}{why}\n\n"


def counts_of(shots: Sequence[Shots]) -> tuple[int, ...]:
    """Numbers of exemplars of which an even draw is what drawing one of `shots`, then one of its counts, is."""
    size = math.lcm(*(len(way.counts) for way in shots))
    return tuple(count for way in shots for count in way.counts * (size // len(way.counts)))


ENCODINGS = {
    "def": EncodingRenderer(num_positive=(0,)),
    "pos_2": EncodingRenderer(definition=False),
    "def_pos_2": EncodingRenderer(),
    "def_half_pos_2": EncodingRenderer(num_positive=(0, 2)),
    "def_pos_2_neg_2": EncodingRenderer(num_negative=2),
    "def_pos_2_expl": EncodingRenderer(explanations=True),
    # The Flan Collection's zero-shot form of these tasks (Longpre et al. 2023).
    "def_worked": EncodingRenderer(num_positive=(1,), explanations=True, inline=True),
}
DEFAULT = ENCODINGS["def_pos_2"]

_DESCRIPTIONS = {
    "def": "the definition only",
    "pos_2": "two positive examples, no definition",
    "def_pos_2": "definition and two positive examples",
    "def_half_pos_2": "definition, and half of the time two positive examples",
    "def_pos_2_neg_2": "definition, two positive and two negative examples",
    "def_pos_2_expl": "definition and two positive examples with explanations",
    "def_worked": "definition with one worked and explained example in its paragraph",
}
for _name in ENCODINGS:
    add_format(_name, Format(f"Super-NaturalInstructions: {_DESCRIPTIONS[_name]}", wording=_name))
# Tk-Instruct: 100 instances a task; two epochs, each with references of its own.
TK_INSTANCES = 100
add_format("tk", Format("Tk-Instruct's training set: 100 instances, 2 epochs", max_rows=TK_INSTANCES, renderings=2))
