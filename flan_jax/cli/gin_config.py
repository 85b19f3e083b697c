"""gin at the edge: files and flags in, frozen dataclasses out. Nothing reads gin after `load` returns.

What gin itself lets pass is an error here, before anything is loaded: a macro nobody uses (a misspelt one), a
binding nobody uses, a required macro without a value. Each message has file, line and the nearest name.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import functools
import pathlib
import re
import types
from collections.abc import Mapping, Sequence
from typing import Any

import flan_jax
import gin
from flan_jax.checkpoints.checkpoint import CheckpointConfig
from flan_jax.cli import gin_lines
from flan_jax.core import assets
from flan_jax.core.errors import ConfigError, did_you_mean
from flan_jax.core.settings import settle
from flan_jax.evaluate import EvalConfig
from flan_jax.models import DecoderConfig, EncoderDecoderConfig, ModelConfig, T5Config
from flan_jax.models.tuning import TuningConfig
from flan_jax.optim import (
    AdafactorConfig,
    AdamWConfig,
    ConstantSchedule,
    CosineSchedule,
    OptimizerConfig,
    RsqrtSchedule,
)
from flan_jax.sources.data_dir import set_data_dir
from flan_jax.train.config import MeshConfig, TrainConfig
from flan_jax.workflows.config import RunConfig, TaskConfig
from gin import config as gin_internals

__all__ = ["add_gin_arguments", "find_gin", "gin_root", "load", "load_run", "parse_gin", "split_gin_flags"]

_REQUIRED = gin.REQUIRED


@dataclasses.dataclass(frozen=True)
class _Choices:
    """`RunConfig` as gin sees it.

    model: the model family of the run, such as @DecoderConfig(); None is @T5Config(). optimizer: @AdamWConfig(); None
    is @AdafactorConfig().
    """

    model: ModelConfig | None = None
    optimizer: OptimizerConfig | None = None

    def __post_init__(self) -> None:
        settle(self, of="RunConfig.")


_CONFIGURABLES: dict[str, type] = {
    "RunConfig": _Choices,
    "TrainConfig": TrainConfig,
    "MeshConfig": MeshConfig,
    "CheckpointConfig": CheckpointConfig,
    "T5Config": T5Config,
    "DecoderConfig": DecoderConfig,
    "EncoderDecoderConfig": EncoderDecoderConfig,
    "AdafactorConfig": AdafactorConfig,
    "AdamWConfig": AdamWConfig,
    "ConstantSchedule": ConstantSchedule,
    "CosineSchedule": CosineSchedule,
    "RsqrtSchedule": RsqrtSchedule,
    "TuningConfig": TuningConfig,
    "EvalConfig": EvalConfig,
    "TaskConfig": TaskConfig,
}


@functools.cache
def _configurable(name: str) -> Any:
    return gin.external_configurable(_CONFIGURABLES[name], name, module="flan_jax")


def gin_root() -> pathlib.Path:
    """The folder that holds `gin/`: the repository's root, or the installed package."""
    package = pathlib.Path(flan_jax.__file__).parent
    for root in (package, package.parent):
        if (root / "gin" / "recipes").is_dir():
            return root
    raise ConfigError(f"no gin/recipes beside {package}: reinstall flan_jax")


def add_gin_arguments(parser: argparse.ArgumentParser, default_file: str = "") -> None:
    """`--gin_file`, `--gin_search_paths`; `--gin.NAME=value` flags are split off by `split_gin_flags`. `default_file`
    is what a verb reads without any."""
    default = f" (default: {default_file})" if default_file else ""
    group = parser.add_argument_group(
        "configuration",
        "--gin.NAME=VALUE sets one name of the gin file, as --gin.TRAIN_STEPS=500; repeat for several",
    )
    group.add_argument("--gin_file", action="append", default=[], help=f"gin file; repeat to stack several{default}")
    group.add_argument("--gin_search_paths", default="", help="comma-separated folders to look for gin files in")
    group.add_argument("--gin_bindings", action="append", default=[], help="one binding, as in 'BATCH_SIZE = 64'")


def split_gin_flags(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Splits `--gin.NAME=value` flags from the rest: (other arguments, gin bindings).

    A value that is no gin literal is taken as a string, so `--gin.MODEL_DIR=runs/a` needs no quotes.
    """
    rest: list[str] = []
    bindings: list[str] = []
    pending: str | None = None
    for arg in argv:
        if pending is not None:
            bindings.append(f"{pending} = {_as_gin_value(arg)}")
            pending = None
        elif arg.startswith("--gin."):
            name, equals, value = arg[len("--gin.") :].partition("=")
            if equals:
                bindings.append(f"{name} = {_as_gin_value(value)}")
            else:
                pending = name
        else:
            rest.append(arg)
    if pending is not None:
        raise ConfigError(f"--gin.{pending} has no value: write --gin.{pending}=VALUE")
    return rest, bindings


def load_run(args: argparse.Namespace) -> RunConfig:
    """`load` from parsed arguments that have `gin_file`, `gin_bindings` and `gin_search_paths`. The recipe's DATA_DIR
    becomes this process's, unless the arguments have a `data_dir` of their own."""
    if not args.gin_file:
        recipes = sorted(p.name for p in (gin_root() / "gin" / "recipes").glob("*.gin"))
        raise ConfigError(f"no --gin_file given: name one of gin/recipes ({', '.join(recipes)}) or your own file")
    paths = [p for p in args.gin_search_paths.split(",") if p]
    config = load(args.gin_file, args.gin_bindings, paths)
    if config.tasks.data_dir is not None and getattr(args, "data_dir", None) is None:
        set_data_dir(config.tasks.data_dir)
    return config


def load(
    gin_files: Sequence[str],
    bindings: Sequence[str] = (),
    search_paths: Sequence[str] = (),
    defaults: Mapping[str, Any] = types.MappingProxyType({}),
) -> RunConfig:
    """Reads gin files, then bindings over them, and returns the run's configuration.

    Args:
      gin_files: paths, from the working folder, a search path or beside the package.
      bindings: one each, as in "BATCH_SIZE = 64".
      search_paths: folders to look for files in.
      defaults: required macro -> its value where neither files nor bindings give one.

    Raises `ConfigError` for a missing file, a misspelt name, an unset required macro or an unused binding.
    """
    for name in _CONFIGURABLES:
        _configurable(name)
    with gin.unlock_config():
        gin.clear_config()
        gin_internals._FILE_READERS[:] = gin_internals._FILE_READERS[:1]
        gin_internals._LOCATION_PREFIXES[:] = ["", *[str(p) for p in search_paths], str(gin_root())]
        for file in gin_files:
            parse_gin(lambda file=file: gin.parse_config_file(find_gin(file, search_paths)), f"gin file {file}")
        for binding in bindings:
            parse_gin(lambda binding=binding: gin.parse_config(binding), f"binding {binding!r}")
        for name, value in defaults.items():
            if name in (macros := gin_lines.macros()) and _is_unset(macros[name]):
                gin.parse_config(f"{name} = {value!r}")
        locations = gin_lines.scan(gin_files, lambda file: find_gin(file, search_paths))
        for binding in bindings:
            gin_lines.check_keys(binding, "binding")
        for binding in bindings:  # which came after the files, so that no line of theirs is to blame
            locations.pop(binding.partition("=")[0].strip(), None)
        _check_macros(locations, gin_lines.settings_of_macros(gin_files, lambda file: find_gin(file, search_paths)))
        try:
            built = {name: _configurable(name)() for name in _CONFIGURABLES if name not in _NESTED}
            model = built["RunConfig"].model or _configurable("T5Config")()
            optimizer = built["RunConfig"].optimizer or _configurable("AdafactorConfig")()
            if isinstance(model, DecoderConfig):
                model.check_is_used()
        except ConfigError as error:
            raise gin_lines.in_words_of_gin(error, locations) from None
        except (TypeError, ValueError, RuntimeError) as error:
            raise ConfigError(_in_one_line(error, gin_files)) from error
        _check_unused(locations)
        _check_reach(bindings)
        _check_suite(bindings, built["EvalConfig"])
        operative = gin.operative_config_str()
    train = built["TrainConfig"]
    train = dataclasses.replace(
        train,
        vocab_path=assets.resolve(train.vocab_path or str(assets.EMBEDDED_VOCAB)),
        initial_checkpoint_path=train.initial_checkpoint_path and assets.resolve(train.initial_checkpoint_path),
    )
    return RunConfig(
        train=train,
        model=model,
        optimizer=optimizer,
        evaluation=built["EvalConfig"],
        tasks=built["TaskConfig"],
        tuning=built["TuningConfig"],
        operative=operative,
    )


# Built where another refers to them.
_OPTIMIZERS = ("AdafactorConfig", "AdamWConfig")
_SCHEDULES = ("ConstantSchedule", "CosineSchedule", "RsqrtSchedule")
_NESTED = (
    "MeshConfig",
    "CheckpointConfig",
    "T5Config",
    "DecoderConfig",
    "EncoderDecoderConfig",
    *_OPTIMIZERS,
    *_SCHEDULES,
)


def find_gin(file: str, search_paths: Sequence[str] = ()) -> str:
    """The path of a gin file that is named from the working folder, a search path, or beside the package. Raises
    `ConfigError` with the nearest names where it is in none of them."""
    roots = [pathlib.Path("."), *[pathlib.Path(p) for p in search_paths], gin_root()]
    for root in roots:
        if (root / file).is_file():
            return str(root / file)
    known = [str(p.relative_to(gin_root())) for p in sorted((gin_root() / "gin").rglob("*.gin"))]
    searched = ", ".join(str(root) for root in roots)
    raise ConfigError(
        f"gin file {file or repr(file)} is in none of {searched}{did_you_mean(file, known) or '.'} Give the path of a "
        f"file, or its folder by --gin_search_paths"
    )


def parse_gin(parse: Any, what: str, classes: Mapping[str, type] | None = None) -> None:
    """Calls `parse`; what gin raises becomes a `ConfigError` in one line that begins with `what` and names the nearest
    name, of those of `classes` (by default a run's)."""
    classes = _CONFIGURABLES if classes is None else classes
    try:
        parse()
    except ConfigError:
        raise
    except UnicodeDecodeError as error:
        raise ConfigError(f"{what} is not UTF-8 ({error.reason} at byte {error.start:,}): convert it") from error
    except Exception as error:  # gin raises many kinds; all of them are the file's fault here
        if "recursion" in str(error):
            raise ConfigError(f"{what} includes itself, by way of others or not: take that include out") from None
        message = " ".join(str(error).split()).removesuffix(" ^")  # the mark below a line of its own
        hint = ""
        if match := re.search(r"No configurable matching (?:reference )?'@?([^'()]+)(?:\(\))?'", message):
            # A reference may have a scope, "warm/CosineSchedule", and those of a user's module a module's name.
            name = match[1].rpartition("/")[2]
            known = [*classes, *_registered(), *gin_lines.macros()]
            hint = f"{did_you_mean(name, known) or '.'} If it is your own, say `import YOUR_MODULE` in the gin file"
        elif match := re.search(r"Configurable '([^']+)' doesn't have a parameter named '([^']+)'", message):
            cls = classes.get(match[1].split(".")[-1])
            names = [field.name for field in dataclasses.fields(cls)] if cls else []
            hint = did_you_mean(match[2], names) or f"; it has {', '.join(names)}"
        elif isinstance(error, SyntaxError):
            hint = " Write lines such as BATCH_SIZE = 64"
            if "malformed node" in message:  # a name where a value should be
                hint = ". Texts need quotes; a shell takes them away unless the whole flag is in quotes of another kind"
        elif isinstance(error, OSError) or "Unable to open file" in message:
            known = [str(p.relative_to(gin_root())) for p in sorted((gin_root() / "gin").rglob("*.gin"))]
            if match := re.search(r"open file:? '?([^' ,]+)", message):
                hint = did_you_mean(match[1], known)
        raise ConfigError(f"{what}: {message}{hint}") from error


def _registered() -> list[str]:
    """Names of the configurables that modules of the user's have registered, without their modules."""
    names = [selector.rpartition(".") for selector in gin_internals._REGISTRY._selector_map]
    return [name for module, _, name in names if module not in ("flan_jax", "gin", "")]


def _check_macros(locations: Mapping[str, str], settings: Mapping[str, str]) -> None:
    macros = gin_lines.macros()
    used: set[str] = set()
    for params in gin_internals._CONFIG.values():
        for value in params.values():
            used.update(gin_lines.references(value))
    for name in sorted(used - set(macros)):
        raise ConfigError(f"macro %{name} is used but has no value{did_you_mean(name, macros)}")
    unset = sorted(name for name in used if _is_unset(macros[name]))
    for name in sorted(set(macros) - used):
        where = locations.get(name, "command line")
        if setting := settings.get(name):
            raise ConfigError(
                f"{where}: nothing uses {name}, as {setting} has another value: bind {name} instead of it"
            )
        raise ConfigError(
            f"{where}: nothing uses {name}{did_you_mean(name, used) or '.'} If it is a macro of yours, refer to it "
            f"as %{name}"
        )
    if unset:
        flags = " ".join(f"--gin.{name}=…" for name in unset)
        raise ConfigError(f"required macro{'s' if len(unset) > 1 else ''} {', '.join(unset)} not set: add {flags}")


def _is_unset(value: Any) -> bool:
    is_reference = isinstance(value, gin_internals.ConfigurableReference)
    return value is _REQUIRED or (is_reference and value.config_key[0] == "gin.REQUIRED")


def _check_unused(locations: Mapping[str, str]) -> None:
    operative = gin_internals._OPERATIVE_CONFIG
    built = {selector for _, selector in operative}
    # What a macro refers to is built in a scope of the macro's name, where bindings without a scope hold too.
    anywhere = {(selector, parameter) for (_, selector), params in operative.items() for parameter in params}
    for (scope, selector), params in gin_internals._CONFIG.items():
        if selector == "gin.macro":
            continue
        for parameter, value in params.items():
            # Every optimizer is offered LEARNING_RATE, whichever the run chooses.
            is_offer = parameter == "learning_rate" and list(gin_lines.references(value)) == ["LEARNING_RATE"]
            if is_offer and selector not in built and selector.removeprefix("flan_jax.") in _OPTIMIZERS:
                continue
            if not scope and (selector, parameter) in anywhere:
                continue
            if parameter not in operative.get((scope, selector), {}):
                short = selector.removeprefix("flan_jax.")
                name = f"{scope}/{short}" if scope else short
                where = locations.get(f"{name}.{parameter}", "command line")
                raise ConfigError(f"{where}: binding {name}.{parameter} is never used; remove it or its misspelt scope")


def _check_reach(bindings: Sequence[str]) -> None:
    """Raises `ConfigError` for a macro that somebody sets for this run, and that only what the run does not use reads:
    the rate of another optimizer, or of none where a schedule has taken its place."""
    operative = {scope for scope, selector in gin_internals._OPERATIVE_CONFIG if selector == "gin.macro"}
    macros = gin_lines.macros()
    for binding in bindings:
        name = binding.partition("=")[0].strip()
        if name in macros and name not in operative:
            readers = sorted(
                f"{selector.removeprefix('flan_jax.')}.{parameter}"
                for (_, selector), params in gin_internals._CONFIG.items()
                for parameter, value in params.items()
                if name in gin_lines.references(value)
            )
            raise ConfigError(
                f"{binding}: this run does not read {name}, only {' and '.join(readers) or 'nothing'} would: set what "
                f"it reads instead (a gin file after the recipe may have put something else in its place)"
            )


def _check_suite(bindings: Sequence[str], evaluation: EvalConfig) -> None:
    """Raises `ConfigError` for a setting of benchmarks that somebody sets for this run, which asks none. Those of files
    stay: a run may take the benchmarks out that its recipe has."""
    if evaluation.has_suite:
        return
    names = {binding.partition("=")[0].strip() for binding in bindings}
    for field in dataclasses.fields(EvalConfig):
        setting = f"EvalConfig.{field.name}"
        is_of_suite = field.name.startswith("suite_") or field.name == "is_suite_forced"
        if is_of_suite and field.name != "suite_selection" and getattr(evaluation, field.name) != field.default:
            for name in sorted(names & {setting, gin_lines.written_name(setting)}):
                raise ConfigError(
                    f"{name} is {getattr(evaluation, field.name)!r}, and the run asks no benchmark: give EVAL_SUITE or "
                    f"EVAL_SUITE_SELECTION, or leave it out"
                )


def _as_gin_value(value: str) -> str:
    if value[:1] in "@%([{'\"" and value:
        return value
    try:
        ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return repr(value)
    return value


def _in_one_line(error: Exception, gin_files: Sequence[str]) -> str:
    """What a class that gin calls says, without the lines that gin adds of where it was called."""
    if isinstance(error, RecursionError):
        circle = " = %".join(gin_lines.circle())
        return f"a macro refers to itself, {circle}: give one of them a value"
    text = str(error)
    if match := re.search(r"Required bindings for `(\w+)` not provided in config: \[(.+?)\]", text):
        return _not_given(match[1], match[2], gin_files)
    if match := re.search(r"^(\w+)\.__init__\(\) missing \d+ required positional arguments?: (.+)", text):
        return _not_given(match[1], match[2].replace(" and ", ", ").replace(",,", ","), gin_files)
    return " ".join(re.split(r"\n\s*In call to configurable", text)[0].split())


def _not_given(owner: str, quoted: str, gin_files: Sequence[str]) -> str:
    names = quoted.replace("'", "")
    where = f" in {', '.join(gin_files)}" if gin_files else ""
    return f"{owner} is given no {names}: bind {owner}.{names.split(', ')[0]}{where}"
