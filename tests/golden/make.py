"""Writes every golden file of this folder anew, each by its own `<name>_make.py`: `make golden`.

Look at `git diff` afterwards: a golden file changes when what it holds was meant to change, and only then. Two files
hold what other programs say (lm-eval, transformers); they want these programs, in an environment of their own.
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# What an environment needs for a file that another program makes, beside flan_jax.
PEERS = {"agreement": "lm_eval==0.4.13", "transformers_generate": "torch transformers==5.23.*"}


def golden_files() -> list[pathlib.Path]:
    """The golden files, in the order of their names."""
    return sorted(path for path in HERE.iterdir() if path.is_file() and path.suffix != ".py")


def maker(golden: pathlib.Path) -> pathlib.Path:
    """The program that writes a golden file."""
    return golden.with_name(f"{golden.stem}_make.py")


def main(argv: list[str] | None = None) -> int:
    """Runs the makers; 1 if one of them failed, after the others have run.

    Args:
      argv: the command line; None reads the process's.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--peer_python", default=sys.executable, help="an interpreter with lm_eval, transformers, torch"
    )
    args = parser.parse_args(argv)
    failed = []
    for golden in golden_files():
        python = args.peer_python if golden.stem in PEERS else sys.executable
        before = golden.read_bytes()
        done = subprocess.run([python, str(maker(golden))], capture_output=True, text=True)
        if done.returncode:
            needs = f" It needs {PEERS[golden.stem]}." if golden.stem in PEERS else ""
            print(f"{golden.name}: not made.{needs} {done.stderr.strip().splitlines()[-1:]}")
            failed.append(golden.name)
        else:
            print(f"{golden.name}: {'unchanged' if golden.read_bytes() == before else 'CHANGED, see git diff'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
