"""A model from any path that holds one: a folder of ours, or another program's weights, converted on the way."""

from __future__ import annotations

import os
import pathlib
import tempfile
import warnings
import weakref

from jax.sharding import Sharding

from flan_jax.checkpoints.load import load_model
from flan_jax.core.errors import ConfigError
from flan_jax.core.settings import settled
from flan_jax.interop.importing import foreign_format, import_weights
from flan_jax.models.family import Dtype
from flan_jax.workflows.arguments import as_path
from flan_jax.workflows.model import Model

KINDS_OF_PATH = "a run's folder, a folder of weights, embedded:lm_adapted, hf:FOLDER, gguf:FILE or t5x:FOLDER"

__all__ = ["KINDS_OF_PATH", "open_model"]


def open_model(
    path: str | os.PathLike[str],
    *,
    vocab_path: str | os.PathLike[str] | None = None,
    dtype: str | None = None,
    sharding: Sharding | None = None,
) -> Model:
    """The model at `path`, as `fj.load` gives it; errors name the command line's flags.

    Args:
      path: see `fj.load`, as for the arguments below.
      vocab_path: by default the vocabulary beside the weights.
      dtype: of activations; by default the model's.
      sharding: where every parameter goes; by default whole on the first device.

    Raises `CheckpointError` for a folder without weights, `ConfigError` for a vocabulary that is not the model's.
    """
    path = as_path("path", path, KINDS_OF_PATH)
    if vocab_path is not None:
        vocab_path = as_path("vocab_path", vocab_path, "a SentencePiece model or a tokenizer.json")
    settled(Dtype | None, dtype, "dtype")
    if foreign_format(path) is None:
        return Model(**vars(load_model(path, vocab_path=vocab_path, dtype=dtype, sharding=sharding)))
    folder = tempfile.TemporaryDirectory(prefix="flan_jax_weights_")
    try:
        imported = import_weights(path, pathlib.Path(folder.name), vocab_path=vocab_path, certify=False)
        for note in imported.notes:
            warnings.warn(f"{path}: {note}", stacklevel=4)  # where fj.load is called
        loaded = load_model(folder.name, vocab_path=vocab_path, dtype=dtype, sharding=sharding)
    except ConfigError as error:
        folder.cleanup()
        # The folder is gone by now: whoever reads this gave `path`.
        parts = (type(part)(part.replace(folder.name, path)) for part in error.args)
        raise type(error)(*parts) from error
    except BaseException:
        folder.cleanup()
        raise
    model = Model(**vars(loaded), is_temporary=True)
    weakref.finalize(model, folder.cleanup)
    return model
