"""The metrics that ship, one file a kind; importing this package registers them all.

A new one is a function in one of these files, or a file of its own beside them, and a `register_metric` for it.
"""

import importlib
import pkgutil

from flan_jax.declare.metric import (
    METRICS,
    Exchange,
    Metric,
    RankedOptions,
    as_metric,
    get_metric,
    register_metric,
)

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["METRICS", "Exchange", "Metric", "RankedOptions", "as_metric", "get_metric", "register_metric"]
