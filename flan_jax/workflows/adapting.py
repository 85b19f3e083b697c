"""A decoder-only checkpoint as a weights folder of an encoder-decoder to train (`flan_jax.models.adaptation`)."""

from __future__ import annotations

import dataclasses
import os
import pathlib

from flan_jax.checkpoints.find import WeightsSource, check_is_no_run
from flan_jax.checkpoints.lineage import TRAINED_ON, TrainedOn, trained_on
from flan_jax.checkpoints.weights import MODEL_FILE, WEIGHTS_FILE, is_weights_folder, read_model_info, save_weights
from flan_jax.core.disk import sweep_partial
from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.interop.pieces import stored_dtype
from flan_jax.interop.tensors import SafetensorsTensors
from flan_jax.models import DecoderConfig, EncoderDecoderConfig
from flan_jax.models.adaptation import adapted_config, adapted_params
from flan_jax.models.family import Dtype
from flan_jax.workflows.loading import open_model

RECIPE = "arXiv 2504.06225"

__all__ = ["AdaptedWeights", "adapt_weights"]


@dataclasses.dataclass(frozen=True)
class AdaptedWeights:
    """What `adapt_weights` made.

    Attributes:
      folder: the weights folder.
      config: the model.
      dtype: what its parameters are stored as.
      notes: what a user should know of it.
    """

    folder: pathlib.Path
    config: EncoderDecoderConfig
    dtype: str
    notes: tuple[str, ...]


def adapt_weights(
    checkpoint: str,
    out: str | os.PathLike[str],
    *,
    vocab_path: str | None = None,
    dtype: Dtype | None = None,
) -> AdaptedWeights:
    """Makes a weights folder of an encoder-decoder out of a decoder-only model: what training then begins with.

    Args:
      checkpoint: any path that `fj.load` takes, of a decoder-only model.
      out: the folder to make.
      vocab_path: the vocabulary to put beside the weights; by default the checkpoint's.
      dtype: what is stored, "float32" or "bfloat16"; by default what the checkpoint is stored in.

    Raises `CheckpointError` for an `out` that holds a model, and for a checkpoint that cannot be read; `ConfigError`
    for one that has an encoder already, or whose layers have no place in an encoder-decoder.
    """
    folder = pathlib.Path(out)
    for name in (WEIGHTS_FILE, MODEL_FILE):
        if (folder / name).exists():
            raise CheckpointError(f"{folder / name} is there already: delete {folder}, or give another --out")
    check_is_no_run(folder)
    if folder.is_dir():
        sweep_partial(folder)  # of a verb that was killed
    model = open_model(checkpoint, vocab_path=vocab_path)
    start_id, name = _start(model.vocabulary)
    try:
        config = adapted_config(model.config, start_id)
    except ConfigError as error:
        raise ConfigError(f"{checkpoint}: {error}") from error
    has_start = isinstance(model.config, DecoderConfig) and model.config.start_id is not None
    notes = (
        () if has_start else (f"the decoder's texts began with their own first token: answers now begin behind {name}",)
    )
    dtype = dtype or _stored_dtype(model.source)
    folder.mkdir(parents=True, exist_ok=True)
    model.vocabulary.copy_to(folder)
    save_weights(
        folder,
        adapted_params(model.params),
        config.to_json(),
        dtype=dtype,
        vocab_file=model.vocabulary.path.name,
        vocab_fingerprint=model.vocabulary.fingerprint,
        origin=_origin(checkpoint, model.source),
        **{TRAINED_ON: _lineage(checkpoint, model.source).to_json()},
    )
    return AdaptedWeights(folder, config, dtype, notes)


def _start(vocabulary: Vocabulary) -> tuple[int, str]:
    """(id, name) of the token that an answer begins behind, where the decoder's own texts have none in front."""
    return (vocabulary.eos_id, "EOS") if vocabulary.bos_id is None else (vocabulary.bos_id, "BOS")


def _stored_dtype(source: WeightsSource) -> Dtype:
    if not is_weights_folder(source.path):
        return "float32"
    return stored_dtype(SafetensorsTensors(source.path, [source.path / WEIGHTS_FILE]).infos)


def _origin(checkpoint: str, source: WeightsSource) -> dict[str, object]:
    """Where the weights came from, as model.json says it; with what the decoder's own says, where it was imported."""
    info = read_model_info(source.path) if is_weights_folder(source.path) else {}
    before = {"decoder": info["origin"]} if "origin" in info else {}
    return {"format": "adapted", "name": checkpoint, "recipe": RECIPE, "step": source.step, **before}


def _lineage(checkpoint: str, source: WeightsSource) -> TrainedOn:
    """The decoder's training data, which the new model has seen as well."""
    found = trained_on(source)
    # A folder that goes with this process is named as the user named it.
    unknown = tuple(line.replace(str(source.path), checkpoint) for line in found.unknown)
    return dataclasses.replace(found, unknown=unknown)
