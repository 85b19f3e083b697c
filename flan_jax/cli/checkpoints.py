"""Flags that name a model to use: shared by `infer`, `eval` and `lm-eval`."""

from __future__ import annotations

import argparse

from flan_jax.cli.flags import flag
from flan_jax.core.settings import PathText

__all__ = ["add_model_arguments"]


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """`--checkpoint`, `--vocab_path`, `--dtype`: what `checkpoints.load.load_model` takes."""
    parser.add_argument(
        "--checkpoint",
        type=flag(PathText),
        required=True,
        help="a run's folder (its selected weights), one of its checkpoints, a weights folder, or embedded:NAME",
    )
    parser.add_argument(
        "--vocab_path",
        type=flag(PathText),
        help="SentencePiece model or tokenizer.json (default: the one the checkpoint was trained with)",
    )
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], help="of activations (default: the model's)")
