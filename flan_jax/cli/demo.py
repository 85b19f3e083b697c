"""`flan-jax demo`: the main job on the embedded default, end to end, on a laptop's CPU.

Finetunes the embedded LM-adapted tiny T5 on the `procedural` mixture, judges it on held-out clusters before and
after, picks the checkpoint, and writes the report. It is `flan-jax train` with `gin/recipes/demo.gin`, no more.
"""

from __future__ import annotations

import argparse
import signal
import time

from flan_jax.cli.cpu_cores import use_cores
from flan_jax.cli.flags import flag
from flan_jax.cli.gin_config import add_gin_arguments, load
from flan_jax.cli.gin_lines import told_in_words_of_gin
from flan_jax.cli.host_memory import keep_freed_memory_on_cpu
from flan_jax.core.settings import PathText
from flan_jax.workflows.training import train_run

HELP = "Finetune the embedded tiny T5 on the embedded tasks, judge it on held-out ones, and write the report."
RECIPE = "gin/recipes/demo.gin"
MODEL_DIR = "runs/demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "--model_dir",
        type=flag(PathText),
        help=f"where checkpoints, logs and the report go (default: the gin file's, or {MODEL_DIR})",
    )
    add_gin_arguments(parser, default_file=RECIPE)


def run(args: argparse.Namespace) -> int:
    """Runs the demo; 0 when it went through, 143 (128 + SIGTERM, as shells have it) when it was stopped on the way."""
    start = time.monotonic()
    bindings = [*([] if args.model_dir is None else [f"MODEL_DIR = {args.model_dir!r}"]), *args.gin_bindings]
    search_paths = [path for path in args.gin_search_paths.split(",") if path]
    config = load(args.gin_file or [RECIPE], bindings, search_paths, {"MODEL_DIR": MODEL_DIR})
    use_cores(config.train.batch_size)
    keep_freed_memory_on_cpu()
    with told_in_words_of_gin():
        result = train_run(config)
    minutes = (time.monotonic() - start) / 60
    if not result.is_finished:
        print(f"\nThe demo was stopped at step {result.step}, after {minutes:.1f} minutes: the same command goes on.")
        return 128 + signal.SIGTERM
    print(f"\nThe demo took {minutes:.1f} minutes.")
    return 0
