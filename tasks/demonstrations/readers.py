"""Files of demonstrations, one reader a published format, all to `Demonstration` records.

| format | a line |
|---|---|
| `flan_jax` | {"id", "user", "kind", "instruction", "query", "response"}, or "pairs": [{"query", "response"}, ...] |
| `self_instruct` | {"id", "instruction", "instances": [{"input", "output"}, ...]}, with "motivation_app" if for a use |
| `oasst_trees` | {"message_tree_id", "prompt": {"text", "role", "replies": [{"text", "role", "rank", ...}]}} |
| `instruction_pairs` | {"id", "instruction", "output"} |
| `wrapped_prompts` | {"prompt", "answer"}; a prompt may have its parts under "### Instruction:" and "### Input:" |

Only the first format says who wrote a prompt. In the others each prompt counts as a user of its own.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flan_jax.core.errors import TaskError, did_you_mean
from flan_jax.sources.fields import FieldError, text_of
from flan_jax.sources.jsonl import read_jsonl
from flan_jax.tasks.demonstrations.curate import Demonstration, Pair

MAX_TURNS = 64

__all__ = ["READERS", "read_demonstrations", "recognise"]


def read_demonstrations(path: pathlib.Path, file_format: str = "") -> Iterator[Demonstration]:
    """The demonstrations of a JSONL file in one of `READERS` ("": the one that its first line is in). Raises
    `TaskError` with file and line for what is not in the format."""
    rows = read_jsonl(path)
    if not len(rows):
        return
    name = file_format or recognise(rows[0], f"{path}:{rows.line(0)}")
    if name not in READERS:
        raise TaskError(
            f"{path}: no format is called {name!r}{did_you_mean(name, READERS)}; there are {', '.join(READERS)}"
        )
    for index, row in enumerate(rows):
        line = rows.line(index)
        yield READERS[name](_Record(row, f"{path}:{line}", f"{path.stem}:{line}"))


def recognise(row: Mapping[str, Any], where: str) -> str:
    """The format that `row`, a file's first line, is in. Raises `TaskError` for none."""
    signs = {
        "flan_jax": {"user"},
        "self_instruct": {"instruction", "instances"},
        "oasst_trees": {"message_tree_id", "prompt"},
        "instruction_pairs": {"instruction", "output"},
        "wrapped_prompts": {"prompt", "answer"},
    }
    for name, fields in signs.items():
        if fields <= row.keys():
            return name
    raise TaskError(
        f"{where}: fields {', '.join(row) or 'none'} are of none of the formats {', '.join(signs)}: give `user`, "
        f"`instruction` and `response`, or `pairs`"
    )


class _Record:
    """One line, whose fields are asked for by name and type."""

    def __init__(self, row: Mapping[str, Any], where: str, fallback_id: str):
        self.row, self.where = row, where
        self.id = str(row.get("id") or row.get("message_tree_id") or fallback_id)

    def text(self, name: str, default: str | None = None) -> str:
        return _text(self.row, name, self.where, default)

    def objects(self, name: str) -> list[Mapping[str, Any]]:
        items = self.row.get(name)
        if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
            raise TaskError(f"{self.where}: {name!r} is {items!r:.60}; a list of objects is needed, at least one")
        return items

    def demonstration(self, kind: str, instruction: str, pairs: list[Pair], user: str = "") -> Demonstration:
        return Demonstration(self.id, user or self.id, kind, instruction, tuple(pairs), self.where)


def _text(item: Mapping[str, Any], name: str, where: str, default: str | None = None) -> str:
    if name not in item and default is not None:
        return default
    try:
        return text_of(item, name)
    except FieldError as error:
        raise error.placed(where) from None


def _flan_jax(record: _Record) -> Demonstration:
    user = record.row.get("user")
    if not isinstance(user, str | int) or user == "":
        raise TaskError(f"{record.where}: 'user' is {user!r}; give the id of who wrote the prompt")
    if "pairs" in record.row:
        pairs = [
            Pair(_text(item, "query", record.where), _text(item, "response", record.where))
            for item in record.objects("pairs")
        ]
    else:
        pairs = [Pair(record.text("query", ""), record.text("response"))]
    kind = record.text("kind", "few_shot" if len(pairs) > 1 else "plain")
    return record.demonstration(kind, record.text("instruction", ""), pairs, str(user))


def _self_instruct(record: _Record) -> Demonstration:
    pairs = [
        Pair(_text(item, "input", record.where, ""), _text(item, "output", record.where))
        for item in record.objects("instances")
    ]
    kind = "few_shot" if len(pairs) > 1 else "user" if record.row.get("motivation_app") else "plain"
    return record.demonstration(kind, record.text("instruction"), pairs)


def _oasst_tree(record: _Record) -> Demonstration:
    """The path of the best-ranked replies, and of the first message back to each."""
    message: Any = record.row.get("prompt")
    pairs: list[Pair] = []
    while isinstance(message, dict) and len(pairs) < MAX_TURNS:
        asked = _text(message, "text", record.where)
        replies = [
            reply
            for reply in message.get("replies") or ()
            if not reply.get("deleted") and not reply.get("synthetic") and reply.get("review_result") is not False
        ]
        if not replies:
            break
        best = min(replies, key=lambda reply: reply["rank"] if isinstance(reply.get("rank"), int) else len(replies))
        pairs.append(Pair(asked, _text(best, "text", record.where)))
        message = next((reply for reply in best.get("replies") or () if not reply.get("deleted")), None)
    if not pairs:  # a prompt that nobody has answered yet
        pairs = [Pair(_text(message, "text", record.where) if isinstance(message, dict) else "", "")]
    return record.demonstration("chat", "", pairs)


def _instruction_pair(record: _Record) -> Demonstration:
    return record.demonstration(
        "plain", record.text("instruction"), [Pair(record.text("input", ""), record.text("output"))]
    )


def _wrapped_prompt(record: _Record) -> Demonstration:
    prompt = record.text("prompt")
    parts = dict(re.findall(r"^### (Instruction|Input):\n(.*?)(?=\n*^### |\Z)", prompt, re.MULTILINE | re.DOTALL))
    instruction = parts.get("Instruction", prompt)
    return record.demonstration("plain", instruction.strip(), [Pair(parts.get("Input", ""), record.text("answer"))])


READERS: Mapping[str, Callable[[_Record], Demonstration]] = {
    "flan_jax": _flan_jax,
    "self_instruct": _self_instruct,
    "oasst_trees": _oasst_tree,
    "instruction_pairs": _instruction_pair,
    "wrapped_prompts": _wrapped_prompt,
}
