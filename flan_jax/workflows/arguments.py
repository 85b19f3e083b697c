"""Arguments of the Python door: checked where they are given, and named as they are called there.

What a run may be told is checked by its configuration, which gin fills too and whose errors speak of
`TrainConfig.train_steps`. `in_words_of` tells the same errors by the door's own arguments. What only Python can get
wrong (a text for a number, a function of other arguments) is checked by the annotations of the door's functions and by
the functions below, before a model is loaded or compiled.
"""

from __future__ import annotations

import functools
import inspect
import os
import pathlib
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, ParamSpec, TypeVar

from flan_jax.core.errors import ConfigError, FlanError
from flan_jax.core.settings import checked_arguments
from flan_jax.evaluate.custom import CustomEvaluator

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

# A setting, as errors name it -> the argument that gives it.
OF_LOAD: Mapping[str, str] = {"--vocab_path": "vocab_path"}
OF_TRAIN: Mapping[str, str] = {
    **OF_LOAD,
    "AdafactorConfig.learning_rate": "learning_rate",
    "DecoderConfig.dropout_rate": "dropout",
    "EncoderDecoderConfig.dropout_rate": "dropout",
    "EvalConfig.limit": "eval_limit",
    "CACHE_DIR": "cache_dir",
    "INITIAL_CHECKPOINT_PATH": "init",
    "MODEL_DIR": "to",
    "T5Config.dropout_rate": "dropout",
    "TASK_FEATURE_LENGTHS": "feature_lengths",
    "TRAIN_STEPS": "steps",
    "TrainConfig.batch_size": "batch_size",
    "TrainConfig.eval_period": "eval_steps",
    "TrainConfig.seed": "seed",
    "TrainConfig.train_steps": "steps",
}
OF_EVALUATE: Mapping[str, str] = {
    **OF_LOAD,
    "--force": "force=True",
    "--out": "to",
    "EvalConfig.batch_size": "batch_size",
    "EvalConfig.limit": "limit",
    "EvalConfig.split": "split",
    "EvalConfig.targets_length": "max_tokens",
}

__all__ = [
    "OF_EVALUATE",
    "OF_LOAD",
    "OF_TRAIN",
    "as_evaluators",
    "as_folder",
    "as_path",
    "as_texts",
    "check_called_with",
    "check_characters",
    "check_folder",
    "in_words_of",
    "refuse_given",
]


def in_words_of(
    names: Mapping[str, str],
) -> Callable[[Callable[_Parameters, _Result]], Callable[_Parameters, _Result]]:
    """A decorator: plain arguments of the function are checked by their annotations (`core.settings`), and its errors
    name settings by its arguments.

    Args:
      names: a setting, as `flan_jax.core.errors.Setting` has it -> the argument.
    """

    def decorated(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
        check = checked_arguments(function)

        @functools.wraps(function)
        def told(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
            check(*args, **kwargs)
            try:
                return function(*args, **kwargs)
            except FlanError as error:
                if str(renamed := error.renamed(names)) == str(error):
                    raise
                raise renamed.with_traceback(error.__traceback__) from error.__cause__

        return told

    return decorated


def as_texts(name: str, given: Iterable[str]) -> list[str]:
    """The texts as a list. Raises `ConfigError` for one text, whose letters would be taken for texts, and for what is
    no text.

    Args:
      name: of the argument.
      given: its value.
    """
    if isinstance(given, str):
        raise ConfigError(f"{name} is one text, {given[:40]!r}: give a list of them, as in [{given[:20]!r}]")
    if isinstance(given, Mapping | Set) or not isinstance(given, Iterable):  # a set has no order to answer in
        raise ConfigError(f"{name} is {given!r:.60}: give a list of texts")
    found = list(given)
    for number, text in enumerate(found):
        if not isinstance(text, str):
            raise ConfigError(f"{name}[{number}] is {text!r:.60}, no text: give texts")
        check_characters(f"{name}[{number}]", text)
    return found


def check_characters(name: str, text: str) -> None:
    """Raises `ConfigError` for half of a surrogate pair, which is no character and no tokenizer can read: what is left
    of bytes that were no UTF-8.

    Args:
      name: of the argument.
      text: its value.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = text[error.start]
        raise ConfigError(
            f"{name} has {half!r} at character {error.start + 1:,}, half of a surrogate pair and no character: decode "
            f"the text as what it is, or take that out"
        ) from error


def as_path(name: str, given: str | os.PathLike[str], what: str) -> str:
    """A path as text, `~` at its beginning as the user's home. Raises `ConfigError` for what is none.

    Args:
      name: of the argument.
      given: its value.
      what: it is to be, for the error, such as "a run's folder".
    """
    if not isinstance(given, str | os.PathLike) or not os.fspath(given):
        raise ConfigError(f"{name} is {given!r}: give {what}")
    return os.path.expanduser(given)


def as_folder(name: str, given: str | os.PathLike[str]) -> pathlib.Path:
    """An absolute path where a folder is, or can be made. Raises `ConfigError` for a file, and for what is no path.

    Args:
      name: of the argument.
      given: its value.
    """
    folder = pathlib.Path(as_path(name, given, "the path of a folder")).absolute()
    check_folder(name, folder)
    return folder


def check_folder(name: str, folder: pathlib.Path) -> None:
    """Raises `ConfigError` for a path where no folder is and none can be made: a file, or below one, or below a folder
    that this user may not write to.

    Args:
      name: of the argument or setting, perhaps a `Setting`.
      folder: its value.
    """
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        below = "" if there == folder.absolute() else f", which is below the file {there}"
        raise ConfigError(name, f" is {str(folder)!r}{below or ', a file'}: give a folder, which is made if missing")
    if there != folder.absolute() and not _is_writable(there):
        raise ConfigError(
            name, f" is {str(folder)!r}, below {there}, where this user may make nothing: give a folder elsewhere"
        )


def _is_writable(folder: pathlib.Path) -> bool:
    """Whether this process may make something in a folder: by its own rights, where the system can say that."""
    as_it_is = os.access in os.supports_effective_ids
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=as_it_is)


def refuse_given(of: str, **given: object) -> None:
    """Raises `ConfigError` for an argument that was given, of something that is not asked.

    Args:
      of: what would use it, in the plural, such as "benchmarks".
      **given: arguments by name; None for one that was not given.
    """
    for name, value in given.items():
        if value is not None:
            raise ConfigError(f"{name} is for {of}, and none are asked: leave it out, or name some")


def as_evaluators(evaluators: Iterable[CustomEvaluator]) -> tuple[CustomEvaluator, ...]:
    """The functions, each of a model and a step. Raises `ConfigError` for what is none, or no list of them."""
    if callable(evaluators) or isinstance(evaluators, str) or not isinstance(evaluators, Iterable):
        raise ConfigError(f"evaluators is {evaluators!r}: give a list of functions (model, step) -> {{name: score}}")
    found = tuple(evaluators)
    for evaluator in found:
        check_called_with("evaluator", evaluator, "model", "step")
    return found


def check_called_with(what: str, function: Callable[..., Any], *arguments: str) -> None:
    """Raises `ConfigError` for what is no function, or cannot be called with the arguments.

    Args:
      what: it is for, such as "evaluator".
      function: to be called.
      *arguments: names of what it will get, by position.
    """
    expected = f"({', '.join(arguments)})"
    if not callable(function):
        raise ConfigError(f"{what} {function!r} is no function: give one of {expected}")
    name = getattr(function, "__name__", type(function).__name__)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some that are written in C do not say what they take
        return
    try:
        signature.bind(*arguments)
    except TypeError as error:
        raise ConfigError(f"{what} {name}{signature} cannot be called with {expected}: {error}") from error
