"""A task put through a format: its source, renderer and splits as the format says.

What a renderer must offer to be steered is `Wordings`. A plain renderer (any function of row, random state and pool)
takes the formats that need no more than its text: exemplars, triggers, options after the question. Exemplars and a
budget of its own stay where the format says nothing of them.
"""

from __future__ import annotations

import dataclasses
import functools
import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from flan_jax.core.errors import TaskError, counted
from flan_jax.declare.example import Rendered, Renderer, has_empty_option, is_blank
from flan_jax.declare.exemplars import exemplar_rows, shuffled
from flan_jax.declare.fewer_rows import FewerRows
from flan_jax.declare.formats import Format, Shots, all_formats, find_format
from flan_jax.declare.styles import (
    EXEMPLAR_STYLES,
    MANY_EXEMPLAR_STYLES,
    MANY_OPTION_STYLES,
    OPTION_STYLES,
    PLAIN_OPTIONS,
    ExemplarStyle,
    OptionStyle,
    shuffled_options,
)
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
from flan_jax.sources.source import Row

__all__ = [
    "FormattedRenderer",
    "Steerable",
    "Wordings",
    "format_task",
    "formats_of",
    "question_of",
    "refusal",
]


@runtime_checkable
class Wordings(Protocol):
    """A renderer whose words a format can choose. It words one row at a time; exemplars and delimiters are the
    format's. It may have three methods more: `question` of (row, template_id, choice), what it asks (`question_of`);
    `fitting_ids` of (row, template_ids, choice), those of the templates that read no field that the row has nothing in;
    `rendered` of (row, rng, pool), the row with exemplars of its own, for formats that say nothing of exemplars.
    """

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
        return _as_turn(self.render(row, rng, ()))

    def rendered(self, row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
        return self.render(row, rng, pool)


@dataclasses.dataclass(frozen=True)
class FormattedRenderer:
    """A renderer in a format (implements `flan_jax.declare.example.Renderer`).

    wordings: the renderer. form: what it is asked for. exemplar_styles: how exemplars are set apart, one drawn.
    """

    wordings: Wordings
    form: Format
    exemplar_styles: Sequence[ExemplarStyle] = MANY_EXEMPLAR_STYLES

    def __call__(self, row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
        """One example. Raises `TaskError` when the pool has fewer rows than the fewest exemplars, and for options to be
        listed beside exemplars of a plain renderer's own, which list none."""
        form = self.form
        style = PLAIN_OPTIONS
        if form.options != HIDDEN and self.wordings.has_options:
            styles = self._option_styles()
            style = styles[rng.randrange(len(styles))]
        choice = dataclasses.replace(_choice(form), option_style=style)
        ids = list(self.wordings.template_ids_for(choice))[: form.max_templates]
        if row.get(JUDGED_FIELD):
            ids = [i for i in ids if not self.wordings.is_turned_around(i, choice)] or ids
        fitting = self._fitting(ids, row, choice) or ids
        trigger = "\n" + form.triggers[rng.randrange(len(form.triggers))] if form.triggers else ""

        def words(words_of: Row, template_id: int, rendered: Rendered | None = None) -> Turn:
            turn = self.wordings.turn(words_of, template_id, choice, rng) if rendered is None else _as_turn(rendered)
            turn = _with_options(turn, choice, rng)
            return dataclasses.replace(turn, inputs=turn.inputs + trigger)

        template_id = fitting[rng.randrange(len(fitting))]
        render: Renderer | None = getattr(self.wordings, "rendered", None) if form.shots is None else None
        own = None if render is None else render(row, rng, pool)
        turn = words(row, template_id, own)
        if own is not None and own.exemplars and turn.inputs != own.query + trigger:
            raise TaskError(
                f"the renderer has {counted(len(own.exemplars), 'exemplar')} of its own, which list no options as the "
                f"query is to: name a number of exemplars too, as opt__fewshot_{len(own.exemplars)}, or opt__zeroshot"
            )
        query, exemplars, missing, wanted = turn.inputs, [], 0, 0
        if form.shots:
            shots = form.shots[rng.randrange(len(form.shots))]
            wanted = shots.counts[rng.randrange(len(shots.counts))]
        if wanted:
            exemplar_style = self.exemplar_styles[rng.randrange(len(self.exemplar_styles))]
            shown_ids = [template_id]
            # A query that asks for another field is shown how in its own words: other templates ask for the answer.
            if shots.own_templates and not self.wordings.is_turned_around(template_id, choice):
                shown_ids = [i for i in ids if not self.wordings.is_turned_around(i, choice)]
            question = functools.partial(question_of, self.wordings, template_id=template_id, choice=choice)
            for shown in exemplar_rows(row, pool, shuffled(rng, len(pool)), question):
                fitting = self._fitting(shown_ids, shown, choice)
                if not fitting:
                    # A row that leaves a hole in every template is shown as it is.
                    if self._fitting(ids, shown, choice):
                        continue
                    fitting = shown_ids
                exemplar = words(shown, fitting[rng.randrange(len(fitting))] if shots.own_templates else template_id)
                if not is_blank(exemplar.targets) and not has_empty_option(exemplar.options):
                    # The query's instruction is said once, in front; an exemplar of another template brings its own.
                    said = exemplar.inputs if exemplar.instruction == turn.instruction else _whole(exemplar)
                    exemplars.append(exemplar_style.exemplar.format(inputs=said, targets=exemplar.targets))
                if len(exemplars) == wanted:
                    break
            missing = wanted - len(exemplars)
            # A number that is drawn takes what there is; fewer than any that could have been drawn is an error.
            fewest = min(count for way in form.shots or () for count in way.counts)
            if len(exemplars) < fewest:
                raise TaskError(
                    f"{fewest} exemplars are asked for, the pool of {counted(len(pool), 'row')} has "
                    f"{len(exemplars)} that ask something else than the query: ask for fewer, or use a larger exemplar "
                    f"split"
                )
            query = exemplar_style.query.format(inputs=turn.inputs)
        if own is not None:
            return dataclasses.replace(
                own,
                query=query,
                targets=turn.targets,
                references=turn.references,
                options=turn.options,
                budget=own.budget if form.budget is None else form.budget,
            )
        return Rendered(
            query=query,
            targets=turn.targets,
            preamble=turn.instruction,
            exemplars=tuple(exemplars),
            references=turn.references,
            options=turn.options,
            budget=1.0 if form.budget is None else form.budget,
            exemplars_missing=missing,
        )

    def _option_styles(self) -> Sequence[OptionStyle]:
        """A renderer's own where the format does not say that options are to be shown, else those of all."""
        own: Sequence[OptionStyle] = getattr(self.wordings, "option_styles", OPTION_STYLES)
        return MANY_OPTION_STYLES if own == OPTION_STYLES or self.form.options == SHOWN else own

    def _fitting(self, ids: list[int], row: Row, choice: Choice) -> list[int]:
        """Those of `ids` in which `row` leaves no hole blank."""
        fitting: Callable[[Row, list[int], Choice], list[int]] | None = getattr(self.wordings, "fitting_ids", None)
        return ids if fitting is None else fitting(row, ids, choice)


def _as_turn(rendered: Rendered) -> Turn:
    return Turn(rendered.query, rendered.targets, rendered.preamble, rendered.references, rendered.options)


def _whole(turn: Turn) -> str:
    return turn.instruction + turn.inputs


def question_of(wordings: Wordings, row: Row, template_id: int, choice: Choice) -> Any:
    """What `row` asks, without its answer: rows for which it is the same, but for case and spaces, are no exemplars of
    each other. It is what the wordings' own `question` gives, else the text of the row.

    Args:
      wordings: the renderer.
      row: the row.
      template_id: the query's template.
      choice: what the format asks for.
    """
    question: Callable[[Row, int, Choice], Any] | None = getattr(wordings, "question", None)
    if question is not None:
        return question(row, template_id, choice)
    return _whole(wordings.turn(row, template_id, choice, random.Random(0)))


def _choice(form: Format) -> Choice:
    return Choice(form.wording or WRITTEN, form.instruction is not False, form.options or AS_WRITTEN)


def _with_options(turn: Turn, choice: Choice, rng: random.Random) -> Turn:
    """Options after a question that has some and does not list them, where the format wants them shown."""
    # A target that is none of the options (a chain of thought, a field turned around) cannot be said by an option's
    # name.
    if choice.options != SHOWN or turn.shows_options or turn.targets not in turn.options:
        return turn
    options = list(turn.options) if turn.options_are_ordered else shuffled_options(turn.options, rng)
    style = fitting_style(choice.option_style, options, turn.options_are_ordered or turn.options_are_said)
    answers = style.answers(options)
    return dataclasses.replace(
        turn,
        inputs=f"{turn.inputs}\n{style.block(options)}",
        targets=answers[turn.targets],
        options=tuple(answers.values()),
        references=tuple(answers.get(reference, reference) for reference in turn.references),
        shows_options=True,
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
    if _is_steerable(type(task.render)):
        steerable: Any = task.render
        try:
            render: Renderer = steerable.in_format(form)
        except TaskError as error:
            raise TaskError(f"task {task.name} cannot be put through format {name}: {error}") from error
        exemplar_split = task.exemplar_split
    else:
        wordings: Wordings = task.render if isinstance(task.render, Wordings) else _PlainWordings(task.render)
        exemplar_split = _exemplar_split(task, name) if form.shots else None
        if reason := _lacks(wordings, form):
            raise TaskError(f"task {task.name} cannot be put through format {name}: {reason}")
        exemplar_styles: Sequence[ExemplarStyle] = MANY_EXEMPLAR_STYLES
        if form.shots is None and task.exemplar_split is not None:
            # Asked for something else than exemplars, a few-shot task keeps as many as it had.
            num_exemplars = int(getattr(task.render, "num_exemplars", 0))
            if isinstance(wordings, _PlainWordings):
                exemplar_split = task.exemplar_split
            elif num_exemplars:
                form = dataclasses.replace(form, shots=(Shots((num_exemplars,)),))
                exemplar_split = task.exemplar_split
                own_styles = getattr(task.render, "exemplar_styles", EXEMPLAR_STYLES)
                exemplar_styles = exemplar_styles if own_styles == EXEMPLAR_STYLES else own_styles
        render = FormattedRenderer(wordings, form, exemplar_styles)
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
        # Still the same data set: mixtures hold out by it.
        dataset=task.dataset or task.name,
        renderings=form.renderings or task.renderings,
        base=task.name,
        format=name,
    )


@functools.cache
def _is_steerable(renderer: type) -> bool:
    # Asked of thousands of tasks of few kinds, and asking a protocol is slow.
    return issubclass(renderer, Steerable)


def refusal(task: Task, name: str) -> str | None:
    """Why `task` cannot be put through the format called `name`, or None where it can."""
    try:
        format_task(task, name)
    except TaskError as error:
        return str(error)
    return None


def formats_of(task: Task) -> list[str]:
    """Names of the registered formats that `task` can be put through."""
    return [name for name in all_formats() if refusal(task, name) is None]


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
    # One wish taken back at a time, to name the one that cannot be met.
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
