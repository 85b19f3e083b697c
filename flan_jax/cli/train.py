"""`flan-jax train`: finetunes or pretrains from a gin recipe; `python -m flan_jax.train` is the same."""

from __future__ import annotations

import argparse
import logging
import os
import pathlib
import sys
from collections.abc import Sequence

import jax

from flan_jax.checkpoints.checkpoint import FOLDER
from flan_jax.cli.flags import flag
from flan_jax.cli.gin_config import add_gin_arguments, load_run
from flan_jax.cli.gin_lines import told_in_words_of_gin
from flan_jax.cli.host_memory import keep_freed_memory_on_cpu
from flan_jax.core.errors import ConfigError
from flan_jax.core.settings import Count, Natural
from flan_jax.train.changes import CONFIG_FILE
from flan_jax.workflows.training import train_run

HELP = "finetune or pretrain from a gin recipe; run it again to continue where it stopped"

__all__ = ["HELP", "add_arguments", "join_processes", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    add_gin_arguments(parser)
    group = parser.add_argument_group("several processes", "one a host; all of them run the same command")
    group.add_argument("--coordinator_address", help="host:port of process 0")
    group.add_argument("--num_processes", type=flag(Count), help="how many there are")
    group.add_argument("--process_id", type=flag(Natural), help="which one this is, from 0")
    group.add_argument(
        "--distributed",
        action="store_true",
        help="let JAX find the other processes by itself (Slurm, Open MPI, GKE; on a TPU pod that is the default)",
    )


def run(args: argparse.Namespace) -> int:
    """Trains; 0 when the run is finished or was stopped by SIGTERM with everything saved."""
    config = load_run(args)
    if note := _note_of_another_run(args.gin_file, config.train.model_dir):
        print(note, file=sys.stderr)
    join_processes(args)
    keep_freed_memory_on_cpu()
    with told_in_words_of_gin():
        train_run(config)
    return 0


def _note_of_another_run(gin_files: Sequence[str], model_dir: str) -> str:
    """Of a run's config.gin after its folder was copied or moved: it still names the folder that it was written in."""
    for file in gin_files:
        folder = pathlib.Path(file).absolute().parent
        is_runs = pathlib.Path(file).name == CONFIG_FILE and (folder / FOLDER).is_dir()
        if is_runs and folder.resolve() != pathlib.Path(model_dir).resolve():
            return (
                f"note: {file} is of the run in {folder}, and names MODEL_DIR {model_dir}, which is trained; to go on "
                f"with the other say --gin.MODEL_DIR={folder}"
            )
    return ""


def join_processes(args: argparse.Namespace) -> None:
    """Connects this process to the others of a run on several hosts; nothing to do for a single one.

    The three flags default to COORDINATOR_ADDRESS, NUM_PROCESSES and PROCESS_ID of the environment.
    """
    address: str | None = args.coordinator_address or os.environ.get("COORDINATOR_ADDRESS")
    number: int | None = args.num_processes if args.num_processes is not None else _environment_int("NUM_PROCESSES")
    process: int | None = args.process_id if args.process_id is not None else _environment_int("PROCESS_ID")
    given = {"coordinator_address": address, "num_processes": number, "process_id": process}
    if all(value is None for value in given.values()):
        if args.distributed or "," in os.environ.get("TPU_WORKER_HOSTNAMES", ""):
            jax.distributed.initialize()
        return
    if address is None or number is None or process is None:
        missing = [name for name, value in given.items() if value is None]
        raise ConfigError(
            f"--{', --'.join(missing)} missing: several processes need --coordinator_address, --num_processes and "
            f"--process_id together (or none of them, and --distributed)"
        )
    if not 0 <= process < number:
        raise ConfigError(f"--process_id {process} is not in [0, {number}): count from 0")
    logging.getLogger("jax._src.distributed").setLevel(logging.WARNING)
    jax.distributed.initialize(address, number, process)


def _environment_int(name: str) -> int | None:
    text = os.environ.get(name)
    if text is None:
        return None
    if not text.isdigit():
        raise ConfigError(f"{name} is {text!r} in the environment: it must be a whole number")
    return int(text)
