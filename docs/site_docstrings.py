"""Docstrings as the API reference shows them: examples as blocks of code, every argument on a line of its own."""

from __future__ import annotations

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"^>>> .*(?:\n(?!\s*$).*)*", re.MULTILINE)
# `config, params: of the model`, and the lines that go on with it.
_SHARED = re.compile(r"^(  +)(\w+(?:, \w+)+): (.*(?:\n\1 +.*)*)$", re.MULTILINE)


def _one_by_one(match: re.Match[str]) -> str:
    indent, names, text = match.groups()
    return "\n".join(f"{indent}{name}: {text}" for name in names.split(", "))


class Docstrings(griffe.Extension):
    """Fences examples, from their first `>>>` to the blank line after them, and says what arguments share of each."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Called by griffe with each module, class, function and attribute that it has read."""
        if obj.docstring is not None:
            text = _SHARED.sub(_one_by_one, obj.docstring.value)
            obj.docstring.value = _EXAMPLE.sub(r"```pycon\n\g<0>\n```", text)
