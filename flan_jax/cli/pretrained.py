"""`make pretrained`: the demo's LM-adapted starting point, from random weights to `flan_jax/assets/lm_adapted`.

Two runs of `flan-jax train`, as T5 1.1 was made and LM-adapted: span corruption (Raffel et al. 2020, section 3.1.4),
then prefix language modelling (Lester et al. 2021, section 3.1), both on the procedural documents. Same seeds, same
weights; a run that was stopped goes on where it stopped.
"""

from __future__ import annotations

import argparse
import pathlib
import shutil
import sys
from collections.abc import Sequence

from flan_jax.checkpoints.find import SELECTED
from flan_jax.cli.gin_config import load
from flan_jax.cli.host_memory import keep_freed_memory_on_cpu
from flan_jax.core import assets
from flan_jax.workflows.training import train_run

STAGES = (("span", "gin/recipes/demo_span.gin"), ("prefix", "gin/recipes/demo_prefix.gin"))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs both stages, then copies the weights into the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model_dir", type=pathlib.Path, default=pathlib.Path("runs/pretrained"))
    parser.add_argument("--out", type=pathlib.Path, default=assets.ASSETS / "lm_adapted")
    args = parser.parse_args(argv)
    keep_freed_memory_on_cpu()
    start = ""
    for name, recipe in STAGES:
        stage_dir = args.model_dir / name
        bindings = [f"MODEL_DIR = {str(stage_dir)!r}"] + ([f"INITIAL_CHECKPOINT_PATH = {start!r}"] if start else [])
        if not train_run(load([recipe], bindings)).is_finished:
            return 0  # stopped by SIGTERM, with everything saved: the same command continues
        start = str(stage_dir / SELECTED)
    shutil.rmtree(args.out, ignore_errors=True)
    shutil.copytree(start, args.out)
    print(f"the LM-adapted weights are in {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
