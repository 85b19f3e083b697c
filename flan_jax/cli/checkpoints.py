"""A model to use, from any folder that holds weights: shared by `infer` and `eval`."""

from __future__ import annotations

import argparse
import dataclasses

import jax
from jax.sharding import Sharding

from flan_jax.checkpoints.find import WeightsSource, find_weights
from flan_jax.core import assets
from flan_jax.core.errors import ConfigError
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.core.vocabulary_file import load_vocabulary
from flan_jax.models import ModelConfig, Params, param_shapes

__all__ = ["LoadedModel", "add_model_arguments", "load_model"]


@dataclasses.dataclass(frozen=True)
class LoadedModel:
    """A model on the devices, its vocabulary, and where it came from."""

    config: ModelConfig
    params: Params
    vocabulary: Vocabulary
    source: WeightsSource


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """`--checkpoint`, `--vocab_path`, `--dtype`."""
    parser.add_argument(
        "--checkpoint",
        required=True,
        help="a run's folder (its selected weights), one of its checkpoints, a weights folder, or embedded:NAME",
    )
    parser.add_argument(
        "--vocab_path", help="SentencePiece model or tokenizer.json (default: the one the checkpoint was trained with)"
    )
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], help="of activations (default: the model's)")


def load_model(args: argparse.Namespace, sharding: Sharding) -> LoadedModel:
    """The model that parsed `add_model_arguments` name, every parameter laid out by `sharding`.

    Raises `CheckpointError` for a folder without weights, `ConfigError` for a vocabulary that is not the model's.
    """
    source = find_weights(assets.resolve(args.checkpoint))
    config = source.model_config(**({"dtype": args.dtype} if args.dtype else {}))
    vocabulary = _vocabulary(args.vocab_path, source)
    if vocabulary.size > config.vocab_size:
        raise ConfigError(
            f"vocabulary {vocabulary.path} has {vocabulary.size} pieces, the model {config.vocab_size} embeddings: "
            f"give the vocabulary it was trained with (--vocab_path)"
        )
    abstract = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=sharding), param_shapes(config))
    return LoadedModel(config, source.load(abstract), vocabulary, source)


def _vocabulary(given: str | None, source: WeightsSource) -> Vocabulary:
    """The one given, else the one beside the weights, else the embedded one; only if it is the model's own.

    Weights that do not say which is theirs, as imported ones may not, get none by guessing.
    """
    expected = source.vocab_fingerprint
    if given is None and source.vocab_path is None and expected is None:
        raise ConfigError(
            f"{source.path} does not say which vocabulary it was trained with: give its SentencePiece "
            f"model (--vocab_path)"
        )
    vocabulary = load_vocabulary(assets.resolve(given or str(source.vocab_path or assets.EMBEDDED_VOCAB)))
    if expected is not None and vocabulary.fingerprint != expected:
        raise ConfigError(
            f"{source.path} was trained with vocabulary {expected[:12]}, {vocabulary.path} is "
            f"{vocabulary.fingerprint[:12]}: give the SentencePiece model it was trained with (--vocab_path)"
        )
    return vocabulary
