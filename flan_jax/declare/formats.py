"""Formats: small objects that any task can be put through, instead of copies of the task; here what one says, and those
that have names.

`declare.registry.get("TASK__FORMAT")` is the task in a format; several are applied one after another, as in
`cot_gsm8k__direct__fewshot_5`. A format says how many exemplars there are, whether options, instruction and rationale
are there, and from which wordings the text is drawn; what it does not say stays as the task has it.
`flan_jax.declare.formatted` carries it out.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from flan_jax.core.errors import TaskError, did_you_mean
from flan_jax.declare.names import ByName
from flan_jax.declare.task import FORMAT_MARK
from flan_jax.declare.templates import AS_WRITTEN, DIRECT, HIDDEN, SHOWN

MAX_SHOTS = 64
BUDGET = 15 / 16  # 960 of 1,024 tokens, 1,920 of 2,048 (Longpre et al. 2023)

__all__ = [
    "BUDGET",
    "MAX_SHOTS",
    "NUMBERED_FORMATS",
    "PUBLIC_TRIGGER",
    "TRIGGERS",
    "Format",
    "Shots",
    "add_format",
    "all_formats",
    "find_format",
    "is_local_format",
]


@dataclasses.dataclass(frozen=True)
class Shots:
    """How many exemplars: one of `counts`, drawn evenly; 0 is none. own_templates: each exemplar draws its own
    template, instead of using the query's."""

    counts: tuple[int, ...]
    own_templates: bool = False

    def __post_init__(self) -> None:
        if not self.counts or min(self.counts) < 0 or max(self.counts) > MAX_SHOTS:
            raise TaskError(f"shots are {self.counts}: give numbers of exemplars up to {MAX_SHOTS}, 0 for none")


@dataclasses.dataclass(frozen=True)
class Format:
    """What a task is put through. None: as the task has it.

    Attributes:
      description: for the reader, in a line.
      shots: ways of showing exemplars, one drawn evenly per example; () for zero-shot, which needs no split to draw
        exemplars from.
      options: `SHOWN` to every row that has them, `HIDDEN`, or `AS_WRITTEN`.
      instruction: False leaves out what says what to do.
      wording: name of a set of wordings, e.g. `DIRECT` for the answer without a rationale.
      max_templates: only the first so many templates.
      triggers: one of these, drawn, follows the question on a line of its own.
      budget: share of the longest input that an input with exemplars may take (`Rendered.budget`).
      renderings: as in `Task`.
      max_rows: only so many training rows, drawn by the task's name.
      kind: how the task is held out (`Task.kind`): it is then judged only, never trained on.
    """

    description: str = ""
    shots: tuple[Shots, ...] | None = None
    options: str | None = None
    instruction: bool | None = None
    wording: str | None = None
    max_templates: int | None = None
    triggers: tuple[str, ...] | None = None
    budget: float | None = None
    renderings: int | None = None
    max_rows: int | None = None
    kind: str | None = None

    def __post_init__(self) -> None:
        if self.options not in (None, AS_WRITTEN, SHOWN, HIDDEN):
            raise TaskError(f"options are {self.options!r}: say {AS_WRITTEN!r}, {SHOWN!r} or {HIDDEN!r}")
        for name in ("max_templates", "renderings", "max_rows"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise TaskError(f"{name} is {value}; the least is 1")
        if self.budget is not None and not 0 < self.budget <= 1:
            raise TaskError(f"budget is {self.budget}: give a share in (0, 1] of the longest input")

    def then(self, other: Format) -> Format:
        """Both at once. Raises `TaskError` where they say different things of the same part."""
        merged: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            ours, theirs = getattr(self, field.name), getattr(other, field.name)
            if field.name == "description":
                merged[field.name] = "; ".join(part for part in (ours, theirs) if part)
            elif ours is not None and theirs is not None and ours != theirs:
                raise TaskError(f"two formats disagree on {field.name}, {ours!r} and {theirs!r}: leave one out")
            else:
                merged[field.name] = theirs if ours is None else ours
        return Format(**merged)


_FORMATS: ByName[Format] = ByName("format")
_NUMBERED: dict[str, Callable[[int], Format]] = {
    "fewshot": lambda k: Format(f"{k} exemplars", shots=(Shots((k,)),), budget=BUDGET),
    "templates": lambda n: Format(f"the first {n} templates", max_templates=n),
    "rows": lambda n: Format(f"at most {n} training rows", max_rows=n),
    "epochs": lambda n: Format(f"{n} renderings of each training row, one an epoch", renderings=n),
}

NUMBERED_FORMATS = tuple(f"{stem}_N" for stem in _NUMBERED)  # for any number N


def add_format(name: str, form: Format, *, replace: bool = False) -> Format:
    """Registers a format under `name`, in place of one of that name if `replace`, and returns it. Raises `TaskError`
    for a name that is taken or cannot be one."""
    # It follows a task's name, so it may begin with a digit.
    if not f"a{name}".isidentifier() or FORMAT_MARK in name:
        raise TaskError(f"{name!r} is not a usable name of a format: use letters, digits and single underscores")
    if _is_numbered(name):
        raise TaskError(f"{name!r} is a format already, one of {', '.join(NUMBERED_FORMATS)}: give another name")
    return _FORMATS.add(name, form, replace=replace)


def all_formats() -> dict[str, Format]:
    """Every registered format by name; those of `NUMBERED_FORMATS` are there for any number."""
    return dict(_FORMATS)


def is_local_format(name: str) -> bool:
    """Whether `name`, or a part of it, `A__B`, is a format that this process alone knows."""
    return any(_FORMATS.is_local(part) for part in name.split(FORMAT_MARK))


def _is_numbered(name: str) -> re.Match[str] | None:
    return re.fullmatch(rf"({'|'.join(_NUMBERED)})_([1-9]\d*)", name)


def find_format(name: str) -> Format:
    """The format called `name`, or several at once, `A__B`. Raises `TaskError` for an unknown one."""
    first, _, rest = name.partition(FORMAT_MARK)
    if rest:
        return find_format(first).then(find_format(rest))
    if name in _FORMATS:
        return _FORMATS[name]
    if numbered := _is_numbered(name):
        return _NUMBERED[numbered[1]](int(numbered[2]))
    known = [*_FORMATS, "fewshot_5", *(f"{stem}_4" for stem in _NUMBERED)]
    raise TaskError(
        f"no format is called {name!r}{did_you_mean(name, known) or '.'} There are {', '.join(_FORMATS)}, and "
        f"{', '.join(NUMBERED_FORMATS)} for any number N"
    )


_MIXED = Shots(tuple(range(1, 17)))
# Numbers of exemplars among 25 candidates that happen to share the query's template, one of ten: about 2.6 (the
# release's second way of making few-shot prompts; its first one is five, each in a template of its own).
_SAME_TEMPLATE = Shots((1,) * 9 + (2,) * 11 + (3,) * 10 + (4,) * 6 + (5,) * 3 + (6,))
_FIVE = Shots((5,), own_templates=True)
_NONE = Shots((0,))
PUBLIC_TRIGGER = "Let's think step by step."  # Kojima et al. 2022
TRIGGERS = (
    "Reason it out before you answer.",
    "Work through this in small steps.",
    "First the reasoning, then the answer.",
    "Think carefully, one step after another.",
    "Write down how you get there.",
    "Start with what is known and go on from there.",
)

add_format("zeroshot", Format("no exemplars", shots=()))
add_format("fewshot", Format("1 to 16 exemplars, drawn per example", shots=(_MIXED,), budget=BUDGET))
add_format("fewshot_mixed", _FORMATS["fewshot"])
add_format("fs", Format("few-shot as fsopt, options as written", shots=(_FIVE, _SAME_TEMPLATE), budget=BUDGET))
add_format(
    "half_fewshot",
    Format(
        "half without exemplars, half as fs, drawn per example",
        shots=(_NONE, _NONE, _FIVE, _SAME_TEMPLATE),
        budget=BUDGET,
    ),
)
add_format("opt", Format("answer options shown wherever there are any", options=SHOWN))
add_format("noopt", Format("answer options left out", options=HIDDEN))
add_format("noinst", Format("no instruction: the fields alone", instruction=False))
add_format("direct", Format("the answer without a rationale", wording=DIRECT))
add_format("heldout", Format("judged only, as a task of a held-out cluster", kind="whole cluster"))
add_format("trigger", Format("zero-shot, with a call to reason", shots=(), triggers=TRIGGERS, instruction=False))
add_format(
    "trigger_public",
    Format("zero-shot, with the public trigger phrase", shots=(), triggers=(PUBLIC_TRIGGER,), instruction=False),
)
# The four variants of the Flan Collection's release (Longpre et al. 2023).
add_format("zsopt", Format("zero-shot, options shown", shots=(), options=SHOWN))
add_format("zsnoopt", Format("zero-shot, no options", shots=(), options=HIDDEN))
add_format("fsopt", Format("few-shot, options shown", shots=(_FIVE, _SAME_TEMPLATE), options=SHOWN, budget=BUDGET))
add_format("fsnoopt", Format("few-shot, no options", shots=(_SAME_TEMPLATE,), options=HIDDEN, budget=BUDGET))
