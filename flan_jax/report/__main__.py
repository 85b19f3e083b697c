"""`python -m flan_jax.report MODEL_DIR`: writes a run's report again from what the run left on disk, and prints it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from flan_jax.core.faults import explained
from flan_jax.core.terminal import visible
from flan_jax.report import print_report, write_report


def main(argv: Sequence[str] | None = None) -> int:
    """0, or 2 with a line on standard error where a file of the run is missing or damaged."""
    parser = argparse.ArgumentParser(prog="python -m flan_jax.report", description=__doc__)
    parser.add_argument("model_dir", help="the run's folder")
    args = parser.parse_args(argv)
    try:
        path = write_report(args.model_dir)
        print_report(args.model_dir)
    except Exception as error:
        line = explained(error)
        if line is None:
            raise
        print(visible(line), file=sys.stderr)
        return 2
    print(visible(f"\nWritten: {path}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
