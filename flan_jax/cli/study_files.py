"""Studies from files: gin, or Python that leaves a `Study` in STUDY."""

from __future__ import annotations

import functools
import pathlib
import runpy
from typing import Any

import gin
from flan_jax.cli import gin_lines
from flan_jax.cli.gin_config import find_gin, gin_root, parse_gin
from flan_jax.core.errors import ConfigError, FlanError
from flan_jax.study import GapRises, Higher, Rises, Steadier, Study
from gin import config as gin_internals

_CLASSES: dict[str, type] = {cls.__name__: cls for cls in (Study, Rises, Higher, GapRises, Steadier)}

__all__ = ["load_study"]


@functools.cache
def _configurable(name: str) -> Any:
    return gin.external_configurable(_CLASSES[name], name, module="flan_jax")


def load_study(file: str) -> Study:
    """The study that a file describes.

    Args:
      file: a gin file that binds `Study`, found as a recipe is; or a Python file, whose variable STUDY is one.

    Raises `ConfigError` for a file that is not there, or describes none.
    """
    if file.endswith(".py"):
        return _from_python(pathlib.Path(file))
    for name in _CLASSES:
        _configurable(name)
    with gin.unlock_config():
        gin.clear_config()
        gin_internals._LOCATION_PREFIXES[:] = ["", str(gin_root())]
        parse_gin(lambda: gin.parse_config_file(find_gin(file)), f"gin file {file}", _CLASSES)
        gin_lines.scan([file], find_gin)
        try:
            study: Study = _configurable("Study")()
        except (ConfigError, TypeError, ValueError, RuntimeError) as error:
            # gin adds lines of where it was called.
            raise ConfigError(f"{file}: {str(error).splitlines()[0].strip()}") from error
        for (scope, selector), given in gin_internals._CONFIG.items():
            used = gin_internals._OPERATIVE_CONFIG.get((scope, selector), {})
            if selector != "gin.macro" and (unused := sorted(set(given) - set(used))):
                name = f"{scope}/" * bool(scope) + selector.removeprefix("flan_jax.")
                raise ConfigError(
                    f"{file}: {name}.{unused[0]} is never used: name @{name}() in Study.findings, or drop it"
                )
    return study


def _from_python(path: pathlib.Path) -> Study:
    if not path.is_file():
        raise ConfigError(f"{path} is not there: give a gin file, or a Python file whose variable STUDY is a Study")
    try:
        found = runpy.run_path(str(path)).get("STUDY")
    except FlanError:
        raise
    except Exception as error:
        raise ConfigError(f"{path} cannot be run: {type(error).__name__}: {' '.join(str(error).split())}") from error
    if not isinstance(found, Study):
        raise ConfigError(f"{path} leaves no flan_jax.study.Study in STUDY: write STUDY = Study(…)")
    return found
