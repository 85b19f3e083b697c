"""PromptSource's `templates.yaml` files (Bach et al. 2022), and its Jinja templates as renderers.

A file names a data set, perhaps a subset, and has templates: YAML objects `!Template` with a name, Jinja text in which
`|||` stands between prompt and target, `answer_choices` (Jinja too, joined by `|||`), and `!TemplateMetadata`. What is
wrong with a file or a template is said when it is read, with file and line, and not while rendering.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import pathlib
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from flan_jax.core.errors import TaskError, did_you_mean
from flan_jax.declare.example import Rendered
from flan_jax.sources.fields import FieldError
from flan_jax.sources.files import unreadable
from flan_jax.sources.source import Row
from flan_jax.sources.text import decode
from flan_jax.tasks.promptsource.jinja import NULL, field_names, fill

SEPARATOR = "|||"
PROTECTED = "\ue000\ue001\ue002"  # stands for a separator in a row; private-use characters, which no data set has
CHOICES_FIELD = "answer_choices"
MAX_YAML_NODES = 100_000  # the largest file of PromptSource has some 2,000

__all__ = [
    "PromptSourceRenderer",
    "PromptTemplate",
    "PromptTemplates",
    "p3_name",
    "read_promptsource",
]


@dataclasses.dataclass(frozen=True)
class PromptTemplate:
    """One prompt.

    name: unique in its file. jinja: prompt, `|||`, target. answer_choices: Jinja of the options, or None.
    choices_in_prompt, original_task, metrics, languages: what PromptSource says of it; None and () where it does not.
    where: file and line.
    """

    name: str
    jinja: str
    answer_choices: str | None
    where: str
    choices_in_prompt: bool | None = None
    original_task: bool | None = None
    metrics: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    @functools.cached_property
    def fields(self) -> frozenset[str]:
        """Fields of the row that it reads. Raises `TaskError` for Jinja that does not parse, an unknown filter, and a
        prompt without a target."""
        names = field_names(self.jinja, self.where) | field_names(self.answer_choices or "", self.where)
        if SEPARATOR not in self.jinja:
            raise TaskError(f"{self.where}: template {self.name!r} has no {SEPARATOR}, so that it has no target")
        if CHOICES_FIELD in field_names(self.answer_choices or "", self.where):
            raise TaskError(f"{self.where}: template {self.name!r} makes {CHOICES_FIELD} from {CHOICES_FIELD}")
        return frozenset(names - {CHOICES_FIELD})

    def check(self, available: Iterable[str]) -> None:
        """Raises `TaskError` when the template reads a field that rows don't have, or rows have one called
        `answer_choices`, which is the template's own."""
        available = sorted(available)
        for field in sorted(self.fields):
            if field not in available:
                raise TaskError(
                    f"{self.where}: template {self.name!r} reads unknown field {field!r}; rows have "
                    f"{', '.join(available)}{did_you_mean(field, available)}"
                )
        if CHOICES_FIELD in available:
            raise TaskError(
                f"{self.where}: rows have a field {CHOICES_FIELD!r}, which PromptSource keeps for templates"
            )

    def fixed_choices(self) -> tuple[str, ...]:
        """The options, where they are the same for every row; else ()."""
        if self.answer_choices is None or field_names(self.answer_choices, self.where):
            return ()
        return _choices(self, {}, random.Random(0))


@dataclasses.dataclass(frozen=True)
class PromptTemplates:
    """One file: the templates of a data set, or of a subset of it."""

    dataset: str
    subset: str
    templates: tuple[PromptTemplate, ...]


@dataclasses.dataclass(frozen=True)
class PromptSourceRenderer:
    """Renders rows with one template (implements `flan_jax.declare.example.Renderer`).

    As PromptSource does: prompt and target are stripped, options are what `answer_choices` gives, and a row for which
    the template gives no target (it may be made for some rows only) has an empty one, so that the cache leaves it out
    and counts it; so has a row without a label (-1), for which PromptSource gives the last option. Further parts are
    further references. Unlike PromptSource, `choice` and Jinja's `random` draw from `rng`, so that a row has the same
    text in every process.
    """

    template: PromptTemplate

    def __call__(self, row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
        """One example. Raises `FieldError` for a row without a field that the template reads, with a value that prints
        as no text, and for a template that the sandbox stops."""
        try:
            return self._rendered(row, rng)
        except TaskError as error:
            raise FieldError(str(error), row=row) from error

    def _rendered(self, row: Row, rng: random.Random) -> Rendered:
        if not self.template.fields <= row.keys() or CHOICES_FIELD in row:
            self.template.check(row)
        fields: dict[str, Any] = {name: _protect(value) for name, value in row.items()}
        options = _choices(self.template, fields, rng) if self.template.answer_choices is not None else ()
        fields[CHOICES_FIELD] = list(options) if self.template.answer_choices is not None else NULL
        text = fill(self.template.jinja, fields, rng, self.template.where)
        prompt, *targets = _parts(text)
        options = tuple(map(_unprotect, options))
        targets = [target for target in targets if target]
        if not targets:
            return Rendered(query=prompt, targets="")
        return Rendered(
            query=prompt,
            targets=targets[0],
            references=tuple(dict.fromkeys(targets)) if len(targets) > 1 else (),
            options=options if targets[0] in options else (),
        )


def read_promptsource(path: pathlib.Path) -> PromptTemplates:
    """The templates of one `templates.yaml`. Raises `TaskError` with file and line for what is not in the format: YAML
    that does not parse, a template without a name or text, two of one name. Jinja is looked at by `fields`."""
    try:
        text = decode(path, path.read_bytes(), 1)
    except OSError as error:
        raise unreadable(path, error) from error
    try:
        content = _read_yaml(text, str(path))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise TaskError(f"{path}:{line}: not valid YAML, {error.problem or error}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise TaskError(f"{path}:{line}: not valid YAML, {error.reason}") from error
    if not isinstance(content, dict) or not isinstance(content.get("dataset"), str):
        raise TaskError(f"{path}:1: no `dataset` with a name: is it PromptSource's templates.yaml?")
    templates = content.get("templates")
    if not isinstance(templates, dict) or not all(isinstance(item, PromptTemplate) for item in templates.values()):
        raise TaskError(f"{path}:1: `templates` is not a mapping of ids to !Template objects")
    seen: dict[str, str] = {}
    for template in templates.values():
        if template.name in seen:
            raise TaskError(f"{template.where}: two templates are called {template.name!r}: rename one")
        seen[template.name] = template.where
    return PromptTemplates(content["dataset"], str(content.get("subset") or ""), tuple(templates.values()))


def _read_yaml(text: str, path: str) -> Any:
    """What a file says; aliases stand for at most MAX_YAML_NODES nodes. Raises YAML's errors."""
    loader = _loader(path)(text)  # a safe loader: it makes our own objects of two tags, no others
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        _check_aliases(root)
        return loader.construct_document(root)
    except RecursionError as error:
        raise yaml.constructor.ConstructorError(problem="nested too deep", problem_mark=None) from error
    finally:
        loader.dispose()


def _check_aliases(root: Any) -> None:
    """Raises YAML's error for an alias inside what it stands for, and for aliases of aliases that stand for more nodes
    than any file has: written out as text, twenty lines would fill a disk."""
    sizes: dict[int, int] = {}
    within: set[int] = set()

    def size_of(node: Any) -> int:
        if id(node) in sizes:
            return sizes[id(node)]
        if id(node) in within:
            raise yaml.constructor.ConstructorError(
                problem="an alias inside what it stands for", problem_mark=node.start_mark
            )
        within.add(id(node))
        total = 1
        if not isinstance(node, yaml.ScalarNode):
            for item in node.value:
                total += sum(map(size_of, item)) if isinstance(item, tuple) else size_of(item)
        within.remove(id(node))
        if total > MAX_YAML_NODES:
            raise yaml.constructor.ConstructorError(
                problem=f"aliases that stand for more than {MAX_YAML_NODES:,} nodes", problem_mark=node.start_mark
            )
        sizes[id(node)] = total
        return total

    size_of(root)


class _Metadata(dict[str, Any]):
    """The mapping of a `!TemplateMetadata`."""


def _loader(path: str) -> Any:
    # Safe, with PromptSource's two tags; by libyaml, which is ten times as fast, where it is there.
    loader_class: Any = type("PromptSourceLoader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})

    def metadata(loader: Any, node: Any) -> _Metadata:
        return _Metadata(loader.construct_mapping(node, deep=True))

    def template(loader: Any, node: Any) -> PromptTemplate:
        fields = loader.construct_mapping(node, deep=True)
        where = f"{path}:{node.start_mark.line + 1}"
        for key in ("name", "jinja"):
            if not isinstance(fields.get(key), str) or not fields[key].strip():
                raise yaml.constructor.ConstructorError(
                    problem=f"a !Template needs `{key}`, a text", problem_mark=node.start_mark
                )
        choices = fields.get("answer_choices") or fields.get("answer_choices_key")  # the name it had before 2021-10
        if isinstance(choices, list):
            choices = f" {SEPARATOR} ".join(map(str, choices))
        known = fields.get("metadata") or {}
        return PromptTemplate(
            name=fields["name"],
            jinja=fields["jinja"],
            answer_choices=choices or None,
            where=where,
            choices_in_prompt=known.get("choices_in_prompt"),
            original_task=known.get("original_task"),
            metrics=tuple(known.get("metrics") or ()),
            languages=tuple(known.get("languages") or ()),
        )

    loader_class.add_constructor("!Template", template)
    loader_class.add_constructor("!TemplateMetadata", metadata)
    return loader_class


def _choices(template: PromptTemplate, fields: Mapping[str, Any], rng: random.Random) -> tuple[str, ...]:
    """The options, with separators of the row still protected."""
    text = fill(template.answer_choices or "", fields, rng, template.where)
    return tuple(part.strip() for part in text.split(SEPARATOR))


def _parts(text: str) -> list[str]:
    return [_unprotect(part).strip() for part in text.split(SEPARATOR)]


def _protect(value: Any) -> Any:
    """`value` with its own separators replaced, and `NULL` for None, inside lists and mappings too."""
    if value is None:
        return NULL
    if isinstance(value, bytes):
        with contextlib.suppress(UnicodeDecodeError):  # an image: an error where it is printed
            value = value.decode()
    if isinstance(value, str):
        return value.replace(SEPARATOR, PROTECTED)
    if isinstance(value, Mapping):
        return {key: _protect(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_protect(item) for item in value]
    return value


def _unprotect(text: str) -> str:
    return text.replace(PROTECTED, SEPARATOR)


def p3_name(*parts: str) -> str:
    """The name that P3 gives a prompt: data set, subset and template, with an underscore for each run of characters
    that are neither letters, digits nor full stops."""
    return re.sub(r"[^\w.]+", "_", "_".join(part for part in parts if part), flags=re.ASCII)
