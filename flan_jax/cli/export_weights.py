"""`flan-jax export`: weights as a folder that transformers loads, or as a T5X checkpoint."""

from __future__ import annotations

import argparse
import pathlib
from typing import Annotated

from flan_jax.cli.flags import flag, refuse_unused
from flan_jax.core.settings import AtLeast, PathText, SlipAbove
from flan_jax.interop.exporting import FORMATS, export_weights
from flan_jax.interop.hugging_face import MAX_SHARD_BYTES
from flan_jax.models import count_params

ShardBytes = Annotated[int, AtLeast(1), SlipAbove(2**50)]

HELP = "Write weights for Hugging Face transformers (4 or 5) or for T5X."

__all__ = ["HELP", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `export`."""
    parser.add_argument(
        "--checkpoint",
        type=flag(PathText),
        required=True,
        help="a run's folder (its selected weights), one of its checkpoints (t5x: with the optimizer's state), a "
        "weights folder, or embedded:NAME",
    )
    parser.add_argument("--to", required=True, choices=FORMATS, help="the format; T5X has two")
    parser.add_argument(
        "--out", required=True, type=flag(PathText), help="hf: the folder; t5x: where checkpoint_<step> goes"
    )
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], help="(default: what the weights are stored in)")
    parser.add_argument(
        "--vocab_path", type=flag(PathText), help="hf: vocabulary to put beside (default: the weights' own)"
    )
    parser.add_argument(
        "--max_shard_bytes", type=flag(ShardBytes), default=MAX_SHARD_BYTES, help="hf: larger files are split"
    )


def run(args: argparse.Namespace) -> int:
    """Exports `args.checkpoint`."""
    if args.to != "hf":
        refuse_unused(args, add_arguments, ("vocab_path", "max_shard_bytes"), f"flan-jax export --to {args.to}")
    made = export_weights(
        args.checkpoint,
        args.to,
        pathlib.Path(args.out),
        dtype=args.dtype,
        vocab_path=args.vocab_path,
        max_shard_bytes=args.max_shard_bytes,
    )
    print(f"{count_params(made.config):,} parameters of {made.source.path} as {made.dtype}: {made.written}")
    for note in made.notes:
        print(f"  {note}")
    return 0
