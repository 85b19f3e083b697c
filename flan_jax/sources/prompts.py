"""Files of prompts: one a line, or JSON Lines with a field `prompt` or `inputs`, decoded as every file of rows is."""

from __future__ import annotations

import pathlib

from flan_jax.core.errors import TaskError
from flan_jax.sources.fields import check_is_text as check_value_is_text
from flan_jax.sources.jsonl import parse_row
from flan_jax.sources.text import check_is_text, decode, lines

FIELDS = ("prompt", "inputs")
CONVERSATION = "messages"  # what other programs call a prompt of several turns

# What holds rows, or values over several lines: its lines are no prompts.
_OTHERS = frozenset({".csv", ".tsv", ".json", ".parquet", ".array_record"})

__all__ = ["FIELDS", "read_prompts"]


def read_prompts(path: pathlib.Path, content: bytes) -> tuple[list[tuple[str, str]], int]:
    """(where it is, prompt) of each line that is not blank, and how many are. Lines end in line feeds, with or without
    a carriage return; other separators (a form feed, U+2028) are a prompt's own.

    Args:
      path: the file's, whose ending .jsonl tells JSON Lines.
      content: its bytes.

    Raises `TaskError` with file and line for what is not UTF-8, not JSON, or without a text in one of `FIELDS`.
    """
    if path.suffix.lower() in _OTHERS:
        raise TaskError(
            f"{path} ends in {path.suffix}, and prompts are one a line of a text file, or .jsonl with a field named "
            f"{' or '.join(FIELDS)}: write them so"
        )
    check_is_text(path, content[:8])
    if b"\r" in content and b"\n" not in content:
        raise TaskError(f"{path}:1: lines end in carriage returns alone: end them in line feeds")
    is_json = path.suffix.lower() == ".jsonl"
    found = []
    for start, end, line in lines(content):
        where = f"{path}:{line}"
        if is_json:
            row = parse_row(path, content[start:end], line)
            given = [row[field] for field in FIELDS if field in row]
            if len(given) > 1 and given[0] != given[1]:
                raise TaskError(
                    f"{where} has other texts in {' and '.join(FIELDS)}, and one is asked: drop one of them"
                )
            prompt = given[0] if given else None
            if not given and CONVERSATION in row:
                raise TaskError(
                    f"{where} has {CONVERSATION} and no text in a field named {' or '.join(FIELDS)}: a prompt of one "
                    f"turn is such a text, with --chat; a conversation is answered in Python, by model.chat(messages)"
                )
            if not isinstance(prompt, str) or not prompt.strip():
                raise TaskError(f"{where} has no text in a field named {' or '.join(FIELDS)}: give one")
            check_value_is_text(prompt, f"{where}: the prompt")
        else:
            prompt = decode(path, content[start:end], line).removesuffix("\r")
            if not prompt.strip():
                continue
        found.append((where, prompt))
    num_lines = content.count(b"\n") + (content[-1:] not in (b"", b"\n"))
    return found, num_lines - len(found)
