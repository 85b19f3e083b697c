"""A model to use, from any folder that holds weights: configuration, parameters on the devices, vocabulary."""

from __future__ import annotations

import dataclasses
import os

import jax
from jax.sharding import Sharding, SingleDeviceSharding

from flan_jax.checkpoints.find import WeightsSource, find_weights
from flan_jax.core import assets
from flan_jax.core.errors import ConfigError, Setting
from flan_jax.core.vocabulary import Vocabulary, load_vocabulary
from flan_jax.models import ModelConfig, Params, count_params, param_shapes

__all__ = ["LoadedModel", "load_model", "vocabulary_of"]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LoadedModel:
    """A model on the devices, its vocabulary, and where it came from.

    Attributes:
      config: what the model is.
      params: nested dict of float32 arrays.
      vocabulary: the one it was trained with.
      source: the folder that it was found in, its step, and what that folder says of it.
    """

    config: ModelConfig
    params: Params
    vocabulary: Vocabulary
    source: WeightsSource

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {count_params(self.config):,} parameters)"

    @property
    def name(self) -> str:
        """The folder, and the step where it is known, as tables call the model."""
        step = "" if self.source.step is None else f", step {self.source.step}"
        return f"{self.source.path}{step}"


def load_model(
    path: str | os.PathLike[str],
    *,
    vocab_path: str | os.PathLike[str] | None = None,
    dtype: str | None = None,
    sharding: Sharding | None = None,
) -> LoadedModel:
    """The model at `path`, as it was saved.

    Args:
      path: a run's folder (its selected weights, else its newest checkpoint), one of its checkpoints, a weights folder,
        or `embedded:NAME`.
      vocab_path: SentencePiece model or tokenizer.json; by default the one beside the weights.
      dtype: of activations, "float32" or "bfloat16"; by default the model's.
      sharding: where every parameter goes, whole; by default the first device.

    Raises `CheckpointError` for a folder without weights, `ConfigError` for a vocabulary that is not the model's.
    """
    source = find_weights(assets.resolve(os.fspath(path)))
    config = source.model_config(**({"dtype": dtype} if dtype else {}))
    vocabulary = vocabulary_of(source, vocab_path)
    if vocabulary.size > config.vocab_size:
        raise ConfigError(
            f"vocabulary {vocabulary.path} has {vocabulary.size} pieces, the model {config.vocab_size} embeddings: "
            f"give the vocabulary it was trained with (",
            Setting("--vocab_path"),
            ")",
        )
    place = SingleDeviceSharding(jax.devices()[0]) if sharding is None else sharding
    abstract = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=place), param_shapes(config))
    return LoadedModel(config, source.load(abstract), vocabulary, source)


def vocabulary_of(source: WeightsSource, given: str | os.PathLike[str] | None = None) -> Vocabulary:
    """The one given, else the one beside the weights, else the embedded one; only if it is the model's own.

    Raises `ConfigError` for another model's, and for weights that do not say which is theirs, as imported ones may not:
    they get none by guessing.
    """
    expected = source.vocab_fingerprint
    if given is None and source.vocab_path is None and expected is None:
        raise ConfigError(
            f"{source.path} does not say which vocabulary it was trained with: give its SentencePiece model (",
            Setting("--vocab_path"),
            ")",
        )
    vocabulary = load_vocabulary(assets.resolve(given or str(source.vocab_path or assets.EMBEDDED_VOCAB)))
    if expected is not None and vocabulary.fingerprint != expected:
        raise ConfigError(
            f"{source.path} was trained with vocabulary {expected[:12]}, {vocabulary.path} is "
            f"{vocabulary.fingerprint[:12]}: give the SentencePiece model it was trained with (",
            Setting("--vocab_path"),
            ")",
        )
    return vocabulary
