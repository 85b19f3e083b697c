"""`flan-jax study`: ladders of runs, each run once, and what they say of a paper's findings."""

from __future__ import annotations

import argparse
import pathlib
import shlex
import signal
from types import FrameType

from flan_jax.cli.flags import flag, refuse_unused
from flan_jax.cli.gin_config import load
from flan_jax.cli.study_files import load_study
from flan_jax.core.disk import write_atomically, write_text_atomically
from flan_jax.core.errors import ConfigError, StudyError, counted
from flan_jax.core.settings import Count, PathText
from flan_jax.study import Cell, Study, cells_of, judge, read_scores, run_cells, write_table
from flan_jax.study.cost import cost_of, measured_steps
from flan_jax.study.findings import check_tasks
from flan_jax.study.page import check_findings_page, findings_page, study_lines, study_markdown, write_study
from flan_jax.study.runner import CELLS, COMPILED, RUNS, is_done, on_other_data, run_folder, write_cells
from flan_jax.study.verdicts import averages, sizes
from flan_jax.workflows.data_fingerprint import data_fingerprints
from flan_jax.workflows.held_out_tasks import held_out_tasks

HELP = "run ladders of runs, each run once, and judge a paper's findings by them"

__all__ = ["HELP", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("study", nargs="+", help="files of gin/studies, or your own (.gin, or .py that sets STUDY)")
    parser.add_argument(
        "--folder",
        type=flag(PathText),
        default="studies",
        help="runs go to FOLDER/runs, each study's report to FOLDER/NAME (default: studies)",
    )
    parser.add_argument("--processes", type=flag(Count), default=1, help="runs at a time (default 1)")
    parser.add_argument(
        "--findings", type=flag(PathText), metavar="FILE", help="also write all verdicts and curves as a Markdown page"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry_run", action="store_true", help="say what it would take, and run nothing")
    what.add_argument(
        "--write_jobs", action="store_true", help="write each run's gin file and command for a cluster, and run nothing"
    )
    what.add_argument("--report_only", action="store_true", help="judge the runs that are done, and run nothing")


def run(args: argparse.Namespace) -> int:
    """Runs what is not done; 0 when all are."""
    for name in ("dry_run", "write_jobs", "report_only"):
        if getattr(args, name):
            unused = ("processes",) if name == "report_only" else ("processes", "findings")
            refuse_unused(args, add_arguments, unused, f"flan-jax study --{name}")
    studies = {pathlib.Path(file).stem: load_study(file) for file in args.study}
    if len(studies) < len(args.study):
        raise ConfigError(f"two of {', '.join(args.study)} have one name, and would share a folder: rename one")
    if taken := sorted({CELLS, RUNS, COMPILED} & set(studies)):
        raise ConfigError(f"a study called {taken[0]} would lie among the runs of all studies: rename its file")
    # Runs lie together, so that what two studies both ask for is run once.
    folder = pathlib.Path(args.folder)
    made = {name: cells_of(study, load, folder) for name, study in studies.items()}
    for name, study in studies.items():
        if not (args.report_only or all(is_done(folder, cell) for cell in made[name])):
            check_tasks(study, made[name][0], held_out_tasks(made[name][0].config, study.group))
    signal.signal(signal.SIGTERM, _stop)
    findings = pathlib.Path(args.findings) if args.findings else None
    if findings and findings.exists():
        check_findings_page(findings.read_text())
    chapters: dict[str, list[str]] = {}
    asked: set[str] = set()
    for file, (name, study) in zip(args.study, studies.items(), strict=True):
        cells = made[name]
        if args.write_jobs:
            _write_jobs(args, file, study, name, cells)
            continue
        if not args.report_only:
            left = [cell for cell in cells if not is_done(folder, cell)]
            print(f"{name}: {study.title}")
            print("\n".join(cost_of(folder, cells, measured_steps(left) if left else {}).lines()), flush=True)
            shared = sum(cell.key in asked for cell in left)
            asked.update(cell.key for cell in left)
            if args.dry_run:
                if shared:
                    print(f"{shared} of the runs left are asked for by a study above too, and run once")
                continue
            data = dict(zip([c.key for c in left], data_fingerprints([c.config for c in left]), strict=True))
            run_cells(folder, cells, study.recipe, num_processes=args.processes, say=_say, data=data)
        chapters[name] = _report(study, file, name, cells, folder, findings)
    if findings and chapters:
        before = findings.read_text() if findings.exists() else ""
        write_text_atomically(findings, findings_page(chapters, (findings.parent / "studies.md").exists(), before))
        print(args.findings)
    return 0


def _write_jobs(args: argparse.Namespace, file: str, study: Study, name: str, cells: tuple[Cell, ...]) -> None:
    folder = pathlib.Path(args.folder)
    left = [cell for cell in cells if not is_done(folder, cell)]
    paths = write_cells(folder, left, study.recipe)
    jobs = folder / name / "jobs.txt"
    jobs.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"flan-jax train --gin_file {shlex.quote(str(path))}\n" for path in paths)
    write_text_atomically(jobs, text)
    print("\n".join(cost_of(folder, cells, {}).lines()))
    print(
        f"{counted(len(paths), 'command')} in {jobs}; when they have run: `flan-jax study {shlex.quote(file)} --folder "
        f"{shlex.quote(args.folder)} --report_only`"
    )


def _report(
    study: Study, file: str, name: str, cells: tuple[Cell, ...], folder: pathlib.Path, findings: pathlib.Path | None
) -> list[str]:
    """Writes the table and the page of the runs that are done, and prints the verdicts; the lines of its chapter."""
    missing = [cell for cell in cells if not is_done(folder, cell)]
    if len(missing) == len(cells):
        raise StudyError(f"no run of {name} is done in {folder}: run the study, or name its --folder")
    notes = (
        [f"{len(missing)} of {counted(len(cells), 'run')} {'is' if len(missing) == 1 else 'are'} not done"]
        if missing
        else []
    )
    if changed := on_other_data(folder, cells):
        notes.append(
            f"{counted(len(changed), 'run')}, as {changed[0].name}, of other data or wordings than are there now: "
            f"delete {run_folder(folder, changed[0])} to run it again"
        )
    scores = read_scores(study, cells, folder)
    if not any(each.group == study.group for each in scores):
        raise ConfigError(
            f"the runs of {name} are judged on no {study.group} tasks: name some in its recipe, or another Study.group"
        )
    paths = write_table(study, name, scores, folder / name)
    verdicts, means = judge(study, scores), averages(study, scores)
    page = write_study(study, name, verdicts, means, sizes(study, scores), notes, folder / name)
    print("\n".join([f"\n{study.title} ({study.source})", *notes, *study_lines(verdicts)]))
    print(f"\n{page}\n{paths[0]}\n{paths[1]}", flush=True)
    if findings is None:
        return []
    picture = findings.with_suffix("") / f"{name}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(picture, (folder / name / "study.png").read_bytes())
    command = f"flan-jax study {shlex.quote(file)} --findings {shlex.quote(str(findings))}"
    return study_markdown(study, name, verdicts, means, notes, f"{picture.parent.name}/{picture.name}", command)


def _say(line: str) -> None:
    print(line, flush=True)


def _stop(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
