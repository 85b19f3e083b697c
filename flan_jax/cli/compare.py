"""`flan-jax compare A B …`: runs and evaluations side by side, paired by example."""

from __future__ import annotations

import argparse
from typing import Annotated

from flan_jax.cli.flags import flag
from flan_jax.core.errors import ConfigError
from flan_jax.core.settings import Above, AtLeast, Below, PathText, Seed, SlipAbove

HELP = "runs and evaluations side by side with the first: differences paired by example, and what is chance"

__all__ = ["HELP", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "folders",
        nargs="*",
        metavar="FOLDER",
        help="a run's (its selected step, else the last one judged) or that of `flan-jax eval --out`; the first is the "
        "baseline, each other is compared with it",
    )
    parser.add_argument(
        "--group",
        choices=("report", "selection", "all"),
        default="report",
        help="tasks to compare (default report: those that picked no checkpoint)",
    )
    parser.add_argument(
        "--confidence",
        type=flag(Annotated[float, Above(0), Below(1), "such as 0.95"]),
        default=0.95,
        help="of intervals; 1 less it is the level of Holm's correction (default 0.95)",
    )
    parser.add_argument("--seed", type=flag(Seed), default=0, help="of bootstrap and permutations (default 0)")
    parser.add_argument(
        "--num_resamples",
        type=flag(Annotated[int, AtLeast(40), SlipAbove(10**6)]),
        default=1000,
        help="of the bootstrap (default 1000)",
    )
    parser.add_argument(
        "--out", type=flag(PathText), help="folder for compare.html, compare.csv and compare.json (default: none)"
    )


def run(args: argparse.Namespace) -> int:
    """Prints, and writes where it is asked to; 0 when everything could be compared."""
    if len(args.folders) < 2:
        raise ConfigError(
            f"{len(args.folders)} of at least 2 folders given: give the baseline, then what to compare with it"
        )
    # Slow to import, and not needed for --help.
    from flan_jax.evaluate.compare import CompareConfig, compare_folders
    from flan_jax.report import print_comparison, write_comparison

    config = CompareConfig(args.group, args.confidence, args.num_resamples, args.seed)
    comparison = compare_folders(args.folders, config)
    # Before anything is printed, which may go to a program that reads the first lines alone.
    written = () if args.out is None else write_comparison(args.out, comparison)
    print_comparison(comparison)
    if written:
        print(f"Written: {', '.join(map(str, written))}")
    return 0
