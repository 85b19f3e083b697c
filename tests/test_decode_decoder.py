"""Generating and scoring with decoder-only models: equal to the whole model run again, a prefix shared or not."""

import functools
import types

import jax
import numpy as np
import pytest

from flan_jax.core.errors import ConfigError
from flan_jax.decode import BeamSearch, Greedy, Sampling, Stop, cache_prefix, generate, score_targets
from flan_jax.decode.families import decoding_of
from flan_jax.models import DecoderConfig, T5Config, forward, init_params

SIZES = dict(vocab_size=24, emb_dim=32, num_layers=2, num_heads=4, head_dim=8, mlp_dim=40, dtype="float32")
KINDS = {
    "palm": dict(num_kv_heads=1, block="parallel", norm="layernorm", attention="prefix_lm"),
    "lamda": dict(num_kv_heads=4, mlp="geglu", position="relative", attention="causal"),
    "gpt3": dict(num_kv_heads=4, norm="layernorm", mlp="gelu", position="learned", biases="all", attention="causal"),
    "llama": dict(num_kv_heads=2, embeddings="untied", attention="causal", start_id=None),
}
T, LENGTHS_B = 6, np.array([5, 1, 8, 3], np.int32)
STOP = Stop(eos_ids=(23,))


@functools.cache
def model(kind):
    config = DecoderConfig(**SIZES, **KINDS[kind], embedding_init_std=0.3, max_positions=64)
    return config, jax.tree.map(np.asarray, jax.jit(init_params, static_argnums=0)(config, jax.random.key(0)))


def prompts():
    inputs_BL = np.random.default_rng(0).integers(0, 22, (4, 8)).astype(np.int32)  # id 0 is a token like any other
    return np.where(np.arange(8) < LENGTHS_B[:, None], inputs_BL, 0)


def log_probs_after(kind, tokens, num_prompt_tokens):
    """log P of each token after the prompt, from the whole model at once."""
    config, params = model(kind)
    row = np.zeros((1, 24), np.int32)
    row[0, : len(tokens)] = tokens
    batch = {
        "decoder_input_tokens": row,
        "decoder_segment_ids": (np.arange(24) < len(tokens)).astype(np.int32)[None],
        "decoder_causal_attention": (np.arange(24) < num_prompt_tokens).astype(np.int32)[None],
    }
    log_probs_LV = jax.nn.log_softmax(jax.jit(forward, static_argnums=0)(config, params, batch)[0])
    return np.asarray(log_probs_LV)[num_prompt_tokens - 1 : len(tokens)]


@pytest.mark.parametrize("kind", KINDS)
def test_greedy_over_ragged_prompts_equals_the_whole_model_run_again(kind):
    config, params = model(kind)
    limits_B = np.array([T, 4, T, T], np.int32)
    out = generate(config, params, prompts(), LENGTHS_B, limits_B, T, Greedy(), stop=STOP)
    for row, length in enumerate(LENGTHS_B):
        tokens, total = prompts()[row, :length].tolist(), 0.0
        for _ in range(limits_B[row]):
            log_probs_V = log_probs_after(kind, tokens, length)[-1]
            tokens.append(int(log_probs_V.argmax()))
            total += log_probs_V.max()
            if tokens[-1] == 23:
                break
        made = tokens[length:]
        assert out.tokens_BMT[row, 0].tolist() == made + [0] * (T - len(made))
        assert int(out.num_tokens_BM[row, 0]) == len(made) and bool(out.finished_BM[row, 0]) == (made[-1] == 23)
        np.testing.assert_allclose(out.log_probs_BM[row, 0], total, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "method"),
    [("lamda", Greedy()), ("gpt3", Sampling(top_p=0.9, num_samples=3)), ("llama", BeamSearch(3))],
)
def test_a_shared_prefix_changes_nothing(kind, method):
    config, params = model(kind)
    prefix_P = np.array([4, 9, 0, 17, 2], np.int32)
    whole_BL = np.concatenate([np.tile(prefix_P, (4, 1)), prompts()], axis=1)
    run = functools.partial(
        generate, limits_B=np.full(4, T), max_decode_len=T, method=method, stop=STOP, key=jax.random.key(0)
    )
    whole = run(config, params, whole_BL, LENGTHS_B + 5)
    shared = run(config, params, prompts(), LENGTHS_B, prefix=cache_prefix(config, params, np.pad(prefix_P, (0, 3)), 5))
    np.testing.assert_array_equal(shared.tokens_BMT, whole.tokens_BMT)
    np.testing.assert_allclose(shared.scores_BM, whole.scores_BM, rtol=1e-4)


@pytest.mark.parametrize(("kind", "width"), [("palm", 4), ("llama", 4), ("llama", 1)])
def test_option_scores_equal_the_whole_models_with_and_without_a_prefix(kind, width):
    config, params = model(kind)
    rng = np.random.default_rng(1)
    prompt_R, lengths_R = np.array([0, 0, 1, 2, 2, 3], np.int32), np.minimum([1, 4, 2, 3, 1, 0], width).astype(np.int32)
    targets_RT = np.where(np.arange(width) < lengths_R[:, None], rng.integers(0, 22, (6, width)), 0).astype(np.int32)
    scores_R = score_targets(config, params, prompts(), prompt_R, targets_RT, lengths_R, input_lengths_B=LENGTHS_B)
    for row, (prompt, length) in enumerate(zip(prompt_R, lengths_R, strict=True)):
        tokens = [*prompts()[prompt, : LENGTHS_B[prompt]], *targets_RT[row, :length]]
        log_probs = log_probs_after(kind, tokens, LENGTHS_B[prompt])
        expected = sum(log_probs[t, targets_RT[row, t]] for t in range(length))
        np.testing.assert_allclose(scores_R[row], expected, rtol=1e-4, atol=1e-4)
    if config.attention == "causal":
        prefix_P = np.array([4, 9, 0, 17, 2], np.int32)
        whole_BL = np.concatenate([np.tile(prefix_P, (4, 1)), prompts()], axis=1)
        rest = (prompt_R, targets_RT, lengths_R)
        whole_R = score_targets(config, params, whole_BL, *rest, input_lengths_B=LENGTHS_B + 5)
        prefix = cache_prefix(config, params, np.pad(prefix_P, (0, 3)), 5)
        shared_R = score_targets(config, params, prompts(), *rest, input_lengths_B=LENGTHS_B, prefix=prefix)
        np.testing.assert_allclose(shared_R, whole_R, rtol=1e-4, atol=1e-4)


def test_what_cannot_share_a_prefix_is_refused():
    with pytest.raises(ConfigError, match="a DecoderConfig that is not causal reads a prompt both ways"):
        cache_prefix(*model("palm"), np.array([3]), 1)
    config, params = model("llama")
    prefix = cache_prefix(config, params, np.array([3]), 1)
    t5 = T5Config(vocab_size=24, dtype="float32")
    with pytest.raises(ConfigError, match="an encoder-decoder reads its prompt both ways"):
        generate(t5, {}, prompts(), LENGTHS_B, np.full(4, 2), 2, prefix=prefix)
    with pytest.raises(ConfigError, match="need 67 positions, the model has 64: shorten either"):
        generate(*model("gpt3"), prompts(), LENGTHS_B, np.full(4, 60), 60)
    with pytest.raises(ConfigError, match="prompts need their lengths"):
        score_targets(config, params, prompts(), np.zeros(1, int), np.ones((1, 1), int), np.ones(1, int))


def test_a_family_that_cannot_decode_is_told():
    with pytest.raises(ConfigError, match=r"family 'bag' cannot be .* of t5, decoder, encoder_decoder can: write a"):
        decoding_of(types.SimpleNamespace(family="bag"))
