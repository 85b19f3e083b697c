"""Whether imported weights compute what they computed where they came from: logits on fixed inputs, both ways."""

from __future__ import annotations

import dataclasses
import importlib.util
import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from flan_jax.models import ModelConfig, Params, decode_teacher_forced, encode, forward

# Relative to the largest logit, for weights stored as float32.
FLOAT32_LIMIT = 1e-4
_NUM_ROWS, _INPUTS_LENGTH, _TARGETS_LENGTH = 2, 24, 12

__all__ = [
    "FLOAT32_LIMIT",
    "Certificate",
    "compare_with_transformers",
    "fixed_inputs",
    "our_logits",
    "why_no_reference",
]


@dataclasses.dataclass(frozen=True)
class Certificate:
    """Largest difference between our logits and the reference's, both computed in float32.

    Attributes:
      reference: program and version.
      max_abs_error: over all logits of real positions.
      max_logit: largest absolute logit of the reference.
      relative_error: the first over the second.
    """

    reference: str
    max_abs_error: float
    max_logit: float
    relative_error: float


def fixed_inputs(vocab_size: int) -> dict[str, np.ndarray]:
    """The same random ids every time: inputs int32 [2, 24] with a padded row, their mask, decoder inputs [2, 12]."""
    rng = np.random.default_rng(2022)
    inputs_BL = rng.integers(2, vocab_size, (_NUM_ROWS, _INPUTS_LENGTH)).astype(np.int32)
    # One row is padded, so that the masks are compared, too; ids from 2 on, as 0 is padding and 1 the end.
    inputs_BL[1, _INPUTS_LENGTH * 2 // 3 :] = 0
    decoder_BT = rng.integers(2, vocab_size, (_NUM_ROWS, _TARGETS_LENGTH)).astype(np.int32)
    decoder_BT[:, 0] = 0
    return {"inputs": inputs_BL, "mask": (inputs_BL != 0).astype(np.int32), "decoder_inputs": decoder_BT}


def our_logits(config: ModelConfig, params: Params, batch: Mapping[str, np.ndarray]) -> np.ndarray:
    """Float32 on `fixed_inputs`: [2, 12, V], or of a decoder-only model, which reads the inputs alone, [2, 24, V]."""
    config = config.replace(dtype="float32", remat="none")
    inputs_BL, mask_BL, decoder_BT = (jnp.asarray(batch[name]) for name in ("inputs", "mask", "decoder_inputs"))

    @jax.jit
    def run(params: Params) -> jax.Array:
        if config.has_encoder:
            encoded_BLD = encode(config, params, inputs_BL, mask_BL)
            return decode_teacher_forced(config, params, encoded_BLD, mask_BL, decoder_BT)
        return forward(config, params, {"decoder_input_tokens": inputs_BL, "decoder_segment_ids": mask_BL})

    # An accelerator's default rounds float32 products to bfloat16 or TF32, a larger error than the limit.
    with jax.default_matmul_precision("highest"):
        return np.asarray(run(params))


def why_no_reference(path: pathlib.Path | None = None) -> str | None:
    """None where what transformers needs to read `path` (a folder or a gguf file) is here, else what is missing."""
    needed = ("transformers", "torch", *(("accelerate", "gguf") if path and path.is_file() else ()))
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    return f"{' and '.join(missing)} not installed" if missing else None


def compare_with_transformers(config: ModelConfig, params: Params, path: pathlib.Path) -> Certificate:
    """Our parameters' logits against those of transformers' own reading of `path`, a folder or a gguf file; both models
    are in memory."""
    import torch
    import transformers

    is_decoder = not config.has_encoder
    kind: Any = transformers.AutoModelForCausalLM if is_decoder else transformers.AutoModelForSeq2SeqLM
    if path.is_file():
        loaded = kind.from_pretrained(path.parent, gguf_file=path.name, local_files_only=True)
    else:
        loaded = kind.from_pretrained(path, local_files_only=True)
    # A vocabulary made smaller or larger on the way is compared where both have it.
    common = min(config.vocab_size, loaded.config.vocab_size)
    batch = fixed_inputs(common)
    inputs = {"input_ids": batch["inputs"], "attention_mask": batch["mask"]}
    if not is_decoder:
        inputs["decoder_input_ids"] = batch["decoder_inputs"]
    if loaded.dtype != torch.float32:
        loaded = loaded.float()
    with torch.no_grad():
        found = loaded.eval()(**{name: torch.from_numpy(array).long() for name, array in inputs.items()})
    theirs = found.logits.numpy()[..., :common]
    ours = our_logits(config, params, batch)[..., :common]
    if is_decoder:  # what a padding position says means nothing
        theirs, ours = (array[batch["mask"] > 0] for array in (theirs, ours))
    error, largest = float(np.abs(ours - theirs).max()), float(np.abs(theirs).max())
    return Certificate(f"transformers {transformers.__version__}", error, largest, error / largest)
