"""`flan-jax train`: finetunes or pretrains from a gin recipe; `python -m flan_jax.train` is the same."""

from __future__ import annotations

import argparse
import functools
import importlib
import logging
import os

import jax

from flan_jax.cache.ensure import BuildOrder, ensure_cache
from flan_jax.cli.cache import requests_of_run
from flan_jax.cli.gin_config import add_gin_arguments, load_run
from flan_jax.cli.host_memory import keep_freed_memory
from flan_jax.core.errors import ConfigError
from flan_jax.declare.benchmark import resolve
from flan_jax.evaluate.judge import make_judge
from flan_jax.report import print_report, write_report, write_results
from flan_jax.train.loop import RunResult, run_training

HELP = "finetune or pretrain from a gin recipe; run it again to continue where it stopped"

__all__ = ["HELP", "add_arguments", "run", "train"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    add_gin_arguments(parser)
    group = parser.add_argument_group("several processes", "one a host; all of them run the same command")
    group.add_argument("--coordinator_address", help="host:port of process 0")
    group.add_argument("--num_processes", type=int, help="how many there are")
    group.add_argument("--process_id", type=int, help="which one this is, from 0")
    group.add_argument(
        "--distributed",
        action="store_true",
        help="let JAX find the other processes by itself (Slurm, Open MPI, GKE; on a TPU pod that is the default)",
    )


def run(args: argparse.Namespace) -> int:
    """Trains; 0 when the run is finished or was stopped by SIGTERM with everything saved."""
    train(args)
    return 0


def train(args: argparse.Namespace) -> RunResult:
    """Trains from the verb's arguments, and writes the report of a finished run that judged."""
    config = load_run(args)
    join_processes(args)
    if jax.default_backend() == "cpu":
        keep_freed_memory()
    tasks = config.tasks  # registered in the cache's own process: a module of tasks may import TensorFlow
    order = BuildOrder(
        tuple(requests_of_run(config)),
        config.train.cache_dir,
        str(config.train.vocab_path),
        tuple(tasks.modules),
        dict(tasks.folders),
        available_only=tasks.available_only,
    )
    if config.evaluation.has_suite:  # benchmarks are asked in this process: their modules must do without TensorFlow
        for module in tasks.modules:
            importlib.import_module(module)
        resolve([*config.evaluation.suite, *config.evaluation.suite_selection])  # before a cache is built
    result = run_training(
        config.train,
        config.model,
        config.optimizer,
        config.tuning,
        make_judge=functools.partial(make_judge, config.evaluation, write=write_results),
        ensure_cache=functools.partial(ensure_cache, order),
        operative_config=config.operative,
    )
    if result.is_finished and jax.process_index() == 0 and config.evaluation.selects:
        write_report(result.model_dir)
        print_report(result.model_dir)
    return result


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
