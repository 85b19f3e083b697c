"""`flan-jax adapt`: an encoder-decoder to train, out of a decoder-only checkpoint."""

from __future__ import annotations

import argparse

from flan_jax.cli.flags import flag
from flan_jax.core.settings import PathText
from flan_jax.models import count_params
from flan_jax.workflows.adapting import adapt_weights

HELP = "Make an encoder-decoder out of a decoder-only checkpoint, to be trained then (T5Gemma's recipe)."

__all__ = ["HELP", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `adapt`."""
    parser.add_argument(
        "--checkpoint",
        type=flag(PathText),
        required=True,
        help="of a decoder-only model: a run's folder, one of its checkpoints, a weights folder, hf:… or gguf:…",
    )
    parser.add_argument("--out", required=True, type=flag(PathText), help="the weights folder to make")
    parser.add_argument(
        "--dtype", choices=["float32", "bfloat16"], help="stored in --out (default: what the checkpoint is stored in)"
    )
    parser.add_argument(
        "--vocab_path",
        type=flag(PathText),
        help="SentencePiece model or tokenizer.json (default: the one the checkpoint was trained with)",
    )


def run(args: argparse.Namespace) -> int:
    """Adapts `args.checkpoint`."""
    made = adapt_weights(args.checkpoint, args.out, vocab_path=args.vocab_path, dtype=args.dtype)
    config = made.config
    print(f"{count_params(config):,} parameters as {made.dtype}: {made.folder}")
    print(
        f"  {config.num_encoder_layers} layers of an encoder and {config.num_layers} of a decoder, whose "
        f"cross-attention starts as its self-attention; answers begin behind id {config.start_id}"
    )
    for note in made.notes:
        print(f"  {note}")
    print("  train it before you use it: RunConfig.model = @EncoderDecoderConfig(), INITIAL_CHECKPOINT_PATH")
    return 0
