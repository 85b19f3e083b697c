"""`make pretrained`: the demo's LM-adapted starting point, from random weights to `flan_jax/assets/lm_adapted`, and a
smaller one for the studies of model size, `lm_adapted_small`.

Three runs of `flan-jax train`, all prefix language modelling (Lester et al. 2021, section 3.1) on the procedural
documents, from simple ones to all: lists said again, pairs of words told again, every kind. Same seeds, same weights; a
run that was stopped goes on where it stopped.
"""

from __future__ import annotations

import argparse
import pathlib
import shutil
import sys
from collections.abc import Sequence

from flan_jax.checkpoints.find import SELECTED
from flan_jax.cli.cpu_cores import use_cores
from flan_jax.cli.gin_config import load
from flan_jax.cli.host_memory import keep_freed_memory_on_cpu
from flan_jax.core import assets
from flan_jax.workflows.training import train_run

STAGES = ("copies", "pairs", "documents")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the stages, then copies the weights into the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model_dir", type=pathlib.Path, default=pathlib.Path("runs/pretrained"))
    parser.add_argument("--model", default="gin/models/t5_1_1_demo.gin", help="gin file of the model's size")
    parser.add_argument("--out", type=pathlib.Path, default=assets.ASSETS / "lm_adapted")
    args = parser.parse_args(argv)
    configs, start = [], ""
    for name in STAGES:
        stage_dir = args.model_dir / name
        bindings = [f"MODEL_DIR = {str(stage_dir)!r}"] + ([f"INITIAL_CHECKPOINT_PATH = {start!r}"] if start else [])
        configs.append(load([f"gin/recipes/demo_{name}.gin", args.model], bindings))
        start = str(stage_dir / SELECTED)
    use_cores(configs[0].train.batch_size)
    keep_freed_memory_on_cpu()
    for config in configs:
        if not train_run(config).is_finished:
            return 0  # stopped by SIGTERM, with everything saved: the same command continues
    shutil.rmtree(args.out, ignore_errors=True)
    shutil.copytree(start, args.out)
    print(f"the LM-adapted weights are in {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
