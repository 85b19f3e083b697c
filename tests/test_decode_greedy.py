"""Greedy decoding and answer scores: equal to teacher forcing, to T5X, to transformers, and on any mesh."""

import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from safetensors.numpy import load_file
from shared import shared_path

from flan_jax.core.vocabulary import EOS_ID
from flan_jax.decode import greedy_decode, score_targets
from flan_jax.interop.t5x_names import from_t5x
from flan_jax.models import T5Config, forward, init_params

CONFIG = T5Config(
    vocab_size=40,
    emb_dim=16,
    num_heads=2,
    num_encoder_layers=1,
    num_decoder_layers=2,
    head_dim=8,
    mlp_dim=32,
    dtype="float32",
)
B, T = 24, 12


@functools.cache
def random_params(seed=0):
    """Random weights whose embeddings are small, so that the greedy choice depends on more than the last token."""
    params = jax.jit(init_params, static_argnums=0)(CONFIG, jax.random.key(seed))
    params["decoder"]["logits_dense"]["kernel"] = params["decoder"]["logits_dense"]["kernel"] * 3.0
    return jax.tree.map(np.asarray, params)


def ragged_prompts(num=6, length=10, seed=0):
    rng = np.random.default_rng(seed)
    inputs_BL = np.zeros((num, length), np.int32)
    for row in range(num):
        n = int(rng.integers(1, length))
        inputs_BL[row, :n] = rng.integers(3, CONFIG.vocab_size, n)
        inputs_BL[row, n] = EOS_ID
    return inputs_BL


def limits(num, limit=T):
    return jnp.full((num,), limit, jnp.int32)


@jax.jit
def full_forward(params, inputs_BL, shifted_BT):
    """The training-time model's logits."""
    return forward(CONFIG, params, {"encoder_input_tokens": inputs_BL, "decoder_input_tokens": shifted_BT})


def greedy_by_full_forward(params, inputs_BL, length):
    """Argmax of the whole model run again for every token; no cache."""
    tokens_BT = np.zeros((len(inputs_BL), length), np.int32)
    log_probs_B = np.zeros(len(inputs_BL))
    is_open_B = np.ones(len(inputs_BL), bool)
    for t in range(length):
        shifted_BT = np.pad(tokens_BT[:, :-1], ((0, 0), (1, 0)))
        logits_BTV = full_forward(params, inputs_BL, shifted_BT)
        log_probs_BV = np.asarray(jax.nn.log_softmax(logits_BTV[:, t]))
        best_B = log_probs_BV.argmax(-1)
        tokens_BT[:, t] = np.where(is_open_B, best_B, 0)
        log_probs_B += np.where(is_open_B, log_probs_BV.max(-1), 0.0)
        is_open_B &= best_B != EOS_ID
    return tokens_BT, log_probs_B


@functools.cache
def generated():
    return greedy_decode(CONFIG, random_params(), ragged_prompts(B), limits(B), T)


def test_cached_greedy_equals_the_argmax_of_repeated_full_forwards():
    tokens_BT, log_probs_B = greedy_by_full_forward(random_params(), ragged_prompts(B), T)
    out = generated()
    np.testing.assert_array_equal(out.tokens_BT, tokens_BT)
    np.testing.assert_allclose(out.log_probs_B, log_probs_B, rtol=1e-5, atol=1e-4)
    finished_B = (tokens_BT == EOS_ID).any(1)
    assert 0 < finished_B.sum() < B, "some rows end early, some do not"
    np.testing.assert_array_equal(out.finished_B, finished_B)
    ends_B = np.where(finished_B, (tokens_BT == EOS_ID).argmax(1) + 1, T)
    np.testing.assert_array_equal(out.num_tokens_B, ends_B)


def test_padding_neighbours_and_limits_change_no_rows_tokens():
    inputs_BL, whole = ragged_prompts(B)[:6], generated()
    padded_BL = np.pad(inputs_BL, ((0, 0), (0, 7)))
    limits_B = jnp.array([3, T, 1, 5, 0, T], jnp.int32)
    cut = greedy_decode(CONFIG, random_params(), padded_BL, limits_B, T)
    for row, limit in enumerate(limits_B):
        np.testing.assert_array_equal(cut.tokens_BT[row, :limit], whole.tokens_BT[row, :limit])
        assert not np.any(cut.tokens_BT[row, limit:])
        assert int(cut.num_tokens_B[row]) == min(int(limit), int(whole.num_tokens_B[row]))
    assert float(cut.log_probs_B[4]) == 0.0


def test_option_scores_equal_teacher_forcing_and_do_not_depend_on_their_batch():
    rng = np.random.default_rng(1)
    inputs_BL = ragged_prompts(3)
    prompt_R = np.array([0, 0, 1, 2, 2, 2], np.int32)
    lengths_R = np.array([3, 5, 1, 4, 2, 0], np.int32)
    targets_RT = np.zeros((6, 6), np.int32)
    for row, n in enumerate(lengths_R):
        targets_RT[row, :n] = rng.integers(2, CONFIG.vocab_size, n)
        targets_RT[row, max(n - 1, 0)] = EOS_ID
    scores_R = score_targets(CONFIG, random_params(), inputs_BL, prompt_R, targets_RT, lengths_R)
    shifted_RT = np.pad(targets_RT[:, :-1], ((0, 0), (1, 0)))
    logits_RTV = full_forward(random_params(), inputs_BL[prompt_R], shifted_RT)
    log_probs_RTV = np.asarray(jax.nn.log_softmax(logits_RTV))
    expected_R = [sum(log_probs_RTV[r, t, targets_RT[r, t]] for t in range(n)) for r, n in enumerate(lengths_R)]
    np.testing.assert_allclose(scores_R, expected_R, atol=1e-4)
    alone_1 = score_targets(CONFIG, random_params(), inputs_BL[2:], prompt_R[:1], targets_RT[3:4], lengths_R[3:4])
    np.testing.assert_allclose(alone_1[0], scores_R[3], atol=1e-4)


def test_a_generation_scores_what_greedy_decoding_said():
    out = generated()
    scores = score_targets(CONFIG, random_params(), ragged_prompts(B), np.arange(B), out.tokens_BT, out.num_tokens_B)
    np.testing.assert_allclose(scores, out.log_probs_B, rtol=1e-5, atol=1e-4)


def test_a_mesh_gives_the_tokens_of_one_device():
    mesh = Mesh(np.array(jax.devices()[:8]).reshape(2, 2, 2), ("data", "fsdp", "model"))
    inputs_BL, alone = ragged_prompts(B), generated()
    rows = NamedSharding(mesh, PartitionSpec(("data", "fsdp")))

    def place(leaf):
        axis = PartitionSpec(*[None] * (leaf.ndim - 1), "model") if leaf.shape[-1] % 2 == 0 else PartitionSpec()
        return jax.device_put(leaf, NamedSharding(mesh, axis))

    spread = greedy_decode(
        CONFIG,
        jax.tree.map(place, random_params()),
        jax.device_put(inputs_BL, rows),
        jax.device_put(limits(B), rows),
        T,
    )
    np.testing.assert_array_equal(spread.tokens_BT, alone.tokens_BT)
    np.testing.assert_allclose(spread.log_probs_B, alone.log_probs_B, rtol=1e-5, atol=1e-4)


def test_equals_t5x_greedy_decoding():
    folder = shared_path("peers/t5x_tiny")
    fields = json.loads((folder / "config.json").read_text())
    assert fields.pop("mlp_activations") == ["gelu", "linear"] and fields.pop("logits_via_embedding") is False
    config = T5Config(**fields)
    with np.load(folder / "params.npz") as params, np.load(folder / "decode_greedy.npz") as expected:
        tree = from_t5x(dict(params), config)
        theirs_BT = expected["tokens"][:, 0]
        inputs_BL = expected["encoder_input_tokens"]
        assert not expected["scores"].any(), "T5X scores a choice at temperature 0 as certain: nothing to compare"
    ours = greedy_decode(config, tree, inputs_BL, limits(3, 16), 16)
    np.testing.assert_array_equal(ours.tokens_BT, theirs_BT)


def t5x_name(name):
    """Where transformers' T5 tensor `name` lies in T5X's tree."""
    parts = name.removesuffix(".weight").split(".")
    if parts[0] in ("shared", "lm_head"):
        return {"shared": "token_embedder/embedding", "lm_head": "decoder/logits_dense/kernel"}[parts[0]]
    stack = parts[0]
    if parts[1] == "final_layer_norm":
        return f"{stack}/{stack}_norm/scale"
    if parts[-1] == "relative_attention_bias":
        return f"{stack}/relpos_bias/rel_embedding"
    kinds = ["attention", "mlp"] if stack == "encoder" else ["self_attention", "encoder_decoder_attention", "mlp"]
    kind = kinds[int(parts[4])]
    if parts[5] == "layer_norm":
        norm = {"encoder_decoder_attention": "cross_attention"}.get(kind, kind)
        return f"{stack}/layers_{parts[2]}/pre_{norm}_layer_norm/scale"
    leaf = {"q": "query", "k": "key", "v": "value", "o": "out"}.get(parts[-1], parts[-1])
    return f"{stack}/layers_{parts[2]}/{kind}/{leaf}/kernel"


def test_equals_transformers_greedy_decoding():
    folder = shared_path("peers/hf/t5_v1_1")
    fields = json.loads((folder / "config.json").read_text())
    config = T5Config(
        vocab_size=fields["vocab_size"],
        emb_dim=fields["d_model"],
        num_heads=fields["num_heads"],
        num_encoder_layers=fields["num_layers"],
        num_decoder_layers=fields["num_decoder_layers"],
        head_dim=fields["d_kv"],
        mlp_dim=fields["d_ff"],
        dtype="float32",
    )
    tensors = {}
    for name, tensor in load_file(folder / "model.safetensors").items():
        if name not in ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight"):
            tensors[t5x_name(name)] = tensor if name == "shared.weight" or tensor.ndim < 2 else tensor.T
    with np.load(folder / "reference.npz") as reference:
        inputs_BL = np.where(reference["attention_mask"] != 0, reference["input_ids"], 0)
        greedy_ids = reference["greedy_ids"]  # starts with the start id
    num_tokens = greedy_ids.shape[1] - 1
    ours = greedy_decode(config, from_t5x(tensors, config), inputs_BL, limits(len(inputs_BL), num_tokens), num_tokens)
    np.testing.assert_array_equal(ours.tokens_BT, greedy_ids[:, 1:])
