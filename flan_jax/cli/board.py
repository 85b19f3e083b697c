"""`flan-jax board FOLDER`: all runs below a folder on one page."""

from __future__ import annotations

import argparse
import os

from flan_jax.cli.flags import flag
from flan_jax.core.errors import ConfigError
from flan_jax.core.settings import PathText

HELP = "all runs and evaluations below a folder on one HTML page, ranked where they were judged on the same tasks"

__all__ = ["HELP", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("folder", metavar="FOLDER", help="the folder that runs are in, such as runs")
    parser.add_argument("--out", type=flag(PathText), help="the page (default: FOLDER/board.html)")


def run(args: argparse.Namespace) -> int:
    """Prints the table and writes the page; 0, also where some runs could not be read."""
    if args.out is not None and os.path.isdir(args.out):
        raise ConfigError(
            f"--out is {args.out}, a folder: name the page, such as {os.path.join(args.out, 'board.html')}"
        )
    # Slow to import, and not needed for --help.
    from flan_jax.report import print_board, write_board
    from flan_jax.workflows.board import read_board

    board = read_board(args.folder)
    print_board(board)
    print(f"Written: {write_board(board, args.out)}")
    return 0
