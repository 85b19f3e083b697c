"""Finding the modules of a package, so that a new task or benchmark is a new file and nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence

__all__ = ["import_below"]


def import_below(package: str, last: Sequence[str] = ()) -> None:
    """Imports every module below `package`, those of its packages too, depth first and in alphabetical order.

    The order is that in which tasks are listed, and the same on every machine. Lists folders, opens no file but the
    modules themselves. Names that begin with an underscore, or are no identifiers, are left alone.

    Args:
      package: its whole name. Its own body calls this as `import_below(__name__)`, or whoever imports it does.
      last: modules that come after all others, in this order, since they draw on what the others register.
    """
    found = {info.name: info.ispkg for info in pkgutil.iter_modules(importlib.import_module(package).__path__)}
    names = sorted(name for name in found if name.isidentifier() and not name.startswith("_"))
    for name in [*(name for name in names if name not in last), *last]:
        whole = f"{package}.{name}"
        importlib.import_module(whole)
        if found[name]:
            import_below(whole)
