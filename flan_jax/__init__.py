"""flan_jax: instruction finetuning at scale, in JAX.

    import flan_jax as fj

    model = fj.load("runs/demo")
    model.generate(["Who has the red box?"], max_tokens=16)

The names below come from `flan_jax.api` when one of them is first asked for, and JAX with them: importing the package
alone is a matter of milliseconds.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers and editors see; at run time `__getattr__` finds them
    from flan_jax.api import Evaluation, Model, TrainedRun, evaluate, load, plot, train

__version__ = "0.1.0"
__all__ = ["Evaluation", "Model", "TrainedRun", "__version__", "evaluate", "load", "plot", "train"]

_PACKAGES = ("evaluate", "train")  # names of a function of the door and of a package


class _Door(types.ModuleType):
    """This package. Python binds a subpackage's name here when it is first imported, which would hide the function of
    the same name: such a package is made callable instead, so that `fj.train(…)` works whatever was imported before,
    and `import flan_jax.train.loop` too."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _PACKAGES and isinstance(value, types.ModuleType):
            value.__class__ = _CallablePackage
        super().__setattr__(name, value)


class _CallablePackage(types.ModuleType):
    """A subpackage that is called as the function of `flan_jax.api` that has its name."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__wrapped__(*args, **kwargs)

    @property
    def __wrapped__(self) -> Any:  # where `inspect` looks for the signature that a notebook shows
        return getattr(importlib.import_module("flan_jax.api"), self.__name__.rpartition(".")[2])


def _documentation(package: _CallablePackage) -> str | None:
    """What `help(fj.train)` and `fj.train?` show: the function's docstring, then the package's."""
    own: str | None = package.__dict__["__doc__"]
    name = package.__name__.rpartition(".")[2]
    function = getattr(importlib.import_module("flan_jax.api"), name, None)
    if function is None:  # the door is itself being imported
        return own
    called = inspect.signature(function)
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in called.parameters.values()]
    first, _, rest = inspect.cleandoc(function.__doc__ or "").partition("\n")
    call = f"    {name}{called.replace(parameters=bare, return_annotation=inspect.Signature.empty)}"
    return f"{first}\n\n{call}\n{rest}\n\nThe package {package.__name__}: {own}"


_CallablePackage.__doc__ = property(_documentation)  # type: ignore[assignment]


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return importlib.import_module(f"flan_jax.{name}")
    if name in __all__:
        return getattr(importlib.import_module("flan_jax.api"), name)
    raise AttributeError(f"module 'flan_jax' has no attribute {name!r}: it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)


sys.modules[__name__].__class__ = _Door
