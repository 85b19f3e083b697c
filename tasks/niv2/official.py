"""Tk-Instruct's own layout of an instance, character for character (Wang et al. 2022; yizhongw/Tk-Instruct,
`src/ni_collator.py`): what the released weights were trained on, and what published scores were measured with.

    Definition: Say the opposite.

     Positive Example 1 -
    Input: hot.
     Output: cold.

    Now complete the following example -
    Input: early.
    Output:                               (with a space after the colon)

It is an interface and not prose: the spaces that begin some of its lines are part of it. Texts are stripped, and get a
full stop where they do not end in ASCII punctuation; of several definitions the first is shown. An example that is the
instance itself stays, since the published layout keeps it: for training of your own there are the other encodings. A
positive example without an output never gets here (`flan_jax.tasks.niv2.task_file`); no published file has one.
"""

from __future__ import annotations

import dataclasses
import random
import string
from collections.abc import Sequence

from flan_jax.core.errors import TaskError
from flan_jax.declare.example import Rendered, Renderer
from flan_jax.declare.formats import Format, add_format
from flan_jax.declare.templates import HIDDEN, WRITTEN
from flan_jax.sources.source import Row

__all__ = ["OFFICIAL", "OfficialRenderer"]


@dataclasses.dataclass(frozen=True)
class OfficialRenderer:
    """An instance as Tk-Instruct's collator writes it (implements `flan_jax.declare.example.Renderer`).

    Where the input is too long, positive examples are kept from the first on as long as they fit, then negative ones
    beside them; an input that is too long without any loses its end. The target is one of the accepted answers, drawn.

    Attributes:
      definition: whether the definition comes first.
      num_positive, num_negative: how many examples of each kind, of those that the file has.
      explanations: whether each example says why it is right or wrong.
    """

    definition: bool = True
    num_positive: int = 2
    num_negative: int = 0
    explanations: bool = False

    def __call__(self, row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
        """One example."""
        outputs = [output for output in row["outputs"] if output.strip()]
        positive = self._examples("Positive", row["positive"][: self.num_positive])
        negative = self._examples("Negative", row["negative"][: self.num_negative])
        return Rendered(
            preamble=f"{_line('Definition: ', row['first_definition'])}\n\n" if self.definition else "",
            exemplars=positive + negative,
            groups=(len(positive), len(negative)),
            query=f"Now complete the following example -\n{_line('Input: ', row['input'])}\nOutput: ",
            targets=outputs[rng.randrange(len(outputs))] if outputs else "",
            references=tuple(dict.fromkeys(outputs)),
            keeps="start",
            exemplars_missing=self.num_positive + self.num_negative - len(positive) - len(negative),
        )

    def in_format(self, form: Format) -> Renderer:
        """The renderer in `form`, which can say how many positive examples there are and leave out the definition.
        Raises `TaskError` for what the layout does not have."""
        if form.options == HIDDEN or form.triggers or form.wording not in (None, WRITTEN):
            raise TaskError("Tk-Instruct's layout has neither options, nor a rationale, nor other wordings")
        if form.budget is not None:
            raise TaskError("Tk-Instruct's layout takes the whole input: there is no share of it to leave free")
        counts = tuple(count for shots in form.shots or () for count in shots.counts) or (0,)
        if len(counts) > 1:
            raise TaskError(f"Tk-Instruct's layout has one number of examples for all instances, not one of {counts}")
        num_positive = self.num_positive if form.shots is None else counts[0]
        definition = self.definition and form.instruction is not False
        return dataclasses.replace(self, num_positive=num_positive, definition=definition)

    def _examples(self, kind: str, examples: Sequence[tuple[str, str, str | None]]) -> tuple[str, ...]:
        return tuple(self._example(kind, number, *example) for number, example in enumerate(examples, 1))

    def _example(self, kind: str, number: int, shown_input: str, shown_output: str, explanation: str | None) -> str:
        lines = [f" {kind} Example {number} -", _line("Input: ", shown_input), _line(" Output: ", shown_output)]
        if self.explanations and explanation is not None:
            lines.append(_line(" Explanation: ", explanation))
        return "\n".join(lines) + "\n\n"


def _line(label: str, text: str) -> str:
    line = label + text.strip()
    # An empty text leaves the label's space at the end, and gets its full stop too.
    return line if line[-1] in string.punctuation else f"{line}."


OFFICIAL = {
    "tk_official_def": OfficialRenderer(num_positive=0),
    "tk_official_pos_2": OfficialRenderer(definition=False),
    "tk_official_def_pos_1": OfficialRenderer(num_positive=1),
    "tk_official_def_pos_2": OfficialRenderer(),
    "tk_official_def_pos_4": OfficialRenderer(num_positive=4),
    "tk_official_def_pos_2_neg_2": OfficialRenderer(num_negative=2),
    "tk_official_def_pos_2_expl": OfficialRenderer(explanations=True),
    "tk_official_def_pos_2_neg_2_expl": OfficialRenderer(num_negative=2, explanations=True),
}
_DESCRIPTIONS = {
    "tk_official_def": "the definition only",
    "tk_official_pos_2": "two positive examples, no definition",
    "tk_official_def_pos_1": "definition and a positive example",
    "tk_official_def_pos_2": "definition and two positive examples",
    "tk_official_def_pos_4": "definition and four positive examples",
    "tk_official_def_pos_2_neg_2": "definition, two positive and two negative examples",
    "tk_official_def_pos_2_expl": "definition and two positive examples with explanations",
    "tk_official_def_pos_2_neg_2_expl": "definition, two positive and two negative examples with explanations",
}
for _name in OFFICIAL:
    add_format(_name, Format(f"Tk-Instruct's own layout: {_DESCRIPTIONS[_name]}", wording=_name))
