"""Instruction templates: a row's fields in, `Rendered` text out.

A template is text with `{field}` holes. What may go wrong with one (a misspelt field, an unclosed brace, a target that
ignores the row) is refused when it is made or attached to a family, never while rendering.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import random
import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flan_jax.core import settings
from flan_jax.core.errors import TaskError, counted, did_you_mean
from flan_jax.declare.example import JUDGED_FIELD, Rendered, has_empty_option, is_blank
from flan_jax.declare.exemplars import exemplar_rows, folded, sampled
from flan_jax.declare.styles import (
    EXEMPLAR_STYLES,
    OPTION_STYLES,
    PLAIN_OPTIONS,
    ExemplarStyle,
    OptionStyle,
    shuffled_options,
)
from flan_jax.sources.fields import TextFields, texts_of
from flan_jax.sources.source import Row

__all__ = [
    "AS_WRITTEN",
    "DIRECT",
    "EXEMPLAR_STYLES",
    "HIDDEN",
    "JUDGED_FIELD",
    "OPTION_STYLES",
    "ORDERED_FIELD",
    "REFERENCES_FIELD",
    "SHOWN",
    "WRITTEN",
    "Choice",
    "ExemplarStyle",
    "OptionStyle",
    "Template",
    "TemplateRenderer",
    "Turn",
    "fitting_style",
]

WRITTEN, DIRECT = "written", "direct"  # wordings: the usual one; the answer without a rationale
AS_WRITTEN, SHOWN, HIDDEN = "as written", "shown", "hidden"  # answer options

OPTIONS_FIELD = "options"
REFERENCES_FIELD = "references"
RATIONALE_FIELD = "rationale"
ANSWER_FIELD = "answer"
# The options of a row that has this field are a scale: they are listed as they stand, neither shuffled nor named.
ORDERED_FIELD = "options_are_ordered"
_ANSWERS = frozenset({ANSWER_FIELD, RATIONALE_FIELD, OPTIONS_FIELD})


@dataclasses.dataclass(frozen=True)
class Template:
    """One wording of a task.

    inputs, targets: text over row fields, e.g. "Who has the {thing}?". `{options}` is the block of answer options.
    instruction: text without fields that is said once, before the exemplars if there are any.
    needs_options: the question makes no sense without its options, so formats that hide them pass this wording over.
    Raises `TaskError` for braces that do not pair, holes that are not plain names, and text without a hole.
    """

    inputs: str
    targets: str = "{answer}"
    instruction: str = ""
    needs_options: bool = False

    def __post_init__(self) -> None:
        for part in ("inputs", "targets"):
            if not _holes(getattr(self, part)):
                raise TaskError(f"template {part} {getattr(self, part)!r} uses no field of the row: name at least one")
            if getattr(self, part) != getattr(self, part).strip():
                raise TaskError(f"template {part} {getattr(self, part)!r} starts or ends with a space: remove it")
        if _holes(self.instruction):
            raise TaskError(
                f"template instruction {self.instruction!r} has holes, but it is said once for all exemplars: move "
                f"them to `inputs`"
            )
        if OPTIONS_FIELD in _holes(self.targets):
            raise TaskError(f"template targets {self.targets!r} contain {{options}}: only `inputs` may")

    @functools.cached_property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields this template reads, sorted."""
        return tuple(sorted(_holes(self.inputs) | _holes(self.targets)))

    @functools.cached_property
    def question_fields(self) -> tuple[str, ...]:
        """The fields of the inputs that say what is asked, sorted: neither the answer nor the options."""
        return tuple(sorted(_holes(self.inputs) - _ANSWERS))

    @functools.cached_property
    def has_options(self) -> bool:
        """Whether the inputs list the answer options."""
        return OPTIONS_FIELD in _holes(self.inputs)

    @functools.cached_property
    def is_turned_around(self) -> bool:
        """Whether the target is another field than `answer`, e.g. a text written to a given label; of templates whose
        rows call the answer otherwise, `TemplateRenderer.is_turned_around` knows."""
        return ANSWER_FIELD not in _holes(self.targets)

    @functools.cached_property
    def reasons(self) -> bool:
        """Whether the target is a chain of thought: a rationale, then the answer."""
        return {RATIONALE_FIELD, ANSWER_FIELD} <= _holes(self.targets)

    @property
    def is_bare(self) -> bool:
        """Whether the target is a field and no more."""
        return re.fullmatch(r"\{\w+\}", self.targets.strip()) is not None

    def fits(self, row: Row) -> bool:
        """Whether `row` has something in each field that is read: a title that a row lacks would leave a hole in the
        text. A field that the row has not at all is an error when it is rendered."""
        return _blank_fields(row).isdisjoint(self.fields)

    def says(self, options: Sequence[str]) -> bool:
        """Whether the wording itself, fields apart, has every option in it, as "Answer yes or no" has: then the answer
        is one of these words, and no letter or number that stands before it."""
        return bool(options) and all(_words(option) in self._phrases for option in options)

    @functools.cached_property
    def _phrases(self) -> frozenset[tuple[str, ...]]:
        literals = (_words(text) for text, *_ in string.Formatter().parse(self.instruction + self.inputs))
        return frozenset(part[i : i + n] for part in literals for n in range(1, 5) for i in range(len(part)))

    def without_options(self) -> Template:
        """The same wording without the block of answer options, nor the white space before it."""
        return dataclasses.replace(self, inputs=re.sub(r"\s*\{options\}", "", self.inputs).lstrip())

    def bare(self) -> Template:
        """The fields of the inputs, a line each, without a word about what to do with them."""
        fields = dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(self.inputs) if name)
        return Template("\n".join(f"{{{name}}}" for name in fields), self.targets)

    def check(self, available: Iterable[str]) -> None:
        """Raises `TaskError` when the template reads a field that is not in `available`."""
        available = sorted(available)
        for field in self.fields:
            if field not in available:
                raise TaskError(
                    f"template {self.inputs!r} reads unknown field {field!r}; rows have {', '.join(available)}"
                    f"{did_you_mean(field, available)}"
                )


@dataclasses.dataclass(frozen=True)
class Choice:
    """What a format asks of one row's words.

    wording: WRITTEN, or the name of another set of the renderer's. instruction: whether the wording may say what to do;
    without it the row's fields stand alone. options: AS_WRITTEN (where the wording lists them), SHOWN (always, for rows
    that have them) or HIDDEN. option_style: how they are listed.
    """

    wording: str = WRITTEN
    instruction: bool = True
    options: str = AS_WRITTEN
    option_style: OptionStyle = PLAIN_OPTIONS


@dataclasses.dataclass(frozen=True)
class Turn:
    """One row in words, before a format sets it among others. `instruction` is said once for all of them; `options`
    and `references` are as in `Rendered`; `shows_options` says that they are listed in `inputs`, `options_are_ordered`
    that they are a scale, never shuffled, and `options_are_said` that the wording itself names them all."""

    inputs: str
    targets: str
    instruction: str = ""
    references: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    shows_options: bool = False
    options_are_ordered: bool = False
    options_are_said: bool = False


@dataclasses.dataclass(frozen=True)
class TemplateRenderer:
    """Renders rows with a template drawn per example (implements `flan_jax.declare.example.Renderer`).

    templates: all wordings. template_ids: the ones in use (all by default), so that others can be held out.
    num_exemplars: exemplars drawn from the pool, in the wording of the query, in a style drawn per example.
    A row's `options`, where it has them, become `Rendered.options` (unless the target says more than the answer, as a
    chain of thought does: then there is nothing to rank); they are shown by the templates with an `{options}` hole, in
    shuffled order but for rows with `ORDERED_FIELD`. `references` of a row are the answers accepted beside the target,
    where the target is the answer (`answer_fields`). Both are lists of texts, None or not there.

    wordings: further sets of templates, by name, that formats can ask for instead of `templates`, e.g. {"direct": ...}
    for the answer without a rationale. Formats steer it by `template_ids_for` and `turn`
    (`flan_jax.declare.formatted.Wordings`); `num_exemplars` and the styles here are then the format's, where it says
    something of exemplars or options and where these are not styles of the task's own.
    """

    templates: tuple[Template, ...]
    template_ids: tuple[int, ...] | None = None
    num_exemplars: int = 0
    exemplar_styles: tuple[ExemplarStyle, ...] = EXEMPLAR_STYLES
    option_styles: tuple[OptionStyle, ...] = OPTION_STYLES
    wordings: Mapping[str, tuple[Template, ...]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.templates:
            raise TaskError("a renderer needs at least one template; it has 0")
        for number, template in enumerate(self.templates):
            if not isinstance(template, Template):
                raise TaskError(f"template {number} is {settings.shown(template)}: give a Template(inputs, targets)")
        if self.template_ids is not None and not self.template_ids:
            raise TaskError("template_ids is empty: name at least one template, or leave it out to use all")
        for i in self.template_ids or ():
            if not 0 <= i < len(self.templates):
                raise TaskError(f"template id {i} is not in [0, {len(self.templates)}): there is no such template")
        if self.num_exemplars < 0:
            raise TaskError(f"num_exemplars is {self.num_exemplars}; the limit is 0")

    def __call__(self, row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
        """One example. Raises `TaskError` when the pool has fewer rows than `num_exemplars`."""
        # The order of draws is part of the text: another one would render every row anew.
        template_id = self.draw_template_id(row, rng)
        template = self.templates[template_id]
        option_style = self.option_styles[rng.randrange(len(self.option_styles))]
        options = texts_of(row, OPTIONS_FIELD)
        query, targets = _fill(template, row, options, option_style, rng)
        references = () if self._turns_around(template) else texts_of(row, REFERENCES_FIELD)
        preamble = template.instruction
        exemplars: list[str] = []
        if self.num_exemplars:
            if len(pool) < self.num_exemplars:
                raise _too_few(self.num_exemplars, len(pool), len(pool))
            style = self.exemplar_styles[rng.randrange(len(self.exemplar_styles))]
            places = sampled(rng, len(pool), self.num_exemplars)
            for shown in itertools.islice(self.exemplars(row, pool, places, template_id), self.num_exemplars):
                shown_options = texts_of(shown, OPTIONS_FIELD)
                shown_inputs, shown_targets = _fill(template, shown, shown_options, option_style, rng)
                exemplars.append(style.exemplar.format(inputs=shown_inputs, targets=shown_targets))
            if len(exemplars) < self.num_exemplars:
                raise _too_few(self.num_exemplars, len(pool), len(exemplars))
            query = style.query.format(inputs=query)
        return Rendered(
            query=query,
            targets=targets,
            preamble=preamble,
            exemplars=tuple(exemplars),
            references=(targets, *references) if references else (),
            options=options if targets in options or self._asks_for_the_answer(template) else (),
        )

    @functools.cached_property
    def answer_fields(self) -> frozenset[str]:
        """The fields that hold the answer, which a row's `references` stand beside: `answer` where a target has it;
        else those of the first template's target, however they are called."""
        targets = [_holes(template.targets) for template in self.templates]
        return frozenset({ANSWER_FIELD}) if any(ANSWER_FIELD in holes for holes in targets) else targets[0]

    def _turns_around(self, template: Template) -> bool:
        return self.answer_fields.isdisjoint(_holes(template.targets))

    def draw_template_id(self, row: Row, rng: random.Random) -> int:
        """Number of the template for `row`: one of those in use that it leaves no hole in, if there are any."""
        fitting = self._fitting_ids(row, self._ids(row))
        return fitting[rng.randrange(len(fitting))]

    def exemplars(self, row: Row, pool: Sequence[Row], places: Iterable[int], template_id: int) -> Iterator[Row]:
        """The rows of `pool` at `places` that may stand before `row` in that template: none that asks what `row` asks,
        none without an answer or with an empty option, and none that leaves a hole blank there and not in another.

        Args:
          row: the query's.
          pool: rows to choose from.
          places: positions in `pool`, taken one by one.
          template_id: number of the template.
        """
        ids, template = self._ids(row), self.templates[template_id]
        for shown in exemplar_rows(row, pool, places, lambda one: self._question(one, template)):
            is_whole = template.fits(shown) or template_id in self._fitting_ids(shown, ids)
            if has_empty_option(texts_of(shown, OPTIONS_FIELD)):
                continue
            if is_whole and not is_blank(template.targets.format_map(TextFields(shown))):
                yield shown

    @property
    def has_options(self) -> bool:
        """Whether the answer is one of options that a wording lists."""
        return any(template.has_options for template in self.templates)

    @property
    def has_rationale(self) -> bool:
        """Whether a target reasons before it answers."""
        return any(template.reasons for template in self.templates)

    def template_ids_for(self, choice: Choice) -> tuple[int, ...]:
        """Numbers of the templates that can say what `choice` asks for; none where no template can."""
        return tuple(i for i, template in self._as_chosen(choice).items() if template is not None)

    def is_turned_around(self, template_id: int, choice: Choice) -> bool:
        """Whether that template asks for another field than the answer."""
        return self._turns_around(dict(self._set(choice.wording))[template_id])

    def question(self, row: Row, template_id: int, choice: Choice) -> list[Any]:
        """What `row` asks in that template, without its answer: rows for which it is the same, but for case and spaces,
        are no exemplars of each other."""
        return self._question(row, self._as_chosen(choice)[template_id] or self.templates[template_id])

    def fitting_ids(self, row: Row, ids: Sequence[int], choice: Choice) -> list[int]:
        """Those of `ids` that `row` leaves no hole in.

        Args:
          row: the row.
          ids: numbers of templates.
          choice: what the format asks for.
        """
        blank, chosen = _blank_fields(row), self._as_chosen(choice)
        templates = ((i, chosen[i]) for i in ids)
        return [i for i, template in templates if template is not None and blank.isdisjoint(template.fields)]

    def turn(self, row: Row, template_id: int, choice: Choice, rng: random.Random) -> Turn:
        """One row in the words of one of the templates of `template_ids_for(choice)`.

        Args:
          template_id: number of the template.
          rng: the example's random state.
        """
        template = self._as_chosen(choice)[template_id]
        if template is None:
            raise TaskError(f"template {template_id} cannot be said as {choice}: ask template_ids_for which ones can")
        options = list(texts_of(row, OPTIONS_FIELD))
        references = () if self._turns_around(template) else texts_of(row, REFERENCES_FIELD)
        if options and template.has_options:
            ordered = bool(row.get(ORDERED_FIELD))
            if not ordered:
                options = shuffled_options(options, rng)
            style = fitting_style(choice.option_style, options, ordered or template.says(options))
            answers = style.answers(options)
            # In the inputs an option stays what it is; only what is answered is said by name.
            inputs = template.inputs.format_map(TextFields(row, {OPTIONS_FIELD: style.block(options)}))
            targets = template.targets.format_map(TextFields(row, called=answers))
            options = list(answers.values())
            references = tuple(answers.get(reference, reference) for reference in references)
        else:
            fields = TextFields(row, {OPTIONS_FIELD: ""} if OPTIONS_FIELD in row else None)
            inputs, targets = template.inputs.format_map(fields), template.targets.format_map(fields)
        return Turn(
            inputs=inputs,
            targets=targets,
            instruction=template.instruction,
            references=(targets, *references) if references else (),
            options=tuple(options) if targets in options or self._asks_for_the_answer(template) else (),
            shows_options=bool(options) and template.has_options,
            options_are_ordered=bool(row.get(ORDERED_FIELD)),
            options_are_said=template.says(options),
        )

    def _asks_for_the_answer(self, template: Template) -> bool:
        """Whether the target is the answer and no more: one that is none of the row's options is then a fault of the
        data, which whoever reads the example must see."""
        return template.is_bare and not self._turns_around(template)

    def _ids(self, row: Row) -> Sequence[int]:
        """Numbers of the templates in use for `row`."""
        ids: Sequence[int] = self.template_ids if self.template_ids is not None else range(len(self.templates))
        if row.get(JUDGED_FIELD):
            ids = [i for i in ids if not self._turns_around(self.templates[i])] or ids
        return ids

    def _fitting_ids(self, row: Row, ids: Sequence[int]) -> Sequence[int]:
        """Those of `ids` in which `row` leaves no hole blank; all of them where it leaves one in each."""
        blank = _blank_fields(row)
        return [i for i in ids if blank.isdisjoint(self.templates[i].fields)] or ids if blank else ids

    def _question(self, row: Row, template: Template) -> list[Any]:
        # What is asked for another field may be a mere label, which many rows share: there, the whole row is compared.
        fields = (() if self._turns_around(template) else template.question_fields) or self._question_fields
        if not fields:
            # The question is its options, which a data set may list in any order.
            return sorted(map(folded, texts_of(row, OPTIONS_FIELD)))
        return [row.get(field) for field in fields]

    @functools.cached_property
    def _question_fields(self) -> tuple[str, ...]:
        everything = [self.templates, *self.wordings.values()]
        read = {field for templates in everything for template in templates for field in template.fields}
        return tuple(sorted(read - _ANSWERS))

    def _as_chosen(self, choice: Choice) -> Mapping[int, Template | None]:
        """The templates of a wording as `choice` wants them; None for one that cannot be had so."""
        key = (choice.wording, choice.instruction, choice.options)
        if key not in self._chosen_templates:
            templates = self._set(choice.wording)
            self._chosen_templates[key] = {i: _chosen(template, choice) for i, template in templates}
        return self._chosen_templates[key]

    @functools.cached_property
    def _chosen_templates(self) -> dict[tuple[str, bool, str], dict[int, Template | None]]:
        return {}

    def _set(self, wording: str) -> list[tuple[int, Template]]:
        if wording in self.wordings:
            return list(enumerate(self.wordings[wording]))
        ids = self.template_ids if self.template_ids is not None else range(len(self.templates))
        templates = [(i, self.templates[i]) for i in ids]
        if wording == WRITTEN:
            return templates
        if wording == DIRECT and self.has_rationale:
            return [(i, template) for i, template in templates if not template.reasons]
        return []


def fitting_style(style: OptionStyle, options: Sequence[str], are_names: bool) -> OptionStyle:
    """`style`, or the plain one for more options than it has names; line by line where options would run into each
    other.

    Args:
      style: what the format drew.
      options: what is listed.
      are_names: whether the options are their own names, as a scale's points, and words that the question itself says.
    """
    fits = style.fits(len(options)) and not (are_names and style.names)
    return (style if fits else PLAIN_OPTIONS).for_options(options)


def _chosen(template: Template, choice: Choice) -> Template | None:
    """The template as `choice` wants it, or None where it cannot be had."""
    if choice.options == HIDDEN and template.has_options:
        # Without options nothing of the question would be left.
        if template.needs_options or set(template.fields) <= {OPTIONS_FIELD, ANSWER_FIELD}:
            return None
        template = template.without_options()
    if not choice.instruction:
        template = template.bare()
    return template


def _fill(
    template: Template, row: Row, options: Sequence[str], option_style: OptionStyle, rng: random.Random
) -> tuple[str, str]:
    said = {}
    if OPTIONS_FIELD in row:
        shown = options if row.get(ORDERED_FIELD) else shuffled_options(options, rng)
        said[OPTIONS_FIELD] = option_style.for_options(shown).block(shown) if shown else ""
    fields = TextFields(row, said)
    return template.inputs.format_map(fields), template.targets.format_map(fields)


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.casefold()))


def _blank_fields(row: Row) -> set[str]:
    """Names of the fields that hold nothing: blank text, None, an empty list."""
    return {
        name
        for name, value in row.items()
        if (
            is_blank(value)
            if isinstance(value, str)
            else value is None or (isinstance(value, list | tuple) and not value)
        )
    }


def _too_few(wanted: int, num_rows: int, num_found: int) -> TaskError:
    return TaskError(
        f"{wanted} exemplars are asked for, the pool of {counted(num_rows, 'row')} has {num_found} that ask something "
        f"else than the query: lower num_exemplars or use a larger exemplar split"
    )


@functools.lru_cache(maxsize=4096)
def _holes(text: str) -> frozenset[str]:
    """Field names of `text`; refuses anything but plain `{name}`."""
    try:
        parsed = list(string.Formatter().parse(text))
    except ValueError as error:
        raise TaskError(f"template {text!r} is malformed ({error}): write a literal brace twice") from error
    holes = set()
    for _, name, spec, conversion in parsed:
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise TaskError(f"template {text!r} has the hole {{{name}}}: use plain field names, no formats or indices")
        holes.add(name)
    return frozenset(holes)
