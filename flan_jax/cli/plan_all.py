"""`python -m flan_jax.cli.plan_all` (`make pods`): plans every recipe on its slice and writes docs/pods.md's table.

A plan takes one to three minutes and is kept in `--out`; one whose recipe has not changed since is not made again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from flan_jax.cli.gin_config import load
from flan_jax.cli.plan import UNUSED
from flan_jax.core.errors import ConfigError

# (recipe, slice, mesh instead of the recipe's or ""). The slices of FLAN (128 v3 cores), T0 (512), Tk-Instruct (256)
# and Flan-PaLM 540B (512 v4 chips) are the papers'; of the others the papers do not say.
PAPERS = (
    ("flan_137b", "v3:8x8", ""),
    ("flan_8b", "v3:2x2", ""),
    ("flan_2b", "v3:2x2", ""),
    ("t0_11b", "v3:16x16", ""),
    ("t0p_11b", "v3:16x16", ""),
    ("t0pp_11b", "v3:16x16", ""),
    ("t0_3b", "v3:8x8", ""),
    ("tk_instruct_11b", "v3:8x16", ""),
    ("tk_instruct_3b", "v3:2x2", ""),
    ("mtk_instruct_13b", "v3:8x16", ""),
    ("mtk_instruct_3b", "v3:8x8", ""),
    ("flan_t5_small", "v4:2x2x1", ""),
    ("flan_t5_base", "v4:2x2x2", ""),
    ("flan_t5_large", "v4:2x2x4", ""),
    ("flan_t5_xl", "v4:2x4x4", ""),
    ("flan_t5_xxl", "v4:4x4x4", ""),
    ("flan_palm_8b", "v4:2x2x4", ""),
    ("flan_palm_62b", "v4:4x4x4", ""),
    ("flan_cont_palm_62b", "v4:4x4x4", ""),
    ("flan_palm_540b", "v4:8x8x8", ""),
    ("flan_u_palm_540b", "v4:8x8x8", ""),
    ("instructgpt_sft_1_3b", "v4:2x2x2", ""),
    ("instructgpt_sft_6b", "v4:2x4x4", ""),
    ("instructgpt_sft_175b", "v4:4x8x8", ""),
)
TODAY = (
    ("flan_t5_large", "v5e:4x8", "data=4,fsdp=8,model=1"),
    ("flan_t5_xl", "v6e:4x8", "data=2,fsdp=16,model=1"),
    ("flan_t5_xxl", "v5p:2x4x4", "data=1,fsdp=32,model=1"),
    ("flan_palm_62b", "tpu7x:2x4x4", "data=1,fsdp=32,model=2"),
)
BEGIN, END = "<!-- table: make pods -->\n", "<!-- end of table -->\n"

__all__ = ["PAPERS", "TODAY", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Plans what is missing and writes the table; 1 if a plan failed for another reason than memory."""
    parser = argparse.ArgumentParser(prog="python -m flan_jax.cli.plan_all", description=__doc__)
    parser.add_argument("--out", default="runs/pods", help="folder of the plans (default runs/pods)")
    parser.add_argument("--only", action="append", default=[], help="only this recipe; repeat for several")
    parser.add_argument("--page", default="docs/pods.md", help="the page to write the table into")
    args = parser.parse_args(argv)
    unknown = sorted(set(args.only) - {recipe for recipe, _, _ in (*PAPERS, *TODAY)})
    if unknown:
        raise ConfigError(f"--only {', '.join(unknown)}: no such row; there are {', '.join(r for r, _, _ in PAPERS)}")
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    failed = []
    for recipe, topology, mesh in (*PAPERS, *TODAY):
        if args.only and recipe not in args.only:
            continue
        file = plan_file(out, recipe, topology, mesh)
        if not file.is_file() and not make_plan(file, recipe, topology, mesh):
            failed.append(recipe)
    page = pathlib.Path(args.page)
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    page.write_text(before + BEGIN + table(out) + END + rest.partition(END)[2])
    print(f"{page} has the table" + (f"; without {', '.join(failed)}, whose plans failed" if failed else ""))
    return int(bool(failed))


def make_plan(file: pathlib.Path, recipe: str, topology: str, mesh: str) -> bool:
    """Runs `flan-jax plan` in a process of its own, since the compiler keeps its memory; whether there is a plan.

    Args:
      file: where the plan's JSON goes.
      recipe: name of a file in gin/recipes.
      topology: slice, as `flan-jax plan --topology` has it.
      mesh: layout, as `--mesh` has it.
    """
    command = [sys.executable, "-m", "flan_jax.cli.main", "plan", f"--gin_file=gin/recipes/{recipe}.gin"]
    command += [f"--topology={topology}", f"--json={file}", *([f"--mesh={mesh}"] if mesh else [])]
    print(f"{recipe} on {topology} {mesh}", flush=True)
    done = subprocess.run(command, capture_output=True, text=True)
    print("\n".join(f"  {line}" for line in (done.stdout or done.stderr).splitlines()[:3]), flush=True)
    return file.is_file()


def plan_file(out: pathlib.Path, recipe: str, topology: str, mesh: str) -> pathlib.Path:
    """Where the plan of a step is kept. Recipes whose steps are the same program share it.

    Args:
      out: the folder of plans.
      recipe: name of a file in gin/recipes.
      topology: slice, as `flan-jax plan --topology` has it.
      mesh: layout, as `--mesh` has it.
    """
    config = load([f"gin/recipes/{recipe}.gin"], UNUSED)
    train = config.train
    same: list[Any] = [config.model, type(config.optimizer).__name__, train.feature_lengths, train.batch_size]
    same += [train.microbatches, train.mesh, train.axis_rules, topology, mesh]
    return out / f"{hashlib.sha256(repr(same).encode()).hexdigest()[:16]}.json"


def table(out: pathlib.Path) -> str:
    """The rows of all plans that have been made, in order."""
    from flan_jax.tpu_plan.report import ROW_HEADER, row_of_json

    rows = [ROW_HEADER]
    for recipe, topology, mesh in (*PAPERS, *TODAY):
        file = plan_file(out, recipe, topology, mesh)
        if file.is_file():
            rows.append(row_of_json(json.loads(file.read_text()), recipe, topology))
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
