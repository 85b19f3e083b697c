"""Settings that a run continues with and did not begin with: said at its start, refused where its evaluations could not
be compared any more."""

from __future__ import annotations

import pathlib
import re

from flan_jax.core.disk import write_text_atomically
from flan_jax.core.errors import ConfigError, Setting

CONFIG_FILE = "config.gin"
# What may be another without a word: where the run lies, how much it does and what it tells.
_LENGTH = ("TRAIN_STEPS", "TRAIN_EPOCHS")
_FREE = ("MODEL_DIR", "LOG_PERIOD", "TrainConfig.log_period", *_LENGTH)
# What a run's length is for, and of a cosine without an end of its own, which has it where the run ends.
_LENGTH_OF = ("TrainConfig.train_steps", "TrainConfig.train_epochs")
_FOLLOWS_LENGTH = "CosineSchedule.total_steps"
# Which examples held-out scores are of, and what the model sees of them.
_JUDGED_BY = ("selection", "limit", "split", "inputs_length", "targets_length", "stop")
_JUDGED_BY_SUITE = ("suite_selection", "suite_limit", "suite_split", "suite_inputs_length")
# Of gin's text, in which a long value begins after a backslash; and of a comment that is no setting (a user's code).
_BINDING = re.compile(r"^(?:# )?(?P<name>[\w./]+) = (?:\\\n)?(?P<value>.+(?:\n[ \t]+.+)*)", re.MULTILINE)

__all__ = ["CONFIG_FILE", "changed_settings", "read_config", "refuse_other_evaluations", "save_config"]


def changed_settings(before: str, now: str) -> list[str]:
    """Each setting with another value, as "LEARNING_RATE is 0.01, was 0.001".

    Args:
      before, now: gin's operative configurations.
    """
    old, new = _bindings(before), _bindings(now)
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    told = []
    for name in names:
        followed_by = _followers(new, name) if name in _LENGTH else []
        if name not in _FREE or followed_by:
            why = f" (which {', '.join(followed_by)} follows: other rates)" if followed_by else ""
            told.append(f"{name} is {new.get(name, 'not set')}, was {old.get(name, 'not set')}{why}")
    return told


def refuse_other_evaluations(before: str, now: str, last_step: int) -> None:
    """Raises `ConfigError` for a run that was judged and is to be judged otherwise: no rule could choose among its
    checkpoints.

    Args:
      before, now: gin's operative configurations.
      last_step: the step up to which it was judged.
    """
    old, new = _bindings(before), _bindings(now)
    has_suite = any(_followed(old, f"EvalConfig.{name}") not in (None, "()") for name in ("suite", "suite_selection"))
    for field in (*_JUDGED_BY, *(_JUDGED_BY_SUITE if has_suite else ())):
        setting = f"EvalConfig.{field}"
        was, value = _followed(old, setting), _followed(new, setting)
        if setting in old and was != value:
            raise ConfigError(
                Setting(setting),
                f" is {value}, and was {was} when this run was judged, up to step {last_step}: scores of both "
                f"cannot be compared; set it back, or train in another folder, ",
                Setting("MODEL_DIR"),
            )


def save_config(model_dir: pathlib.Path, now: str, step: int) -> None:
    """Writes `config.gin`; one that says something else is kept as `config.until_step_<step>.gin`.

    Args:
      model_dir: the run's folder.
      now: gin's operative configuration.
      step: that the run goes on from.
    """
    before = read_config(model_dir)
    if step and changed_settings(before, now):
        write_text_atomically(model_dir / f"config.until_step_{step}.gin", before)
    write_text_atomically(model_dir / CONFIG_FILE, now)


def read_config(model_dir: pathlib.Path) -> str:
    """What `save_config` wrote last; "" for none, or one that is no text any more."""
    try:
        return (model_dir / CONFIG_FILE).read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def _bindings(text: str) -> dict[str, str]:
    found = {match["name"]: " ".join(match["value"].split()) for match in _BINDING.finditer(text)}
    return {name: value for name, value in found.items() if name != "import"}


def _followers(bindings: dict[str, str], length: str) -> list[str]:
    """Settings that are others in a longer run, as the end of a schedule."""
    return sorted(
        name
        for name, value in bindings.items()
        if name not in _LENGTH_OF
        and (f"%{length}" in value.replace(",", " ").split() or (name.endswith(_FOLLOWS_LENGTH) and value == "None"))
    )


def _followed(bindings: dict[str, str], name: str) -> str | None:
    value = bindings.get(name)
    for _ in bindings:  # a macro of a macro, and no circle
        if value is None or not value.startswith("%"):
            break
        value = bindings.get(value.removeprefix("%"))
    return value
