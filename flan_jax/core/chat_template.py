"""Chat templates of Hugging Face folders, found and rendered as transformers does.

    FOLDER/chat_template.jinja                 goes before tokenizer_config.json's `chat_template`
           additional_chat_templates/*.jinja   named ones; only `default` is used here, as there are no tools
           tokenizer_config.json               a text, or a list of {"name", "template"}

A template is code of whoever published the model: it runs in `core.template_sandbox`.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
import jinja2.ext
import jinja2.nodes as nodes
from jinja2.exceptions import SecurityError

from flan_jax.core.errors import ConfigError
from flan_jax.core.template_sandbox import TEMPLATE_FAULTS, LimitedSandbox, LimitedTemplate

TEMPLATE_FILE = "chat_template.jinja"

__all__ = ["TEMPLATE_FILE", "ChatTemplate", "read_chat_template"]


@dataclasses.dataclass(frozen=True)
class ChatTemplate:
    """A template and where it stands.

    Attributes:
      where: file, for messages.
      text: Jinja; "" where `fault` says why there is none that can be used.
      fault: why not; "" for a template that can be tried.
    """

    where: str
    text: str
    fault: str = ""

    def render(
        self, messages: Sequence[Mapping[str, str]], add_generation_prompt: bool, special: Mapping[str, Any]
    ) -> str:
        """The conversation as text. Raises `ConfigError`, a line, for a template that cannot be used or refuses it.

        Args:
          messages: each with a `role` and a `content`.
          add_generation_prompt: whether the text ends where the assistant's answer begins.
          special: texts of the tokenizer's special tokens, such as `bos_token`; those that there are.
        """
        if self.fault:
            raise ConfigError(f"{self.where}: {self.fault}")
        fields = {**special, "messages": messages, "tools": None, "documents": None}
        try:
            return _compiled(self.text).render({**fields, "add_generation_prompt": add_generation_prompt})
        except _Refused as error:
            raise ConfigError(f"{self.where}: the chat template refuses these messages: {_line(error)}") from error
        except SecurityError as error:
            raise ConfigError(
                f"{self.where}: the chat template was stopped: {_line(error)}; it is code of whoever published the "
                f"model, so take another, or give the prompt without one"
            ) from error
        except jinja2.TemplateSyntaxError as error:
            raise ConfigError(f"{self.where}: the chat template, line {error.lineno}: {_line(error)}") from error
        except (jinja2.TemplateError, *TEMPLATE_FAULTS) as error:
            raise ConfigError(f"{self.where}: the chat template fails: {_line(error)}") from error


def read_chat_template(folder: pathlib.Path, settings: Mapping[str, Any], where: pathlib.Path) -> ChatTemplate | None:
    """The template that transformers would use for messages without tools; None where there is none.

    Args:
      folder: where chat_template.jinja may lie.
      settings: tokenizer_config.json's content.
      where: that file.
    """
    file = folder / TEMPLATE_FILE
    if file.exists():
        try:
            return ChatTemplate(str(file), file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            return ChatTemplate(str(file), "", f"it cannot be read ({error}): copy it again")
    found = settings.get("chat_template")
    if found is None:
        return None
    if isinstance(found, list):
        # Named ones, as a list of pairs.
        if not all(isinstance(item, Mapping) and {"name", "template"} <= item.keys() for item in found):
            return ChatTemplate(str(where), "", "chat_template is a list of other things than {name, template}")
        found = {item["name"]: item["template"] for item in found}
    if isinstance(found, Mapping):
        if "default" not in found:
            names = ", ".join(map(str, found)) or "none"
            return ChatTemplate(str(where), "", f"of the chat templates none is called default (there are {names})")
        found = found["default"]
    if not isinstance(found, str):
        return ChatTemplate(str(where), "", f"chat_template is a {type(found).__name__}, no text: copy it again")
    return ChatTemplate(str(where), found)


class _Refused(jinja2.TemplateError):
    """What a template raises itself."""


def _raise_exception(message: Any) -> None:
    raise _Refused(str(message))


def _strftime_now(pattern: str) -> str:
    if re.search(r"%[^a-zA-Z%]*\d", pattern):
        raise SecurityError(f"a width in strftime_now({pattern!r:.40})")
    return datetime.datetime.now().strftime(pattern)


def _tojson(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    """As transformers': without HTML's escapes, which a prompt would show."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


class _Generation(jinja2.ext.Extension):
    """`{% generation %}…{% endgeneration %}`, by which templates mark what the assistant says: its text as it is."""

    tags = frozenset(["generation"])  # type: ignore[assignment]

    def parse(self, parser: Any) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body, lineno=line)


@functools.cache
def _environment() -> LimitedSandbox:
    functions = {"raise_exception": _raise_exception, "strftime_now": _strftime_now}
    extensions = [_Generation, "jinja2.ext.loopcontrols"]
    return LimitedSandbox(functions, {"tojson": _tojson}, trim_blocks=True, lstrip_blocks=True, extensions=extensions)


@functools.lru_cache(maxsize=8)
def _compiled(text: str) -> LimitedTemplate:
    return _environment().template(text)


def _line(error: Exception) -> str:
    text = error.message if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}, {error}"
    return " ".join(str(text).split())
