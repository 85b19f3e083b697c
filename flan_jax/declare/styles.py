"""How exemplars are set apart and how answer options are listed: families of styles, one drawn per example.

`EXEMPLAR_STYLES` and `OPTION_STYLES` are the few that a `TemplateRenderer` draws from by itself. Formats
(`declare.formats`) draw from the many: Flan 2022 found that a model which has seen one layout only has learnt the
layout (Chung et al. 2022, section 2.1; the kinds of delimiter are counted in Longpre et al. 2023's release).
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Sequence

from flan_jax.declare.example import is_blank

__all__ = [
    "EXEMPLAR_STYLES",
    "MANY_EXEMPLAR_STYLES",
    "MANY_OPTION_STYLES",
    "OPTION_STYLES",
    "PLAIN_OPTIONS",
    "ExemplarStyle",
    "OptionStyle",
    "shuffled_options",
]


@dataclasses.dataclass(frozen=True)
class ExemplarStyle:
    """How exemplars are set apart: `exemplar` over {inputs} and {targets}; `query` over {inputs}."""

    exemplar: str
    query: str


@dataclasses.dataclass(frozen=True)
class OptionStyle:
    """How answer options are listed: `head`, then `before` the first option and `between` the others, then `end`.

    names: the kind of name that stands before each option: "" for none, or one of `OPTION_NAMES`. A named option is
    written `mark` over {name} and then its text, and the answer to the question becomes the name.
    """

    head: str
    before: str
    between: str
    names: str = ""
    mark: str = "{name}"
    end: str = ""

    def fits(self, num_options: int) -> bool:
        """Whether there are names for so many options."""
        return not self.names or num_options <= len(OPTION_NAMES[self.names])

    def for_options(self, options: Sequence[str]) -> OptionStyle:
        """This style, or with each option on a line of its own where the style sets them in a row and one could not
        tell them apart there: an option that holds the mark between two of them or ends like a sentence."""
        mark = self.between.strip()
        is_in_row = "\n" not in self.between and "\t" not in self.between
        if not is_in_row or not any(
            _SENTENCE_END.search(option) or mark in option or "," in option for option in options
        ):
            return self
        between = "\n" if self.names else PLAIN_OPTIONS.between
        return dataclasses.replace(self, before=between, between=between, end="")

    def answers(self, options: Sequence[str]) -> dict[str, str]:
        """What to say for each option: its name in this list, or itself where options have no names."""
        if not self.names:
            return {option: option for option in options}
        # A name would hide an empty option from whoever leaves rows with one out.
        named = zip(options, OPTION_NAMES[self.names], strict=False)
        return {option: option if is_blank(option) else name for option, name in named}

    def block(self, options: Sequence[str]) -> str:
        """The options as text."""
        shown = list(options)
        if self.names:
            marks = [self.mark.format(name=name) for name in OPTION_NAMES[self.names]]
            shown = [mark + option for mark, option in zip(marks, options, strict=False)]
        return self.head + self.before + self.between.join(shown) + self.end


_SENTENCE_END = re.compile(r"[.!?]['\"\u2019\u201d)\]]*$|\n")
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ROMAN = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx xxi xxii xxiii xxiv xxv xxvi".split()
OPTION_NAMES = {
    "upper": tuple(_UPPER),
    "lower": tuple(_UPPER.lower()),
    "number": tuple(str(number) for number in range(1, len(_UPPER) + 1)),
    "roman": tuple(_ROMAN),
    "Roman": tuple(numeral.upper() for numeral in _ROMAN),
}

EXEMPLAR_STYLES = (
    ExemplarStyle("{inputs}\nAnswer: {targets}\n\n", "{inputs}\nAnswer:"),
    ExemplarStyle("Q: {inputs}\nA: {targets}\n\n", "Q: {inputs}\nA:"),
    ExemplarStyle("Input: {inputs}\nOutput: {targets}\n", "Input: {inputs}\nOutput:"),
    ExemplarStyle("{inputs} => {targets}\n", "{inputs} =>"),
    ExemplarStyle("Example: {inputs}\nReply: {targets}\n\n", "Now you: {inputs}\nReply:"),
    ExemplarStyle("* {inputs}\n-> {targets}\n", "* {inputs}\n->"),
)

OPTION_STYLES = (
    OptionStyle("Options:", "\n- ", "\n- "),
    OptionStyle("Choose from:", " ", ", "),
    OptionStyle("Choices:", " ", " / "),
    OptionStyle("Possible answers:", "\n* ", "\n* "),
)

_SUMS_UP = re.compile(
    r"(none|all|both|neither) of (the (above|choices|options|others?)|these|those|them)\b( \w+)? ?\.?", re.IGNORECASE
)


def shuffled_options(options: Sequence[str], rng: random.Random) -> list[str]:
    """The options in an order that does not tell the answer. What speaks of the others, as "None of the above", stands
    at the end."""
    shown = list(options)
    rng.shuffle(shown)
    return sorted(shown, key=lambda option: _SUMS_UP.fullmatch(option.strip()) is not None)


# (before the inputs, between inputs and targets): the pair of words that a reader takes for "asked" and "answered".
_PAIRS = (
    ("", "\n"),
    ("", "\n\n"),
    ("", "\nReply: "),
    ("", "\n### "),
    ("", "\n****\n"),
    ("", "\n>> "),
    ("Q: ", "\nA: "),
    ("Q. ", "\nA. "),
    ("[Q] ", "\n[A] "),
    ("q: ", "\na: "),
    ("Question: ", "\nAnswer: "),
    ("question: ", "\nanswer: "),
    ("QUESTION\n", "\nANSWER\n"),
    ("Question:\n", "\n\nAnswer:\n"),
    ("Problem: ", "\nAnswer: "),
    ("Problem: ", "\nSolution: "),
    ("[problem]\n", "\n[solution]\n"),
    ("Exercise:\n", "\nResult:\n"),
    ("Input: ", "\nOutput: "),
    ("INPUT: ", "\nOUTPUT: "),
    ("in> ", "\nout> "),
    ("<- ", "\n-> "),
    ("Given:\n", "\nThen:\n"),
    ("Case: ", "\nVerdict: "),
    ("Prompt: ", "\nResponse: "),
    ("User: ", "\nAssistant: "),
    ("Asked: ", "\nSaid: "),
    ("Task: ", "\nDone: "),
)
# Between one exemplar and the next.
_GAPS = ("\n", "\n\n", "\n\n\n", "\n--\n", "\n=====\n\n", "\n+ + +\n")


def _style(pair: tuple[str, str], gap: str) -> ExemplarStyle:
    before, middle = pair
    exemplar = before + "{inputs}" + middle + "{targets}" + gap
    return ExemplarStyle(exemplar, before + "{inputs}" + middle.rstrip(" "))


# A gap must be wider than what stands between inputs and targets, or the reader cannot tell where an exemplar ends.
MANY_EXEMPLAR_STYLES = tuple(
    dict.fromkeys(
        (
            *EXEMPLAR_STYLES,
            *(
                _style((before, middle), gap)
                for before, middle in _PAIRS
                for gap in _GAPS
                if before or middle.strip() or gap.strip() or len(gap) > len(middle)
            ),
        )
    )
)

_HEADS = (
    "Options:",
    "OPTIONS:",
    "Choices:",
    "Pick one:",
    "Choose from:",
    "Possible answers:",
    "Select from these:",
    "The answer is one of:",
    "Available choices:",
    "Your choices are",
)
_BULLETS = ("\n- ", "\n* ", "\n+ ", "\n> ", "\n. ", "\n  - ", "\n\t")
_MARKS = ("({name}) ", "{name}. ", "{name}) ", "[{name}] ", "{name}: ", "<{name}> ")
_ENDS = ("", ".")

PLAIN_OPTIONS = OPTION_STYLES[0]

# A quarter are without names, as among the release's 87.
MANY_OPTION_STYLES = tuple(
    dict.fromkeys(
        (
            *OPTION_STYLES,
            *(OptionStyle(head, bullet, bullet) for head in _HEADS for bullet in _BULLETS),
            *(
                OptionStyle(head, " ", comma, end=end)
                for head in _HEADS
                for comma in (", ", "; ", " | ")
                for end in _ENDS
            ),
            *(
                OptionStyle(head, before, between, names, mark)
                for head in _HEADS
                for names in OPTION_NAMES
                for before, between, marks in (("\n", "\n", _MARKS), (" ", "; ", _MARKS[:2]))
                for mark in marks
            ),
        )
    )
)
