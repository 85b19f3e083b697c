"""Reading benchmark files by the project's readers (`flan_jax.sources`): parsed once a version of the file, rows with
their lines, and errors with file and line."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from flan_jax.core.errors import TaskError, counted
from flan_jax.sources import jsonl, text
from flan_jax.sources.files import Version, file_version
from flan_jax.sources.separated import QUOTE, read_separated

__all__ = [
    "exemplars_error",
    "read_csv",
    "read_examples",
    "read_json",
    "read_jsonl",
    "read_text",
    "row_error",
    "text_field",
]


def row_error(path: pathlib.Path, line: int, problem: str) -> TaskError:
    """A malformed row: where it is and what is wrong with it."""
    return TaskError(f"{path}:{line}: {problem}; mend the row, or download the file again")


def exemplars_error(path: pathlib.Path, found: int, needed: int, of: str) -> TaskError:
    """Another number of exemplars than the format says: scores of such prompts are not of the format.

    Args:
      path: the file.
      found: exemplars in it.
      needed: exemplars that the format shows.
      of: the subtask that they are of.
    """
    return TaskError(f"{path} has {counted(found, 'exemplar')} of {of}, not {needed}: download it again")


def read_text(path: pathlib.Path) -> str:
    """The file's text. Raises `TaskError` for bytes that are not UTF-8."""
    return _text(path, file_version(path))


def read_json(path: pathlib.Path) -> Any:
    """The file's one JSON value. Raises `TaskError` with the line for what is not JSON."""
    return _json(path, file_version(path))


def read_examples(path: pathlib.Path) -> Sequence[Any]:
    """The list `examples` of a task file of BIG-bench. Raises `TaskError` where there is none."""
    value = read_json(path)
    examples = value.get("examples") if isinstance(value, dict) else None
    if not isinstance(examples, list):
        raise row_error(path, 1, "no list 'examples'")
    return examples


def read_jsonl(path: pathlib.Path) -> Sequence[tuple[int, Mapping[str, Any]]]:
    """(line number, object) of each line that is not empty. Raises `TaskError` with the line for anything else."""
    return _jsonl(path, file_version(path))


def read_csv(
    path: pathlib.Path, num_fields: int, delimiter: str = ",", quote: str = QUOTE
) -> Sequence[tuple[int, tuple[str, ...]]]:
    """(line number, fields) of each row, the header's too.

    Args:
      path: the file, UTF-8.
      num_fields: of every row.
      delimiter: between two fields; a tab for TSV.
      quote: the quoting character; "" where quotes are ordinary characters.

    Raises `TaskError` with the line for another number of fields.
    """
    return _csv(path, file_version(path), num_fields, delimiter, quote)


def text_field(path: pathlib.Path, line: int, row: Any, name: str) -> str:
    """`row[name]`, which must be a text that is not empty. Raises `TaskError` with file and line."""
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise row_error(path, line, f"no text {name!r}")
    return value


# A benchmark asks for the same files once for each of its subtasks: what is parsed stays.
@functools.lru_cache(maxsize=256)
def _text(path: pathlib.Path, version: Version) -> str:
    return text.read_text(path)


@functools.lru_cache(maxsize=128)
def _json(path: pathlib.Path, version: Version) -> Any:
    return jsonl.parse_json(_text(path, version), path)


@functools.lru_cache(maxsize=64)
def _jsonl(path: pathlib.Path, version: Version) -> Sequence[tuple[int, Mapping[str, Any]]]:
    rows = jsonl.read_jsonl(path)
    return tuple((rows.line(index), row) for index, row in enumerate(rows))


@functools.lru_cache(maxsize=256)
def _csv(
    path: pathlib.Path, version: Version, num_fields: int, delimiter: str, quote: str
) -> Sequence[tuple[int, tuple[str, ...]]]:
    names = tuple(f"column {number}" for number in range(1, num_fields + 1))
    rows = read_separated(path, delimiter, names, quote)
    return tuple((rows.line(index), tuple(row.values())) for index, row in enumerate(rows))
