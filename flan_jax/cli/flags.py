"""Flags of the command line: their types and ranges are annotations, as the fields' of a configuration are.

    parser.add_argument("--batch_size", type=flag(BatchSize), default=8, help="prompts at once (default 8)")

What a flag does not take is a `ConfigError`, as for a gin file, and no flag is known by a part of its name: with
`--batch=4` a misspelling would set something.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, NoReturn, get_args, get_origin

from flan_jax.core.errors import ConfigError, did_you_mean
from flan_jax.core.settings import settled

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(inf|nan)")

__all__ = ["FlagParser", "flag", "refuse_gin", "refuse_unused"]


def flag(kind: Any) -> Callable[[str], Any]:
    """What turns a flag's text into its value: a `type` for argparse.

    Args:
      kind: an annotation of `core.settings`, such as `Count` or `PathText`: of a whole number, a number or a text.
    """
    base = get_args(kind)[0] if get_origin(kind) is Annotated else kind

    def parse(text: str) -> Any:
        value: Any = text
        if base is int and _WHOLE.fullmatch(text) and len(text) < 1000:
            value = int(text)
        elif base is float and _NUMBER.fullmatch(text):
            value = float(text)
        try:
            return settled(kind, value, "")
        except ConfigError as error:
            raise argparse.ArgumentTypeError(str(error).removeprefix(" is ")) from None

    parse.kind = kind  # type: ignore[attr-defined]
    return parse


def refuse_unused(
    args: argparse.Namespace, add_arguments: Callable[[argparse.ArgumentParser], None], names: Iterable[str], verb: str
) -> None:
    """Raises `ConfigError` for a flag that was given and that what is done would not look at.

    Args:
      args: what was given.
      add_arguments: of the verb, which knows the flags and their defaults.
      names: flags' names in `args`.
      verb: what is done, such as "flan-jax tasks list".
    """
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    flags = {action.dest: action.option_strings[0] for action in parser._actions if action.option_strings}
    for name in names:
        if getattr(args, name) != parser.get_default(name):
            raise ConfigError(f"`{verb}` does not use {flags[name]}: leave it out")


def refuse_gin(args: argparse.Namespace, verb: str) -> None:
    """Raises `ConfigError` for a binding or a search path that was given where no gin file is read.

    Args:
      args: what was given.
      verb: what is done, such as "flan-jax cache --mixture".
    """
    if given := [*args.gin_bindings, *filter(None, [args.gin_search_paths])]:
        raise ConfigError(
            f"`{verb}` reads no gin file, so that nothing would use {given[0]!r}: give --gin_file, or leave it out"
        )


class FlagParser(argparse.ArgumentParser):
    """argparse's parser with our errors: the flag, its value, what it takes, in one line."""

    def __init__(self, **options: Any):
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Raises `ConfigError`, which the command line prints as it does all others."""
        flags = [name for action in self._actions for name in action.option_strings]
        if message.startswith("unrecognized arguments: "):
            given = message.removeprefix("unrecognized arguments: ").split(" ")[0]
            message = f"there is no {given.partition('=')[0]}{did_you_mean(given.partition('=')[0], flags) or ''}"
        elif match := re.match(r"argument ([^ ]+): (.*)", message, re.DOTALL):
            name, what = match[1].split("/")[0], match[2]
            if chosen := re.fullmatch(r"invalid choice: (.*) \(choose from (.*)\)", what, re.DOTALL):
                choices = chosen[2].replace("'", "")
                what = f"{chosen[1]}: give one of {choices}"
            message = (
                f"{name} is {what}"
                if not what.startswith(("expected", "not allowed", "ignored"))
                else f"{name}: {what}"
            )
        elif message.startswith("the following arguments are required: "):
            message = message.removeprefix("the following arguments are required: ") + " is missing: it must be given"
        raise ConfigError(f"{message.rstrip('?')}; `{self.prog} --help` shows what there is")
