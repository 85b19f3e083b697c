"""Task files of Super-NaturalInstructions as sources: what cannot be read is an error with the file and the line."""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from flan_jax.core.errors import TaskError
from flan_jax.sources.files import file_version, unreadable
from flan_jax.sources.jsonl import parse_json
from flan_jax.sources.source import Row
from flan_jax.sources.text import read_text

__all__ = [
    "NaturalInstructionsHead",
    "NaturalInstructionsSource",
    "read_natural_instructions_head",
]

_HEAD_BYTES = 65_536


@dataclasses.dataclass(frozen=True)
class NaturalInstructionsSource:
    """One task file of Super-NaturalInstructions (Wang et al. 2022), in the data set's own JSON schema.

    Rows have `id`, `definition` (all of them, joined), `first_definition`, `input`, `outputs` (all accepted answers),
    and `positive` and `negative`: the file's examples as (input, output, explanation), the latter None where there is
    none. A positive example whose output is empty would show that nothing is an answer: it is passed over, and counted
    (`cleaned`). As a negative one it stays, since nothing may well be a wrong answer.

    Attributes:
      path: the task's JSON file.
      split: the name under which its instances go.
      max_instances: only so many, from the start of the file; the official test instances are the first 100. None
        for all.
    """

    path: pathlib.Path
    split: str = "train"
    max_instances: int | None = None

    @property
    def splits(self) -> tuple[str, ...]:
        """The one split."""
        return (self.split,)

    @property
    def description(self) -> str:
        """Where the rows come from."""
        return f"Super-NaturalInstructions, {self.path} (github.com/allenai/natural-instructions, folder tasks/)"

    def rows(self, split: str) -> Sequence[Row]:
        """The file's instances. Raises `TaskError` with file and line for what is not in the schema."""
        if split not in self.splits:
            raise TaskError(f"{self.path} has no split {split!r}; it is read as {', '.join(self.splits)}")
        return _read(self.path, file_version(self.path))[0][: self.max_instances]

    def cleaned(self, split: str) -> Mapping[str, int]:
        """How many positive examples no row has, as their output is empty. Raises `TaskError` like `rows`."""
        num = _read(self.path, file_version(self.path))[1]
        return {"a positive example without an output": num} if num else {}


@dataclasses.dataclass(frozen=True)
class NaturalInstructionsHead:
    """What a task file says about itself: `Categories` and `Source`, the data sets it was made from."""

    categories: tuple[str, ...]
    sources: tuple[str, ...]


def read_natural_instructions_head(path: pathlib.Path) -> NaturalInstructionsHead:
    """Reads the first 64 KiB of a task file, since whole files may be tens of megabytes. Raises `TaskError` with the
    file where they do not have both lists."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD_BYTES).decode(errors="replace")
    except OSError as error:
        raise unreadable(path, error) from error
    return NaturalInstructionsHead(_list_after("Categories", head, path), _list_after("Source", head, path))


def _list_after(key: str, head: str, path: pathlib.Path) -> tuple[str, ...]:
    match = re.search(rf'"{key}"\s*:\s*', head)
    try:
        values, _ = json.JSONDecoder().raw_decode(head, match.end()) if match else ((), 0)
    except json.JSONDecodeError as error:
        line = head.count("\n", 0, error.pos) + 1
        raise TaskError(f"{path}:{line}: {key!r} is not valid JSON, {error.msg}") from error
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise TaskError(f"{path}:1: no list of texts {key!r} in the first {_HEAD_BYTES:,} bytes: is it a task file?")
    return tuple(values)


# Rows are asked for several times in a row (fingerprint, exemplars, rendering), of one task after another.
@functools.lru_cache(maxsize=4)
def _read(path: pathlib.Path, version: tuple[int, int]) -> tuple[tuple[Row, ...], int]:
    """(rows, how many positive examples were passed over)."""
    text = read_text(path)
    task = parse_json(text, path)
    if not isinstance(task, dict):
        raise TaskError(f"{path}:1: holds a {type(task).__name__}, a task file is an object with Definition, Instances")
    for key in ("Definition", "Positive Examples", "Instances"):
        if key not in task:
            raise TaskError(f"{path}:1: has no {key!r}; it has {', '.join(task) or 'nothing'}")
    definition = task["Definition"]
    definitions = [definition] if isinstance(definition, str) else definition
    if not isinstance(definitions, list) or not all(isinstance(one, str) for one in definitions):
        raise TaskError(f"{path}:{_line_of(text, 'Definition')}: 'Definition' is no text and no list of texts")
    _check_lists(task, path, text)
    every = _shown_examples(task, "Positive Examples", path, text)
    positive = tuple(example for example in every if example[1].strip())
    negative = _shown_examples(task, "Negative Examples", path, text)
    rows = []
    for number, instance in enumerate(task["Instances"]):
        outputs = instance.get("output") if isinstance(instance, dict) else None
        outputs = [outputs] if isinstance(outputs, str) else outputs
        is_text = isinstance(outputs, list) and all(isinstance(output, str) for output in outputs)
        if outputs is None or not is_text or not isinstance(instance.get("input"), str):
            known = instance.get("id") if isinstance(instance, dict) else None
            where = _line_of(text, known or "Instances")
            raise TaskError(
                f"{path}:{where}: instance {number} needs `input`, a text, and `output`, a text or a list of texts"
            )
        rows.append(
            {
                "id": instance.get("id", str(number)),
                "definition": " ".join(definitions).strip(),
                "first_definition": definitions[0].strip() if definitions else "",
                "input": instance["input"],
                "outputs": tuple(outputs),
                "positive": positive,
                "negative": negative,
            }
        )
    return tuple(rows), len(every) - len(positive)


def _check_lists(task: dict[str, Any], path: pathlib.Path, text: str) -> None:
    for key in ("Positive Examples", "Negative Examples", "Instances"):
        if not isinstance(task.get(key, []), list):
            raise TaskError(f"{path}:{_line_of(text, key)}: {key!r} is a {type(task[key]).__name__}; a list is needed")


def _shown_examples(
    task: dict[str, Any], key: str, path: pathlib.Path, text: str
) -> tuple[tuple[str, str, str | None], ...]:
    examples = []
    for number, example in enumerate(task.get(key, ())):
        if not isinstance(example, dict) or not all(isinstance(example.get(k), str) for k in ("input", "output")):
            kind = key.split()[0].lower()
            raise TaskError(
                f"{path}:{_line_of(text, key)}: {kind} example {number} needs `input` and `output`, both text"
            )
        explanation = example.get("explanation")
        examples.append((example["input"], example["output"], explanation if isinstance(explanation, str) else None))
    return tuple(examples)


def _line_of(text: str, needle: str) -> int:
    return text.count("\n", 0, max(text.find(f'"{needle}"'), 0)) + 1
