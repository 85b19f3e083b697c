"""`flan-jax plan`: what a recipe needs on a TPU slice that is not here, from its real train step, compiled for it."""

from __future__ import annotations

import argparse
import pathlib
import re
import sys
from typing import Any

from flan_jax.cli.flags import flag, refuse_unused
from flan_jax.cli.gin_config import add_gin_arguments, load_run
from flan_jax.core.disk import write_json_atomically
from flan_jax.core.errors import ConfigError, did_you_mean
from flan_jax.core.settings import Count, PathText

HELP = "compile a recipe's train step for a TPU slice that is not here: memory, arithmetic, communication"
# What a run needs, and a plan or a cache does not.
UNUSED = ("MODEL_DIR = 'unused'", "INITIAL_CHECKPOINT_PATH = 'unused'")

__all__ = ["HELP", "UNUSED", "add_arguments", "parse_mesh", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    add_gin_arguments(parser)
    parser.add_argument("--topology", required=True, help="GENERATION:SIZES in chips, as in v5e:4x4 or v4:8x8x8")
    parser.add_argument(
        "--mesh", help="data=N,fsdp=N,model=N instead of the recipe's; one of them may be -1; --search tries its own"
    )
    parser.add_argument("--parameters", action="store_true", help="also print every parameter and how it is split")
    parser.add_argument("--search", action="store_true", help="try meshes, microbatches and remat policies; rank them")
    parser.add_argument(
        "--candidates", type=flag(Count), default=12, help="with --search: how many to compile (default 12)"
    )
    parser.add_argument(
        "--json", type=flag(PathText), metavar="FILE", help="also write the plan, or the ranked plans, as JSON"
    )


def parse_mesh(text: str) -> list[str]:
    """`data=4,fsdp=2` as gin bindings. Raises `ConfigError` for an axis that does not exist, and for no number."""
    axes = ("data", "fsdp", "model")
    bindings = []
    for part in text.split(","):
        axis, _, size = part.strip().partition("=")
        if axis not in axes or not re.fullmatch(r"-1|[1-9]\d*", size):
            raise ConfigError(
                f"--mesh {text!r}: {part!r} is not AXIS=SIZE{did_you_mean(axis, axes) if axis not in axes else ''}, as "
                f"in data=1,fsdp=64,model=8"
            )
        bindings.append(f"{axis.upper()}_AXIS = {size}")
    return bindings


def run(args: argparse.Namespace) -> int:
    """Prints the plan; 0 if the step fits the slice, 1 if it does not."""
    from flan_jax.tpu_plan.topology import check_topology_name, topology_devices

    unused = ("mesh", "parameters") if args.search else ("candidates",)
    refuse_unused(args, add_arguments, unused, f"flan-jax plan {'--search' if args.search else 'without --search'}")
    check_topology_name(args.topology)
    args.gin_bindings = [*UNUSED, *args.gin_bindings, *(parse_mesh(args.mesh) if args.mesh else [])]
    config = load_run(args)
    recipe = pathlib.Path(args.gin_file[-1]).stem
    devices = topology_devices(args.topology)
    if args.search:
        return _search(args, config, recipe, devices)
    from flan_jax.tpu_plan.recipe import plan_recipe
    from flan_jax.tpu_plan.report import as_json, as_lines

    plan, parameters = plan_recipe(config.train, config.model, config.optimizer, devices)
    print("\n".join(as_lines(plan, recipe, args.topology)))
    print("\n".join(parameters if args.parameters else parameters[-1:]))
    _write_json(args.json, as_json(plan, recipe, args.topology))
    return 0 if plan.fits else 1


def _search(args: argparse.Namespace, config: Any, recipe: str, devices: Any) -> int:
    from flan_jax.tpu_plan.recipe import plan_recipe, with_layout
    from flan_jax.tpu_plan.report import ROW_HEADER, as_json, as_row
    from flan_jax.tpu_plan.search import layouts, ranked

    candidates = layouts(
        len(devices), config.train.batch_size, list(config.model.split_sizes().values()), args.candidates
    )
    plans = []
    for i, layout in enumerate(candidates):
        train, model = with_layout(config.train, config.model, layout)
        plan, _ = plan_recipe(train, model, config.optimizer, devices)
        plans.append((layout, plan))
        print(f"[{i + 1}/{len(candidates)}] {as_row(plan, recipe, args.topology)}", file=sys.stderr)
    best = ranked(plans)
    print(ROW_HEADER)
    print("\n".join(as_row(plan, recipe, args.topology) for _, plan in best))
    if best[0][1].fits:
        print("\n".join(["", "# the first row, to paste into the recipe:", *best[0][0].gin_lines()]))
    _write_json(args.json, [as_json(plan, recipe, args.topology) for _, plan in best])
    return 0 if best[0][1].fits else 1


def _write_json(path: str | None, content: Any) -> None:
    if path:
        write_json_atomically(pathlib.Path(path), content)
