"""Writes `transformers_generate.npz`: what transformers 5.23's `generate` gives for the prompts that the file holds.

    python tests/golden/transformers_generate_make.py     # with torch and transformers 5.23, and FLAN_JAX_SHARED set

The models are the small random ones of `peers/hf` in the project's shared folder. Prompts, their lengths and the 41 end
ids are kept as they are; generations and scores are made anew. Encoder-decoders run without a cache, which transformers
5.23 gets wrong where the decoder is deeper than the encoder.
"""

from __future__ import annotations

import os
import pathlib
import sys

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE / "transformers_generate.npz"
SHARED = pathlib.Path(os.environ.get("FLAN_JAX_SHARED", HERE.parent.parent.parent / "shared"))
LIMIT = 16  # generated tokens
ROUNDING = 2e-5  # of a score


def generate(
    family: str, method: str, ends: list[int], inputs_BL: np.ndarray, lengths_B: np.ndarray
) -> dict[str, np.ndarray]:
    """Tokens int16 [B, M, LIMIT] and, of beams, scores float32 [B, M].

    Args:
      family: the model's folder below `peers/hf`.
      method: "greedy", or "beam<number of beams>_<length penalty>".
      ends: ids that end a sequence.
      inputs_BL: prompts, padded with 0 at the end.
      lengths_B: tokens of each prompt.
    """
    is_decoder = family == "llama"
    kind = AutoModelForCausalLM if is_decoder else AutoModelForSeq2SeqLM
    model = kind.from_pretrained(SHARED / "peers" / "hf" / family, dtype=torch.float32).eval()
    num_beams, alpha = (1, 1.0) if method == "greedy" else map(float, method.removeprefix("beam").split("_"))
    num_beams = int(num_beams)
    tokens = np.zeros((len(inputs_BL), num_beams, LIMIT), np.int16)
    scores = np.zeros((len(inputs_BL), num_beams), np.float32)
    for row, (ids_L, length) in enumerate(
        zip(inputs_BL, lengths_B, strict=True)
    ):  # one by one: no padding plays a part
        prompt = torch.tensor(ids_L[:length].astype(np.int64))[None]
        out = model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=LIMIT,
            do_sample=False,
            num_beams=num_beams,
            num_return_sequences=num_beams,
            length_penalty=alpha,
            early_stopping=False,
            eos_token_id=ends,
            pad_token_id=0,
            use_cache=is_decoder,
            return_dict_in_generate=True,
            output_scores=True,
        )
        new = out.sequences[:, length if is_decoder else 1 :].numpy()
        tokens[row, :, : new.shape[1]] = new
        if num_beams > 1:
            scores[row] = out.sequences_scores.numpy()
    return {"": tokens} | ({"_scores": scores} if num_beams > 1 else {})


def main() -> None:
    """Writes the file."""
    if not (SHARED / "peers" / "hf").is_dir():
        sys.exit(f"{SHARED / 'peers' / 'hf'} is absent: set FLAN_JAX_SHARED to the project's shared folder")
    with np.load(GOLDEN) as arrays:
        old = dict(arrays)
    made = {}
    for name, array in old.items():
        family, what = name.split("/")
        if what in ("inputs", "lengths", "eos_ids"):
            made[name] = array
        elif not what.endswith("_scores"):
            method, which = what.rsplit("_", 1)
            ends = old[f"{family}/eos_ids"].tolist() if which == "many" else [2 if family == "llama" else 1]
            found = generate(family, method, ends, old[f"{family}/inputs"], old[f"{family}/lengths"])
            made |= {name + end: values for end, values in found.items()}
    # Another processor sums in another order: scores that differ by that alone stay, so that the file does.
    kept = {name: old[name] if _is_rounding(old[name], made[name]) else made[name] for name in old}
    np.savez_compressed(GOLDEN, **kept)


def _is_rounding(old: np.ndarray, new: np.ndarray) -> bool:
    return old.dtype == np.float32 and old.shape == new.shape and np.allclose(old, new, rtol=0, atol=ROUNDING)


if __name__ == "__main__":
    main()
