"""`flan-jax study`: a ladder of runs, each run once, and what they say of a paper's findings."""

from __future__ import annotations

import argparse
import pathlib
import signal
from types import FrameType

from flan_jax.cli.flags import flag
from flan_jax.cli.gin_config import load
from flan_jax.cli.study_files import load_study
from flan_jax.core.errors import ConfigError, StudyError, counted
from flan_jax.core.settings import Count, PathText
from flan_jax.report.study_page import study_lines, write_study
from flan_jax.study import Cell, Study, cells_of, judge, read_scores, run_cells, write_table
from flan_jax.study.cost import cost_of, measured_steps
from flan_jax.study.runner import is_done, write_cells
from flan_jax.study.verdicts import averages

HELP = "run a ladder of runs, each once, and judge a paper's findings by them"

__all__ = ["HELP", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("study", help="a file of gin/studies, or your own (.gin, or .py that sets STUDY)")
    parser.add_argument("--folder", type=flag(PathText), help="where its runs go (default: studies/NAME)")
    parser.add_argument("--processes", type=flag(Count), default=1, help="runs at a time (default 1)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry_run", action="store_true", help="say what it would take, and run nothing")
    what.add_argument(
        "--write_jobs", action="store_true", help="write each run's gin file and command for a cluster, and run nothing"
    )
    what.add_argument("--report_only", action="store_true", help="judge the runs that are done, and run nothing")


def run(args: argparse.Namespace) -> int:
    """Runs what is not done; 0 when all are."""
    study, name = load_study(args.study), pathlib.Path(args.study).stem
    folder = pathlib.Path(args.folder or f"studies/{name}")
    cells = cells_of(study, load, folder)
    if args.report_only:
        return report(study, name, cells, folder)
    if args.write_jobs:
        paths = write_cells(folder, list({cell.key: cell for cell in cells}.values()), study.recipe)
        jobs = folder / "jobs.txt"
        jobs.write_text("".join(f"flan-jax train --gin_file {path}\n" for path in paths), encoding="utf-8")
        print("\n".join(cost_of(folder, cells, {}).lines()))
        print(f"{counted(len(paths), 'command')} in {jobs}; then `flan-jax study {args.study} --report_only`")
        return 0
    left = [cell for cell in cells if not is_done(folder, cell)]
    print("\n".join(cost_of(folder, cells, measured_steps(left) if left else {}).lines()), flush=True)
    if args.dry_run:
        return 0
    signal.signal(signal.SIGTERM, _stop)
    run_cells(folder, cells, study.recipe, num_processes=args.processes, say=lambda line: print(line, flush=True))
    return report(study, name, cells, folder)


def report(study: Study, name: str, cells: tuple[Cell, ...], folder: pathlib.Path) -> int:
    """Writes the table and the page of the runs that are done, and prints the verdicts.

    Args:
      study: the study.
      name: of it.
      cells: of it.
      folder: of it.
    """
    missing = [cell for cell in cells if not is_done(folder, cell)]
    if len(missing) == len(cells):
        raise StudyError(f"no run of {name} is done in {folder}: run the study, or name its --folder")
    notes = [f"{counted(len(missing), 'run')} of {len(cells)} are not done"] if missing else []
    scores = read_scores(study, cells, folder)
    if not any(each.group == study.group for each in scores):
        raise ConfigError(
            f"the runs of {name} are judged on no {study.group} tasks: name some in its recipe, or another Study.group"
        )
    paths = write_table(study, name, scores, folder)
    verdicts = judge(study, scores)
    page = write_study(study, name, verdicts, averages(study, scores), notes, folder)
    print("\n".join([f"\n{study.title} ({study.source})", *notes, *study_lines(verdicts)]))
    print(f"\n{page}\n{paths[0]}\n{paths[1]}")
    return 0


def _stop(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
