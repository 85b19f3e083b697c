"""Generations token for token as transformers' `generate` and T5X's `beam_search` gave them, float32.

tests/golden/transformers_generate.npz holds transformers 5.23's generations for ragged random prompts of the models in
peers/hf: greedy and with beams, at three length penalties, with one end id and with 41 (so that many sequences end,
early and late, and beams run out); `label_scores` are its `sequences_scores`. Its encoder-decoders ran without a cache,
which transformers 5.23 gets wrong where the decoder is deeper than the encoder.
"""

import functools
import json
import pathlib
import tempfile

import jax.numpy as jnp
import numpy as np
import pytest
from safetensors.numpy import load_file
from shared import ROOT, shared_path

from flan_jax.checkpoints.weights import load_weights
from flan_jax.decode import BeamSearch, Greedy, Stop, generate, score_targets
from flan_jax.interop.hugging_face import open_hugging_face
from flan_jax.interop.t5x_names import from_t5x
from flan_jax.models import DecoderConfig, T5Config

FAMILIES = ("t5_v1_1", "t5_v1_0", "mt5", "llama")
CASES = [
    *[(family, "greedy", "many") for family in FAMILIES],
    *[(family, "beam4_1", "many") for family in ("t5_v1_1", "mt5", "llama")],
    ("mt5", "beam3_0", "many"),
    ("llama", "beam3_0", "many"),
    ("t5_v1_1", "beam2_2", "one"),
    ("llama", "beam2_2", "one"),
]
LIMIT = 16
METHODS = {
    "greedy": Greedy(),
    "beam4_1": BeamSearch(4, 1.0, "transformers"),
    "beam3_0": BeamSearch(3, 0.0, "transformers"),
    "beam2_2": BeamSearch(2, 2.0, "transformers"),
}


@functools.cache
def model(family):
    """(config, parameters) of one of transformers' small models."""
    folder = shared_path(f"peers/hf/{family}")
    if family == "llama":
        return llama(folder)
    opened = open_hugging_face(folder)
    with tempfile.TemporaryDirectory() as written:
        opened.write(pathlib.Path(written) / "weights.safetensors", "float32")
        (pathlib.Path(written) / "model.json").write_text('{"format_version": 1, "model": {}}')
        params, _ = load_weights(written)
    return opened.config, params


def llama(folder):
    """Llama's tensors by their Hugging Face names: this test reads them without the importer."""
    fields = json.loads((folder / "config.json").read_text())
    config = DecoderConfig(
        vocab_size=fields["vocab_size"],
        emb_dim=fields["hidden_size"],
        num_layers=fields["num_hidden_layers"],
        num_heads=fields["num_attention_heads"],
        num_kv_heads=fields["num_key_value_heads"],
        head_dim=fields["head_dim"],
        mlp_dim=fields["intermediate_size"],
        norm_epsilon=fields["rms_norm_eps"],
        rope_theta=fields["rope_parameters"]["rope_theta"],
        embeddings="untied",
        attention="causal",
        start_id=None,
        prompt_end="nothing",
        dtype="float32",
    )
    tensors = load_file(folder / "model.safetensors")

    def stack(name, is_matrix=True):
        layers = [tensors[f"model.layers.{i}.{name}.weight"] for i in range(config.num_layers)]
        return np.stack([layer.T if is_matrix else layer for layer in layers])

    def kernel(name):
        return {"kernel": stack(name)}

    attention = {
        ours: kernel(f"self_attn.{theirs}_proj")
        for ours, theirs in {"query": "q", "key": "k", "value": "v", "out": "o"}.items()
    }
    mlp = {"wi_0": "gate", "wi_1": "up", "wo": "down"}
    layers = {
        "pre_attention_layer_norm": {"scale": stack("input_layernorm", is_matrix=False)},
        "attention": attention,
        "pre_mlp_layer_norm": {"scale": stack("post_attention_layernorm", is_matrix=False)},
        "mlp": {ours: kernel(f"mlp.{theirs}_proj") for ours, theirs in mlp.items()},
    }
    decoder = {
        "layers": layers,
        "decoder_norm": {"scale": tensors["model.norm.weight"]},
        "logits_dense": {"kernel": tensors["lm_head.weight"].T},
    }
    return config, {"token_embedder": {"embedding": tensors["model.embed_tokens.weight"]}, "decoder": decoder}


@functools.cache
def golden():
    with np.load(ROOT / "tests" / "golden" / "transformers_generate.npz") as arrays:
        return {name: arrays[name].astype(np.float32 if name.endswith("scores") else np.int32) for name in arrays}


@functools.cache
def generated(family, method, which):
    config, params = model(family)
    references = golden()
    end = 2 if family == "llama" else 1
    stop = Stop(eos_ids=references[f"{family}/eos_ids"].tolist() if which == "many" else (end,))
    inputs_BL, lengths_B = references[f"{family}/inputs"], references[f"{family}/lengths"]
    limits_B = jnp.full(len(inputs_BL), LIMIT, jnp.int32)
    return generate(config, params, inputs_BL, lengths_B, limits_B, LIMIT, METHODS[method], stop=stop)


@pytest.mark.parametrize(("family", "method", "which"), CASES)
def test_equals_transformers_generate(family, method, which):
    out = generated(family, method, which)
    expected_BMT = golden()[f"{family}/{method}_{which}"]
    # transformers 5.23 fills the rest of a beam with its EOS id where the padding id is 0.
    is_generated = np.arange(LIMIT) < np.asarray(out.num_tokens_BM)[..., None]
    np.testing.assert_array_equal(out.tokens_BMT, np.where(is_generated, expected_BMT, 0))
    is_filling = np.isin(expected_BMT, [0, 2 if family == "llama" else 1])
    assert np.all(is_filling | is_generated), "transformers generated more tokens than we did"
    if method != "greedy":
        np.testing.assert_allclose(out.scores_BM, golden()[f"{family}/{method}_{which}_scores"], rtol=2e-5, atol=2e-5)


def test_the_references_hold_early_and_late_ends_and_none():
    ends = {int(n) for case in CASES[4:] for n in np.asarray(generated(*case).num_tokens_BM).flat}
    assert min(ends) <= 2 and max(ends) == LIMIT and len(ends) > 8


def test_equals_the_generations_stored_with_transformers_models():
    """Longer prompts than above. Greedy always; with beams where the rules agree: nothing ends before the limit."""
    for family in ("t5_v1_1", "llama"):
        with np.load(shared_path(f"peers/hf/{family}") / "reference.npz") as arrays:
            reference = dict(arrays)
        config, params = model(family)
        inputs_BL, lengths_B = reference["input_ids"], reference["attention_mask"].sum(1).astype(np.int32)
        greedy_BT, eos_id = reference["greedy_ids"][:, 1:], 1
        if family == "llama":  # greedy over 40 tokens of each prompt
            inputs_BL, lengths_B, greedy_BT, eos_id = (
                inputs_BL[:, :40],
                np.full(2, 40),
                reference["greedy_ids"][:, 40:],
                2,
            )
        num_tokens = greedy_BT.shape[1]
        limits_B, stop = np.full(2, num_tokens, np.int32), Stop(eos_ids=(eos_id,))
        out = generate(config, params, inputs_BL, lengths_B, limits_B, num_tokens, stop=stop)
        np.testing.assert_array_equal(out.tokens_BMT[:, 0], greedy_BT)
        if "beam4_ids" not in reference:
            continue
        for rule, alpha in (("transformers", 1.0), ("t5x", 0.6)):
            beams = reference["beam4_ids"][:, 1:]
            method = BeamSearch(4, alpha, rule)
            out = generate(config, params, inputs_BL, lengths_B, np.full(2, 12, np.int32), 12, method, stop=stop)
            np.testing.assert_array_equal(out.tokens_BMT[:, 0], beams)


def test_equals_t5x_beam_search():
    folder = shared_path("peers/t5x_tiny")
    fields = json.loads((folder / "config.json").read_text())
    config = T5Config(**{**fields, "mlp_activations": tuple(fields["mlp_activations"])})
    with np.load(folder / "params.npz") as params, np.load(folder / "decode_beam4_alpha0_6.npz") as expected:
        tree, reference = from_t5x(dict(params), config), dict(expected)
    inputs_BL = reference["encoder_input_tokens"]
    lengths_B, limits_B = (inputs_BL != 0).sum(1).astype(np.int32), np.full(3, 16, np.int32)
    out = generate(config, tree, inputs_BL, lengths_B, limits_B, 16, BeamSearch(4, 0.6, "t5x"))
    np.testing.assert_array_equal(out.tokens_BMT[:, ::-1], reference["tokens"])  # T5X puts the best beam last
    np.testing.assert_allclose(out.scores_BM[:, ::-1], reference["scores"], rtol=1e-6)
    scores = score_targets(
        config, tree, inputs_BL, np.repeat(np.arange(3), 4), out.tokens_BMT.reshape(12, 16), np.full(12, 16)
    )
    np.testing.assert_allclose(scores, np.asarray(out.log_probs_BM).reshape(-1), rtol=1e-5)
