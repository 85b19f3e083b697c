"""Every benchmark of this folder, one after the other: `make bench`. Each prints one JSON line a case.

    python benchmarks/run_all.py [--peer_python /path/to/python-with-torch-and-transformers]

Run it on a machine that does nothing else, and compare lines of one run only.
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
WITH_PEER = ("train_step.py", "decode.py")
NO_BENCHMARK = ("run_all.py", "peer.py", "shapes.py")


def main() -> int:
    """Runs all benchmarks; 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer_python", help="measures transformers in turn with ours, where a benchmark can")
    args = parser.parse_args()
    failed = []
    for path in sorted(HERE.glob("*.py")):
        if path.name in NO_BENCHMARK:
            continue
        peer = [f"--peer_python={args.peer_python}"] if args.peer_python and path.name in WITH_PEER else []
        if subprocess.run([sys.executable, str(path), *peer]).returncode:
            failed.append(path.name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
