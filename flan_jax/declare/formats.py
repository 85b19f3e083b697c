"""Formats: small objects that any task can be put through, instead of copies of the task.

`declare.registry.get("TASK__FORMAT")` is the task in a format; several are applied one after another, as in
`cot_gsm8k__direct__fewshot_5`. A format says how many exemplars there are, whether options, instruction and rationale
are there, and from which wordings the text is drawn; what it does not say stays as the task has it.

What a renderer must offer to be steered is `Wordings`. A plain renderer (any function of row, random state and pool)
takes the formats that need no more than its text: exemplars, triggers, options after the question.
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from flan_jax.core.errors import TaskError
from flan_jax.core.suggest import did_you_mean
from flan_jax.declare.example import Rendered, Renderer
from flan_jax.declare.names import ByName
from flan_jax.declare.styles import MANY_EXEMPLAR_STYLES, MANY_OPTION_STYLES, PLAIN_OPTIONS
from flan_jax.declare.task import FORMAT_MARK, Task
from flan_jax.declare.templates import (
    AS_WRITTEN,
    DIRECT,
    HIDDEN,
    JUDGED_FIELD,
    SHOWN,
    WRITTEN,
    Choice,
    Turn,
    fitting_style,
)
from flan_jax.sources.source import Row, Source, content_fingerprint

MAX_SHOTS = 64
BUDGET = 15 / 16  # 960 of 1,024 tokens, 1,920 of 2,048 (Longpre et al. 2023)

__all__ = [
    "MAX_SHOTS",
    "NUMBERED_FORMATS",
    "Format",
    "FormattedRenderer",
    "Shots",
    "Steerable",
    "Wordings",
    "add_format",
    "all_formats",
    "find_format",
    "format_task",
    "formats_of",
    "is_local_format",
    "refusal",
]


@runtime_checkable
class Wordings(Protocol):
    """A renderer whose words a format can choose. It words one row at a time; exemplars and delimiters are the
    format's."""

    @property
    def has_options(self) -> bool:
        """Whether rows have answer options that can be shown or hidden."""

    @property
    def has_rationale(self) -> bool:
        """Whether the usual targets reason before they answer."""

    def template_ids_for(self, choice: Choice) -> Sequence[int]:
        """Numbers of the templates that can say what `choice` asks for, without looking at a row; none: it cannot."""

    def is_turned_around(self, template_id: int, choice: Choice) -> bool:
        """Whether that template asks for another field than the answer, so that its target cannot be judged."""

    def turn(self, row: Row, template_id: int, choice: Choice, rng: random.Random) -> Turn:
        """The row in the words of that template.

        Args:
          row: the row.
          template_id: one of `template_ids_for(choice)`.
          choice: what the format asks for.
          rng: the example's random state.
        """


@runtime_checkable
class Steerable(Protocol):
    """A renderer that carries formats out by itself, e.g. since it has exemplars of its own."""

    def in_format(self, form: Format) -> Renderer:
        """The renderer in that format. Raises `TaskError` saying what it lacks where it cannot."""


@dataclasses.dataclass(frozen=True)
class Shots:
    """How many exemplars: one of `counts`, drawn evenly. own_templates: each exemplar draws its own template, instead
    of using the query's."""

    counts: tuple[int, ...]
    own_templates: bool = False

    def __post_init__(self) -> None:
        if not self.counts or min(self.counts) < 1 or max(self.counts) > MAX_SHOTS:
            raise TaskError(f"shots are {self.counts}: give numbers of exemplars between 1 and {MAX_SHOTS}")


@dataclasses.dataclass(frozen=True)
class Format:
    """What a task is put through. None: as the task has it.

    Attributes:
      description: for the reader, in a line.
      shots: ways of showing exemplars, one drawn per example; () for zero-shot.
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


@dataclasses.dataclass(frozen=True)
class FewerRows:
    """A source of which one split has no more than `max_rows` rows, drawn by `seed` and kept in order (implements
    `flan_jax.sources.source.Source`)."""

    source: Source
    split: str
    max_rows: int
    seed: str

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits."""
        return self.source.splits

    @property
    def description(self) -> str:
        """Where the rows come from."""
        return f"{self.source.description}; {self.max_rows} rows of {self.split} at most"

    def missing(self) -> str | None:
        """As the source's own."""
        missing = getattr(self.source, "missing", None)
        return None if missing is None else missing()

    def content_fingerprint(self, split: str) -> str | None:
        """As the source's own."""
        return content_fingerprint(self.source, split)

    def rows(self, split: str) -> Sequence[Row]:
        """The rows of `split`."""
        rows = self.source.rows(split)
        if split != self.split or len(rows) <= self.max_rows:
            return rows
        return [rows[i] for i in sorted(random.Random(f"rows/{self.seed}").sample(range(len(rows)), self.max_rows))]


@dataclasses.dataclass(frozen=True)
class _PlainWordings:
    """A renderer that knows nothing of formats: one template, which is its text as it stands."""

    render: Renderer

    @property
    def has_options(self) -> bool:
        return bool(getattr(self.render, "has_options", False))

    @property
    def has_rationale(self) -> bool:
        return bool(getattr(self.render, "has_rationale", False))

    def template_ids_for(self, choice: Choice) -> tuple[int, ...]:
        return (0,) if choice.wording == WRITTEN and choice.instruction else ()

    def is_turned_around(self, template_id: int, choice: Choice) -> bool:
        return False

    def turn(self, row: Row, template_id: int, choice: Choice, rng: random.Random) -> Turn:
        rendered = self.render(row, rng, ())
        return Turn(rendered.query, rendered.targets, rendered.preamble, rendered.references, rendered.options)


@dataclasses.dataclass(frozen=True)
class FormattedRenderer:
    """A renderer in a format (implements `flan_jax.declare.example.Renderer`)."""

    wordings: Wordings
    form: Format

    def __call__(self, row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
        """One example. Raises `TaskError` when the pool has fewer rows than the fewest exemplars."""
        form = self.form
        style = PLAIN_OPTIONS
        if form.options != HIDDEN and self.wordings.has_options:
            style = MANY_OPTION_STYLES[rng.randrange(len(MANY_OPTION_STYLES))]
        choice = dataclasses.replace(_choice(form), option_style=style)
        ids = list(self.wordings.template_ids_for(choice))[: form.max_templates]
        if row.get(JUDGED_FIELD):
            ids = [i for i in ids if not self.wordings.is_turned_around(i, choice)] or ids
        trigger = "\n" + form.triggers[rng.randrange(len(form.triggers))] if form.triggers else ""

        def words(words_of: Row, template_id: int) -> Turn:
            turn = _with_options(self.wordings.turn(words_of, template_id, choice, rng), choice, rng)
            return dataclasses.replace(turn, inputs=turn.inputs + trigger)

        template_id = ids[rng.randrange(len(ids))]
        turn = words(row, template_id)
        query, exemplars = turn.inputs, []
        if form.shots:
            shots = form.shots[rng.randrange(len(form.shots))]
            wanted = min(shots.counts[rng.randrange(len(shots.counts))], max(len(pool), min(shots.counts)))
            exemplar_style = MANY_EXEMPLAR_STYLES[rng.randrange(len(MANY_EXEMPLAR_STYLES))]
            for shown in _others(row, pool, rng):
                exemplar = words(shown, ids[rng.randrange(len(ids))] if shots.own_templates else template_id)
                # Another row may ask the very same, e.g. a text that has several summaries.
                if exemplar.inputs != turn.inputs and exemplar.targets.strip():
                    said = exemplar.inputs if exemplar.instruction == turn.instruction else _whole(exemplar)
                    exemplars.append(exemplar_style.exemplar.format(inputs=said, targets=exemplar.targets))
                if len(exemplars) == wanted:
                    break
            if len(exemplars) < min(shots.counts):
                raise TaskError(
                    f"{min(shots.counts)} exemplars are asked for, the pool of {len(pool)} rows has {len(exemplars)} "
                    f"that differ from the query: ask for fewer, or use a larger exemplar split"
                )
            query = exemplar_style.query.format(inputs=turn.inputs)
        return Rendered(
            query=query,
            targets=turn.targets,
            preamble=turn.instruction,
            exemplars=tuple(exemplars),
            references=turn.references,
            options=turn.options,
            budget=1.0 if form.budget is None else form.budget,
        )


def _whole(turn: Turn) -> str:
    return turn.instruction + turn.inputs


def _others(row: Row, pool: Sequence[Row], rng: random.Random) -> Iterator[Row]:
    """Rows of `pool` that are not `row`, each once, in an order drawn as it is needed."""
    left = list(range(len(pool)))
    while left:
        i = rng.randrange(len(left))
        left[i], left[-1] = left[-1], left[i]
        other = pool[left.pop()]
        if other != row:
            yield other


def _choice(form: Format) -> Choice:
    return Choice(form.wording or WRITTEN, form.instruction is not False, form.options or AS_WRITTEN)


def _with_options(turn: Turn, choice: Choice, rng: random.Random) -> Turn:
    """Options after a question that has some and does not list them, where the format wants them shown."""
    if choice.options != SHOWN or turn.shows_options or turn.targets not in turn.options:
        return turn
    options = list(turn.options)
    if not turn.options_are_ordered:
        rng.shuffle(options)
    style = fitting_style(choice.option_style, len(options), turn.options_are_ordered)
    answers = style.answers(options)
    return dataclasses.replace(
        turn,
        inputs=f"{turn.inputs}\n{style.block(options)}",
        targets=answers[turn.targets],
        options=tuple(answers.values()),
        references=tuple(answers.get(reference, reference) for reference in turn.references),
        shows_options=True,
    )


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
    if not f"a{name}".isidentifier() or FORMAT_MARK in name:
        raise TaskError(f"{name!r} is not a usable name of a format: use letters, digits and single underscores")
    return _FORMATS.add(name, form, replace=replace)


def all_formats() -> dict[str, Format]:
    """Every registered format by name; those of `NUMBERED_FORMATS` are there for any number."""
    return dict(_FORMATS)


def is_local_format(name: str) -> bool:
    """Whether `name`, or a part of it, `A__B`, is a format that this process alone knows."""
    return any(_FORMATS.is_local(part) for part in name.split(FORMAT_MARK))


def find_format(name: str) -> Format:
    """The format called `name`, or several at once, `A__B`. Raises `TaskError` for an unknown one."""
    first, _, rest = name.partition(FORMAT_MARK)
    if rest:
        return find_format(first).then(find_format(rest))
    if name in _FORMATS:
        return _FORMATS[name]
    numbered = re.fullmatch(rf"({'|'.join(_NUMBERED)})_([1-9]\d*)", name)
    if numbered:
        return _NUMBERED[numbered[1]](int(numbered[2]))
    known = [*_FORMATS, "fewshot_5", *(f"{stem}_4" for stem in _NUMBERED)]
    raise TaskError(
        f"no format is called {name!r}{did_you_mean(name, known) or '.'} There are {', '.join(_FORMATS)}, and "
        f"{', '.join(NUMBERED_FORMATS)} for any number N"
    )


def format_task(task: Task, name: str) -> Task:
    """`task` in the format called `name`. Reads nothing. Raises `TaskError` for an unknown format, and for one that the
    task cannot take."""
    form = find_format(name)
    whole = f"{task.name}{FORMAT_MARK}{name}"
    if task.objective is not None:
        raise TaskError(
            f"task {task.name} is text for the objective {task.objective}, which has no format: drop {name}"
        )
    if isinstance(task.render, Steerable):
        try:
            render = task.render.in_format(form)
        except TaskError as error:
            raise TaskError(f"task {task.name} cannot be put through format {name}: {error}") from error
        exemplar_split = task.exemplar_split
    else:
        wordings: Wordings = task.render if isinstance(task.render, Wordings) else _PlainWordings(task.render)
        exemplar_split = _exemplar_split(task, name) if form.shots else None
        if reason := _lacks(wordings, form):
            raise TaskError(f"task {task.name} cannot be put through format {name}: {reason}")
        if form.shots is None and task.exemplar_split is not None:
            # Asked for something else than exemplars, a few-shot task keeps as many as it had.
            num_exemplars = int(getattr(task.render, "num_exemplars", 0))
            if num_exemplars:
                form = dataclasses.replace(form, shots=(Shots((num_exemplars,)),))
                exemplar_split = task.exemplar_split
        render = FormattedRenderer(wordings, form)
    source, train_split, eval_split = task.source, task.train_split, task.eval_split
    if form.max_rows is not None and train_split is not None:
        source = FewerRows(source, train_split, form.max_rows, task.name)
    if form.kind is not None:
        train_split, eval_split = None, eval_split or ("test" if "test" in source.splits else None)
        if eval_split is None:
            raise TaskError(f"task {task.name} cannot be put through format {name}: it has no split to be judged on")
    return dataclasses.replace(
        task,
        name=whole,
        source=source,
        render=render,
        train_split=train_split,
        eval_split=eval_split,
        kind=form.kind or task.kind,
        exemplar_split=exemplar_split,
        dataset=task.dataset or task.name,
        renderings=form.renderings or task.renderings,
        base=task.name,
        format=name,
    )


def refusal(task: Task, name: str) -> str | None:
    """Why `task` cannot be put through the format called `name`, or None where it can."""
    try:
        format_task(task, name)
    except TaskError as error:
        return str(error)
    return None


def formats_of(task: Task) -> list[str]:
    """Names of the registered formats that `task` can be put through."""
    return [name for name in _FORMATS if refusal(task, name) is None]


def _exemplar_split(task: Task, name: str) -> str:
    split = task.exemplar_split or task.train_split or ("train" if "train" in task.source.splits else None)
    if split is None:
        raise TaskError(
            f"task {task.name} cannot be put through format {name}: exemplars come from the train split, and it has "
            f"{', '.join(task.source.splits)} only"
        )
    return split


def _lacks(wordings: Wordings, form: Format) -> str | None:
    """What `form` needs and the wordings do not have."""
    if form.options == HIDDEN and not wordings.has_options:
        return "its answers are free-form, there are no options to leave out"
    if form.triggers and not wordings.has_rationale:
        return "its answers come without a rationale, so there is nothing to call for"
    choice = _choice(form)
    if wordings.template_ids_for(choice):
        return None
    for change, reason in (
        ({"wording": WRITTEN}, f"it has no wordings called {choice.wording!r}"),
        ({"instruction": True}, "its text cannot be had without the instruction"),
        ({"options": AS_WRITTEN}, "none of its templates makes sense without the options"),
    ):
        if wordings.template_ids_for(dataclasses.replace(choice, **change)):
            if change == {"wording": WRITTEN} and choice.wording == DIRECT:
                return "it has no wording that asks for the answer without a rationale"
            return reason
    return "it has no wording that does all of it at once"


_MIXED = Shots(tuple(range(1, 17)))
# Numbers of exemplars among 25 candidates that happen to share the query's template, one of ten: about 2.6 (the
# release's second way of making few-shot prompts; its first one is five, each in a template of its own).
_SAME_TEMPLATE = Shots((1,) * 9 + (2,) * 11 + (3,) * 10 + (4,) * 6 + (5,) * 3 + (6,))
_FIVE = Shots((5,), own_templates=True)
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
