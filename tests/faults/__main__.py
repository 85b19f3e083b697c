"""`make faults`: the campaign, its trials in build/faults/trials.jsonl, and the tables of docs/reliability.md."""

from __future__ import annotations

import argparse
import os
import pathlib
import shlex
import shutil
import sys
import tempfile
import time

from shared import ROOT

from faults.campaign import FAMILIES, all_cases, run_campaign, to_json
from faults.outcomes import BAD, Trial
from faults.table import PAGE, tables, write_page


def main() -> int:
    """0 where every trial ended well, else 1."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the whole campaign (default 1: about an hour)")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (default 0)")
    parser.add_argument("--family", action="append", choices=FAMILIES, help="only these; repeat for several")
    parser.add_argument("--only", default="", help="trials whose id has this in it")
    parser.add_argument(
        "--num_servers", type=int, default=os.cpu_count() or 1, help="trials at a time (default: cores)"
    )
    parser.add_argument("--work", type=pathlib.Path, help="folder for the trials (default: made, and taken away)")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.relative_to(ROOT)}")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "faults", help="folder for trials.jsonl")
    args = parser.parse_args()
    begin = time.monotonic()
    work = args.work or _make_work()
    args.out.mkdir(parents=True, exist_ok=True)
    trials: list[Trial] = []

    def say(line: str) -> None:
        print(f"{time.monotonic() - begin:6.0f} s  {line}", flush=True)

    with open(args.out / "trials.jsonl", "w") as file:

        def record(trial: Trial) -> None:
            trials.append(trial)
            print(to_json(trial), file=file, flush=True)

        try:
            run_campaign(
                work,
                lambda stages: [
                    case
                    for case in all_cases(
                        stages, seed=args.seed, share=args.share, families=args.family or tuple(FAMILIES)
                    )
                    if args.only in case.id
                ],
                record,
                say,
                args.num_servers,
            )
        finally:
            if args.work is None:
                shutil.rmtree(work, ignore_errors=True)
    print(f"\n{tables(trials)}\n")
    if args.write:
        write_page(trials, " ".join(["make faults", *_arguments()]), time.monotonic() - begin)
    bad = [trial for trial in trials if trial.outcome in BAD]
    for trial in bad:
        print(f"{trial.outcome}: {trial.detail}\n    make faults ARGS=\"--seed {args.seed} --only '{trial.id}'\"")
    return int(bool(bad))


def _arguments() -> list[str]:
    words = [word for word in sys.argv[1:] if word != "--write"]
    return [f"ARGS={shlex.quote(' '.join(words))}"] if words else []


def _make_work() -> pathlib.Path:
    """A folder in memory where there is room: half of a run's time goes into flushing files otherwise."""
    memory = pathlib.Path("/dev/shm")
    has_room = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**31
    return pathlib.Path(tempfile.mkdtemp(prefix="flan_jax_faults_", dir=memory if has_room else None))


if __name__ == "__main__":
    sys.exit(main())
