"""`flan-jax import`: another program's checkpoint as a weights folder to start from, evaluate or generate with."""

from __future__ import annotations

import argparse
import pathlib

from flan_jax.cli.flags import flag
from flan_jax.core.settings import PathText
from flan_jax.interop.importing import import_weights
from flan_jax.models import count_params
from flan_jax.models.family import Size

HELP = "Make a weights folder out of a Hugging Face folder, a T5X checkpoint or a gguf file."

__all__ = ["HELP", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `import`."""
    parser.add_argument(
        "source", help="hf:FOLDER, hf:ORG/REPO, t5x:checkpoint_<step>, t5x:FOLDER for its newest, or gguf:FILE"
    )
    parser.add_argument("--out", required=True, type=flag(PathText), help="the weights folder to make")
    parser.add_argument(
        "--dtype", choices=["float32", "bfloat16"], help="stored in --out (default: what loses nothing)"
    )
    parser.add_argument(
        "--vocab_path",
        type=flag(PathText),
        help="SentencePiece model or tokenizer.json to put beside the weights (default: the source's)",
    )
    parser.add_argument(
        "--mlp_activations",
        help="t5x: of the MLP, which T5X does not store, as in silu,linear for UL2 (default: relu for one matrix, "
        "gelu,linear for two)",
    )
    parser.add_argument("--vocab_size", type=flag(Size), help="rows of the token table (default: the source's)")
    parser.add_argument(
        "--skip_certificate",
        action="store_true",
        help="hf, gguf: do not compare logits with transformers', which loads both",
    )
    parser.add_argument(
        "--allow_not_finite", action="store_true", help="import weights that hold NaN or infinity, which are refused"
    )


def run(args: argparse.Namespace) -> int:
    """Imports `args.source` into `args.out`."""
    made = import_weights(
        args.source,
        pathlib.Path(args.out),
        dtype=args.dtype,
        vocab_path=args.vocab_path,
        mlp_activations=args.mlp_activations and args.mlp_activations.split(","),
        vocab_size=args.vocab_size,
        certify=not args.skip_certificate,
        allow_not_finite=args.allow_not_finite,
    )
    at = "" if made.step is None else f", step {made.step:,}"
    print(f"{count_params(made.config):,} parameters as {made.dtype}{at}: {made.folder}")
    for note in (*made.notes, *([made.certificate] if made.certificate else [])):
        print(f"  {note}")
    return 0
