"""Writes the folders beside it: small random models as transformers saves them, each with transformers' own numbers.

    python tests/data/families/make.py     # with torch and transformers 5.24

A folder has `config.json`, `model.safetensors` (float16) and `reference.npz`: two rows of ids with mask and labels, and
of them logits, loss, every gradient's norm and some gradients; and what greedy generation goes on with.
"""

from __future__ import annotations

import pathlib

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

HERE = pathlib.Path(__file__).resolve().parent
SIZES = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 40,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 12,
    "num_hidden_layers": 2,
    "max_position_embeddings": 64,
    "bos_token_id": 2,
    "eos_token_id": 1,
    "pad_token_id": 0,
}
LOCAL, GLOBAL = "sliding_attention", "full_attention"
FAMILIES = {
    "gemma3": {
        "model_type": "gemma3_text",
        "num_hidden_layers": 4,
        "num_key_value_heads": 1,
        "sliding_window": 5,
        "layer_types": [LOCAL, LOCAL, GLOBAL, LOCAL],
        "query_pre_attn_scalar": 20,
        "rope_parameters": {
            GLOBAL: {"rope_type": "linear", "factor": 4.0, "rope_theta": 1e6},
            LOCAL: {"rope_type": "default", "rope_theta": 10000.0},
        },
    },
    "gemma2": {
        "model_type": "gemma2",
        "sliding_window": 5,
        "query_pre_attn_scalar": 12,
        "attn_logit_softcapping": 3.0,
        "final_logit_softcapping": 4.0,
    },
    # Wavelengths below, between and above both limits.
    "llama3": {
        "model_type": "llama",
        "tie_word_embeddings": True,
        "rope_parameters": {
            "rope_type": "llama3",
            "rope_theta": 100.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 32,
        },
    },
    "qwen2": {"model_type": "qwen2", "tie_word_embeddings": True, "head_dim": None, "use_sliding_window": False},
    "qwen3": {
        "model_type": "qwen3",
        "tie_word_embeddings": False,
        "use_sliding_window": True,
        "sliding_window": 7,
        "max_window_layers": 0,
    },
}
UMT5 = {
    "model_type": "umt5",
    "vocab_size": 64,
    "d_model": 24,
    "d_kv": 8,
    "d_ff": 40,
    "num_heads": 4,
    "num_layers": 2,
    "num_decoder_layers": 2,
    "relative_attention_num_buckets": 8,
    "relative_attention_max_distance": 12,
    "tie_word_embeddings": False,
}
# Stacks of two depths; windows in every second layer; soft caps; grouped heads.
T5GEMMA_STACK = {
    **SIZES,
    "sliding_window": 5,
    "query_pre_attn_scalar": 12,
    "attn_logit_softcapping": 3.0,
    "final_logit_softcapping": 4.0,
}
# Gradients that are kept whole, where a family has them.
KEPT = (
    "model.layers.1.self_attn.k_proj.weight",
    "model.layers.1.self_attn.q_proj.bias",
    "model.layers.0.self_attn.q_norm.weight",
    "model.layers.0.post_attention_layernorm.weight",
    "model.norm.weight",
)


def draw(name: str, family: str, weight: torch.Tensor) -> None:
    """Fills a weight with normal numbers that float16 holds, of a size with which no part of the model is nearly
    without effect."""
    values = torch.randn_like(weight)
    if "norm" in name:
        values = (0.0 if family.startswith("gemma") else 1.0) + 0.3 * values
    elif name.endswith("bias"):
        values = 0.3 * values
    elif "embed" in name:
        values = (0.15 if family.startswith("gemma") else 0.4) * values
    else:
        values = values * 2.0 / weight.shape[1] ** 0.5
    weight.copy_(values.half().float())


def write(family: str) -> None:
    """One family's folder."""
    torch.manual_seed(0)
    settings = {name: value for name, value in {**SIZES, **FAMILIES[family]}.items() if value is not None}
    config = AutoConfig.for_model(**settings)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            draw(name, family, weight)
    folder = HERE / family
    model.half().save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    # Loaded anew: `half` has rounded the rotations' frequencies, which are not saved.
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    ids = np.random.default_rng(0).integers(3, 64, (2, 24)).astype(np.int32)
    mask = np.ones_like(ids)
    mask[1, 17:] = ids[1, 17:] = 0
    labels = np.where(mask > 0, ids, -100)
    labels[0, :6] = -100
    rows = {"input_ids": ids, "attention_mask": mask, "labels": labels}
    out = model(**{name: torch.tensor(array, dtype=torch.long) for name, array in rows.items()})
    out.loss.backward()
    numbers = {**rows, "logits": out.logits.detach().numpy(), "loss": out.loss.detach().numpy()}
    for name, weight in model.named_parameters():
        numbers[f"grad_norm/{name}"] = np.float32(np.linalg.norm(weight.grad.numpy()))
        if name in KEPT:
            numbers[f"grad/{name}"] = weight.grad.numpy()
    prompt = torch.tensor(ids[:1, :10], dtype=torch.long)
    made = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=20)
    numbers["greedy_ids"] = made.numpy().astype(np.int32)
    np.savez_compressed(folder / "reference.npz", **numbers)
    print(family, float(out.loss), np.abs(numbers["logits"]).max(), numbers["greedy_ids"][0, 10:])


def write_umt5() -> None:
    """An encoder-decoder's folder: logits, gradients' norms, and greedy ids behind the start id."""
    torch.manual_seed(0)
    model = AutoModelForSeq2SeqLM.from_config(AutoConfig.for_model(**UMT5)).float().eval()
    # An output matrix of its own, as the published folders have, where version 5 ties a new model's.
    model.lm_head.weight = torch.nn.Parameter(torch.zeros(64, 24))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "relative" in name:
                weight.copy_(torch.randn_like(weight).half().float())
            elif "norm" in name:
                weight.copy_((1 + 0.3 * torch.randn_like(weight)).half().float())
            else:
                draw(name.replace("shared", "embed"), "umt5", weight)
                weight.mul_(0.25 if name.endswith(".q.weight") else 1.0)  # T5 divides no scores by sqrt(head size)
    folder = HERE / "umt5"
    model.half().save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval()
    rng = np.random.default_rng(0)
    ids, labels = rng.integers(3, 64, (2, 18)), rng.integers(3, 64, (2, 9))
    mask = np.ones_like(ids)
    mask[1, 13:] = ids[1, 13:] = 0
    rows = {"input_ids": ids, "attention_mask": mask, "labels": labels}
    out = model(**{name: torch.tensor(array) for name, array in rows.items()})
    out.loss.backward()
    assert model.lm_head.weight is not model.shared.weight, "the matrix was tied"
    numbers = {**rows, "logits": out.logits.detach().numpy(), "loss": out.loss.detach().numpy()}
    for name, weight in model.named_parameters():
        numbers[f"grad_norm/{name}"] = np.float32(np.linalg.norm(weight.grad.numpy()))
    made = model.generate(
        torch.tensor(ids), attention_mask=torch.tensor(mask), do_sample=False, max_new_tokens=12, min_new_tokens=12
    )
    numbers["greedy_ids"] = made.numpy().astype(np.int32)
    np.savez_compressed(folder / "reference.npz", **numbers)
    print("umt5", float(out.loss), np.abs(numbers["logits"]).max(), numbers["greedy_ids"])


def write_t5gemma() -> None:
    """As `write_umt5`, and with targets padded too."""
    torch.manual_seed(3)  # with which greedy tokens change on the way
    stacks = {"encoder": {**T5GEMMA_STACK, "num_hidden_layers": 3}, "decoder": T5GEMMA_STACK}
    config = AutoConfig.for_model("t5gemma", vocab_size=64, **stacks)
    model = AutoModelForSeq2SeqLM.from_config(config, attn_implementation="eager").float().eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            draw(name, "gemma", weight)
    folder = HERE / "t5gemma"
    model.half().save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    # The window of the authors' own code, in versions 4, ends before distance 5 on either side. Version 5 has made that
    # "up to 5" in encoders (and not in decoders): with 4 it computes what the folder says.
    model.config.encoder.sliding_window = T5GEMMA_STACK["sliding_window"] - 1
    rng = np.random.default_rng(0)
    ids, labels = rng.integers(3, 64, (2, 18)), rng.integers(3, 64, (2, 9))
    mask = np.ones_like(ids)
    mask[1, 13:] = ids[1, 13:] = 0
    labels[1, 6:] = -100
    rows = {"input_ids": ids, "attention_mask": mask, "labels": labels}
    out = model(**{name: torch.tensor(array) for name, array in rows.items()})
    out.loss.backward()
    numbers = {**rows, "logits": out.logits.detach().numpy(), "loss": out.loss.detach().numpy()}
    for name, weight in model.named_parameters():
        numbers[f"grad_norm/{name}"] = np.float32(np.linalg.norm(weight.grad.numpy()))
    made = model.generate(
        torch.tensor(ids),
        attention_mask=torch.tensor(mask),
        do_sample=False,
        max_new_tokens=12,
        min_new_tokens=12,
        decoder_start_token_id=2,
    )
    numbers["greedy_ids"] = made.numpy().astype(np.int32)
    np.savez_compressed(folder / "reference.npz", **numbers)
    print("t5gemma", float(out.loss), np.abs(numbers["logits"]).max(), numbers["greedy_ids"])


if __name__ == "__main__":
    for each in FAMILIES:
        write(each)
    write_umt5()
    write_t5gemma()
