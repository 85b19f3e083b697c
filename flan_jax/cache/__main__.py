"""The process that `ensure_cache` starts: `python -m flan_jax.cache JSON`, where JSON is an `ensure.BuildOrder`.

Apart from `flan-jax cache` since that imports gin and, with it, the model: seconds that a fresh cache need not cost.
"""

from __future__ import annotations

import contextlib
import sys

from flan_jax.cache.ensure import BuildOrder, carry_out
from flan_jax.core.errors import FlanError
from flan_jax.core.faults import explained
from flan_jax.core.terminal import VisibleStream, visible


def main() -> int:
    """0, or 2 after printing an error that is the input's fault."""
    # Line by line, so that errors come after the progress that led to them where both go to one file.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        with contextlib.redirect_stdout(VisibleStream(sys.stdout)):
            carry_out(BuildOrder.from_json(sys.argv[1]))
    except Exception as error:
        line = explained(error)
        if line is None:
            raise
        is_ours = isinstance(error, FlanError)
        print(visible(line if is_ours else f"OSError: {line}"), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
