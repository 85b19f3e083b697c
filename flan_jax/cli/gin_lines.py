"""Which gin file and line gave a setting its value, and what the user calls it there.

A dataclass that refuses a value names `TrainConfig.batch_size`; whoever wrote `BATCH_SIZE = True` is told of that name,
with file and line. gin 0.5 keeps no places, so the files are read once more by its own parser.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import pathlib
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from flan_jax.core.errors import ConfigError, FlanError, Setting
from gin import config as gin_internals
from gin import config_parser

_SPACE = (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT)
_INCLUDE = re.compile(r"^include ['\"](.+)['\"]", re.MULTILINE)
_OF_MACRO = re.compile(r"^([\w./]+) = %(\w+)$", re.MULTILINE)

__all__ = [
    "check_keys",
    "in_words_of_gin",
    "macros",
    "references",
    "scan",
    "settings_of_macros",
    "told_in_words_of_gin",
    "written_name",
]


class _Names(config_parser.ParserDelegate):  # type: ignore[misc]
    """What a reference or a macro is while only places are asked for: nothing."""

    def configurable_reference(self, scoped_configurable_name: str, evaluate: bool) -> None:
        """Nothing."""

    def macro(self, macro_name: str) -> None:
        """Nothing."""


def scan(files: Sequence[str], find: Callable[[str], str]) -> dict[str, str]:
    """`"file:line"` of each binding, by its name as written; the last one of a name counts.

    Args:
      files: gin files that gin has read, so that they are whole.
      find: a file's name -> its path.
    """
    found: dict[str, str] = {}
    for file in files:
        text = pathlib.Path(find(file)).read_text(encoding="utf-8")
        check_keys(text, file)
        for statement in config_parser.ConfigParser(text, _Names()):
            if isinstance(statement, config_parser.IncludeStatement):
                found.update(scan([statement.filename], find))
            elif isinstance(statement, config_parser.BindingStatement):
                name = f"{statement.selector}.{statement.arg_name}" if statement.arg_name else statement.selector
                name = f"{statement.scope}/{name}" if statement.scope else name
                found[name.removeprefix("flan_jax.")] = f"{file}:{statement.location.line_num}"
    return found


def settings_of_macros(files: Sequence[str], find: Callable[[str], str]) -> dict[str, str]:
    """Macro -> the setting that a file binds to it, as MeshConfig.data for DATA_AXIS.

    Args:
      files: gin files that gin has read.
      find: a file's name -> its path.
    """
    found: dict[str, str] = {}
    for file in files:
        text = pathlib.Path(find(file)).read_text(encoding="utf-8")
        found |= settings_of_macros(_INCLUDE.findall(text), find)
        found |= {macro: setting for setting, macro in _OF_MACRO.findall(text)}
    return found


def check_keys(text: str, where: str) -> None:
    """Raises `ConfigError` for a dict that has a key twice, of which gin would take the last without a word.

    Args:
      text: gin that gin has read, so that it is whole.
      where: file, or what else the text is.
    """
    open_dicts: list[set[str] | None] = []  # keys of the dicts around; None for another bracket
    before = ""
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.type not in _SPACE]
    for token, after in itertools.pairwise(tokens):
        if token.string in ("{", "(", "["):
            open_dicts.append(set() if token.string == "{" else None)
        elif token.string in ("}", ")", "]") and open_dicts:
            open_dicts.pop()
        elif after.string == ":" and before in ("{", ",") and open_dicts and (keys := open_dicts[-1]) is not None:
            if token.string in keys:
                raise ConfigError(f"{where}:{token.start[0]}: a dict has {token.string} twice: keep one")
            keys.add(token.string)
        before = token.string


def macros() -> dict[str, Any]:
    """Macro -> its value, of what gin has read."""
    bound = gin_internals._CONFIG.items()
    return {scope: params.get("value") for (scope, name), params in bound if name == "gin.macro"}


def references(value: Any) -> Iterator[str]:
    """Names of the macros that a gin value refers to."""
    if isinstance(value, gin_internals.ConfigurableReference):
        if value.config_key[1] == "gin.macro":
            yield value.config_key[0]
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from references(key)
            yield from references(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from references(item)


def circle() -> list[str]:
    """Names of macros of which each refers to the next and the last to the first, which stands at the end again; []
    where there is none."""
    values = macros()

    def follow(path: list[str]) -> list[str]:
        if path[-1] in path[:-1]:
            return path[path.index(path[-1]) :]
        return next((found for name in references(values.get(path[-1])) if (found := follow([*path, name]))), [])

    return next((found for name in values if (found := follow([name]))), [])


def written_name(setting: str) -> str:
    """What the user binds to give a setting: `BATCH_SIZE` for `TrainConfig.batch_size`, the setting's own name where no
    macro stands for it.

    Args:
      setting: a class and a field of it.
    """
    owner, _, field = setting.partition(".")
    value = gin_internals._CONFIG.get(("", f"flan_jax.{owner}"), {}).get(field)
    name, seen = setting, set()
    while isinstance(value, gin_internals.ConfigurableReference) and value.config_key[1] == "gin.macro":
        name = value.config_key[0]
        if name in seen:
            break
        seen.add(name)
        value = macros().get(name)
    return name


@contextlib.contextmanager
def told_in_words_of_gin() -> Iterator[None]:
    """Errors that come while a configuration is used, after it was read, name settings as gin's user does."""
    try:
        yield
    except FlanError as error:
        names: dict[str, str] = {part: written_name(part) for part in error.args if isinstance(part, Setting)}
        if str(renamed := error.renamed(names)) == str(error):
            raise
        raise renamed.with_traceback(error.__traceback__) from error.__cause__


def in_words_of_gin(error: Exception, locations: Mapping[str, str]) -> ConfigError:
    """The error that a configuration's class raised while gin made one, in the user's words: macro, file and line.

    Args:
      error: a `ConfigError`, or gin's stand-in for one, whose text goes on with what gin called.
      locations: from `scan`, without what the command line has set since.
    """
    while not error.args and isinstance(error.__context__, ConfigError):
        error = error.__context__
    parts = list(error.args)
    written = {part: written_name(part) for part in parts if isinstance(part, Setting)}
    first = written.get(parts[0], "") if parts else ""
    where = [f"{locations[first]}: "] if first in locations else []
    return ConfigError(*where, *(Setting(written[part]) if isinstance(part, Setting) else part for part in parts))
