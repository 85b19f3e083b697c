"""Soft prompts: where they stand, that each example has its own, and how they begin."""

import dataclasses

import jax
import numpy as np
import pytest
from data_cache import FakeVocabulary, make_examples, write_cache, write_mixture, write_split
from train_helpers import MODEL

from flan_jax.core.errors import ConfigError
from flan_jax.data import CacheReader, PlanSpec, batch_at, make_plan
from flan_jax.models import (
    DecoderConfig,
    decode_step,
    decode_teacher_forced,
    decoder_incremental,
    encode,
    forward,
    init_decode_cache,
    param_shapes,
)
from flan_jax.models.soft_prompt import embed_prompt, prompt_ids
from flan_jax.models.tuning import TuningConfig, adapt, base_model, join, tuned_model

run, run_encode, run_decode, run_step, extend_one = (
    jax.jit(function, static_argnums=0)
    for function in (forward, encode, decode_teacher_forced, decode_step, decoder_incremental.step)
)
prefill = jax.jit(decoder_incremental.prefill, static_argnums=(0, 4))
PROMPT = TuningConfig("prompt", prompt_tokens=3)
T5 = dataclasses.replace(tuned_model(MODEL, PROMPT), dropout_rate=0.0)
DECODER = DecoderConfig(
    vocab_size=64, emb_dim=16, num_layers=2, num_heads=4, num_kv_heads=2, head_dim=4, mlp_dim=24, dtype="float32",
    prompt_tokens=3,
)  # fmt: skip


def params_of(config):
    rng = np.random.default_rng(0)
    return jax.tree.map(lambda leaf: rng.normal(size=leaf.shape).astype(np.float32) * 0.4, param_shapes(config))


def with_prompt(tokens):
    return np.concatenate([prompt_ids(3), tokens]).astype(np.int32)


def test_each_segment_of_a_packed_row_has_the_prompt_as_if_alone():
    params = params_of(T5)
    rng = np.random.default_rng(0)
    inputs = [rng.integers(3, 64, size).astype(np.int32) for size in (5, 4)]
    targets = [np.append(0, rng.integers(3, 64, size)).astype(np.int32) for size in (2, 3)]
    packed = {
        "encoder_input_tokens": np.concatenate([with_prompt(tokens) for tokens in inputs])[None],
        "encoder_segment_ids": np.repeat([1, 2], [8, 7])[None],
        "decoder_input_tokens": np.concatenate(targets)[None],
        "decoder_segment_ids": np.repeat([1, 2], [3, 4])[None],
    }
    logits = run(T5, params, packed)[0]
    for ours, tokens, target in zip((logits[:3], logits[3:]), inputs, targets, strict=True):
        encoded = run_encode(T5, params, tokens[None])  # which puts the prompt there itself
        assert encoded.shape[1] == 3 + len(tokens)
        alone = run_decode(T5, params, encoded, np.ones((1, len(tokens))), target[None])[0]
        np.testing.assert_allclose(ours, alone, atol=2e-5)
        cache = init_decode_cache(T5, params, encoded, np.ones((1, len(tokens))), 4)
        for position, token in enumerate(target):
            step, cache = run_step(T5, params, cache, np.array([token]))
            np.testing.assert_allclose(step[0], alone[position], atol=5e-5)
    # It is read, and by both examples.
    moved = jax.tree.map(lambda leaf: leaf, params)
    moved["token_embedder"] = {**params["token_embedder"], "soft_prompt": params["token_embedder"]["soft_prompt"] + 1}
    change = np.abs(run(T5, moved, packed)[0] - logits).max(-1)
    assert (change > 1e-3).all()


@pytest.mark.parametrize(("start_id", "attention", "side"), [(0, "prefix_lm", "left"), (None, "causal", "right")])
def test_a_decoders_prompt_is_read_alike_in_rows_and_in_generation(start_id, attention, side):
    config = dataclasses.replace(DECODER, start_id=start_id, attention=attention)
    params = params_of(config)
    text = np.array([9, 8, 7, 6], np.int32)
    head = [] if start_id is None else [start_id]
    row = np.concatenate([head, prompt_ids(3), text]).astype(np.int32)[None]
    is_prefix = np.ones_like(row)
    expected = run(config, params, {"decoder_input_tokens": row, "decoder_causal_attention": is_prefix})[0, -1]
    fed = np.concatenate([head, text]).astype(np.int32)
    pads = np.full(2, 5, np.int32)
    tokens = np.concatenate([pads, fed] if side == "left" else [fed, pads])[None]
    is_real = np.concatenate([[False] * 2, [True] * len(fed)] if side == "left" else [[True] * len(fed), [False] * 2])
    logits, cache = prefill(config, params, tokens, is_real[None], 12)
    np.testing.assert_allclose(logits[0], expected, atol=2e-5)
    step, _ = extend_one(config, params, cache, np.array([11]))
    longer = {
        "decoder_input_tokens": np.append(row[0], 11)[None].astype(np.int32),
        "decoder_causal_attention": np.append(is_prefix[0], 0)[None],
    }
    np.testing.assert_allclose(step[0], run(config, params, longer)[0, -1], atol=2e-5)


def test_a_prompt_begins_as_distinct_rows_of_the_table():
    base = base_model(T5, PROMPT)
    params = params_of(base)
    trained, frozen = adapt(PROMPT, params, jax.random.key(1))
    prompt, table = trained["token_embedder"]["soft_prompt"], np.asarray(params["token_embedder"]["embedding"])
    rows = [int(np.flatnonzero((table == row).all(1))[0]) for row in np.asarray(prompt)]
    assert len(set(rows)) == 3 and min(rows) >= 3  # no padding, EOS, unknown
    again, _ = adapt(PROMPT, params, jax.random.key(1))
    other, _ = adapt(PROMPT, params, jax.random.key(2))
    np.testing.assert_array_equal(again["token_embedder"]["soft_prompt"], prompt)
    assert (other["token_embedder"]["soft_prompt"] != prompt).any()
    assert jax.tree.structure(join(trained, frozen)) == jax.tree.structure(params_of(T5))


def test_only_negative_ids_are_of_the_prompt():
    prompt = np.arange(6, dtype=np.float32).reshape(3, 2)
    x = np.full((1, 4, 2), -1, np.float32)
    mixed = embed_prompt(prompt, np.array([[-1, 5, -3, 0]]), x)
    np.testing.assert_array_equal(mixed[0], [[0, 1], [-1, -1], [4, 5], [-1, -1]])


def test_a_model_with_a_prompt_is_given_no_second_one():
    with pytest.raises(ConfigError, match="has a soft prompt of 3 tokens already"):
        tuned_model(T5, PROMPT)


@dataclasses.dataclass(frozen=True)
class Vocabulary(FakeVocabulary):
    path: str = "fake"

    def encode(self, text):
        return [900 + ord(letter) % 90 for letter in text[1:-1]]


def test_rows_hold_the_prompt_in_front_of_every_example(tmp_path):
    mixture, _ = write_cache(tmp_path, {"alpha": 60}, max_inputs=20, max_targets=12)
    write_split(tmp_path, "documents", make_examples(5, 40, 2, 90), objective="ul2")
    mixture = write_mixture(tmp_path, {**mixture.rates, "documents": 60.0}, {})
    spec = PlanSpec(mixture, {"inputs": 48, "targets": 48}, batch_size=4, num_steps=20)
    reader = CacheReader(tmp_path, Vocabulary().fingerprint)
    plans = {
        num_tokens: make_plan(dataclasses.replace(spec, prompt_tokens=num_tokens), reader, Vocabulary())
        for num_tokens in (0, 3)
    }
    assert plans[0].fingerprint != plans[3].fingerprint
    num_documents, num_examples = 0, 0
    for step in range(20):
        batch = batch_at(plans[3], reader, step)
        first = batch["encoder_positions"] == 0
        tokens, segments = batch["encoder_input_tokens"], batch["encoder_segment_ids"]
        starts = np.argwhere(first & (segments > 0))
        num_examples += len(starts)
        for row, column in starts:
            assert tokens[row, column : column + 3].tolist() == [-1, -2, -3]
            mode = tokens[row, column + 3 : column + 6].tolist()
            num_documents += mode in [Vocabulary().encode(text) for text in ("[NLU]", "[NLG]", "[S2S]")]
        assert ((tokens < 0).sum(1) == 3 * segments.max(1)).all()
    assert num_examples > 20 * 4  # rows hold several
    assert num_examples > num_documents > 0.2 * num_examples
    assert (batch_at(plans[0], reader, 0)["encoder_input_tokens"] >= 0).all()
    with pytest.raises(ConfigError, match="rows of 4 inputs have no room for a soft prompt of 3 tokens"):
        dataclasses.replace(spec, feature_lengths={"inputs": 4, "targets": 48}, prompt_tokens=3)
