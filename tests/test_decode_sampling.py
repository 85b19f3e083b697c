"""Sampling: its support, its distribution, what a row's draws depend on; stops; bad settings."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from scipy import stats

from flan_jax.core.errors import ConfigError
from flan_jax.core.vocabulary import EOS_ID
from flan_jax.decode import BeamSearch, Sampling, Stop, generate, score_targets
from flan_jax.decode.choose import sample_tokens, truncated
from flan_jax.decode.text import cut_at_stop
from flan_jax.models import T5Config, forward, init_params

CONFIG = T5Config(
    vocab_size=12,
    emb_dim=16,
    num_heads=2,
    num_encoder_layers=1,
    num_decoder_layers=2,
    head_dim=8,
    mlp_dim=32,
    dtype="float32",
)
T = 6
METHOD = Sampling(temperature=1.3, top_p=0.95, num_samples=3)


@functools.cache
def params():
    return jax.tree.map(np.asarray, jax.jit(init_params, static_argnums=0)(CONFIG, jax.random.key(1)))


def prompts(num, seed=0):
    rng = np.random.default_rng(seed)
    lengths_B = rng.integers(2, 8, num).astype(np.int32)
    inputs_BL = rng.integers(3, CONFIG.vocab_size, (num, 8)).astype(np.int32)
    inputs_BL[np.arange(8) >= lengths_B[:, None]] = 0
    inputs_BL[np.arange(num), lengths_B - 1] = EOS_ID
    return inputs_BL, lengths_B


@functools.cache
def drawn():
    inputs_BL, lengths_B = prompts(8)
    return generate(CONFIG, params(), inputs_BL, lengths_B, jnp.full(8, T), T, METHOD, key=jax.random.key(3))


def support_by_sorting(logits, top_k, top_p):
    """The tokens kept, from the definition: every token at least as likely as the last one needed."""
    order = np.argsort(-logits, kind="stable")
    kept = np.ones(len(logits), bool)
    if top_k is not None:
        kept = logits >= logits[order[min(top_k, len(logits)) - 1]]
    probs = np.where(kept, np.exp(np.float64(logits) - logits.max()), 0.0)
    mass = np.cumsum((probs / probs.sum())[order])
    last = order[np.argmax(mass >= top_p - 1e-12)] if top_p < 1.0 else order[-1]
    return kept & (logits >= logits[last])


@pytest.mark.parametrize("top_k", [None, 1, 5, 50, 1000])
@pytest.mark.parametrize("top_p", [0.01, 0.5, 0.9, 1.0])
def test_the_support_is_exactly_the_definitions(top_k, top_p):
    rng = np.random.default_rng(0)
    logits_NV = (rng.standard_normal((40, 200)) * rng.choice([0.1, 1.0, 8.0], (40, 1))).astype(np.float32)
    logits_NV[:10] = np.round(logits_NV[:10])  # many ties, zeros of both signs among them
    logits_NV[10:12] -= 1e6
    out_NV = np.asarray(truncated(logits_NV, top_k, top_p))
    for logits, out in zip(logits_NV, out_NV, strict=True):
        kept = support_by_sorting(logits, top_k, top_p)
        np.testing.assert_array_equal(np.isfinite(out), kept)
        np.testing.assert_array_equal(out[kept], logits[kept])


@pytest.mark.parametrize("method", [Sampling(0.7), Sampling(1.5, top_k=4), Sampling(1.0, top_k=6, top_p=0.8)])
def test_draws_follow_the_distribution(method):
    num = 20_000
    logits_V = np.array([2.0, 1.5, 1.4, 0.3, 0.0, -0.5, -2.0, -4.0], np.float32)
    keys_N = jax.random.split(jax.random.key(0), num)
    tokens_N = sample_tokens(jnp.tile(logits_V, (num, 1)), method, keys_N, jnp.int32(5))
    counts = np.bincount(tokens_N, minlength=8)
    scaled = logits_V.astype(np.float64) / method.temperature
    kept = support_by_sorting(scaled, method.top_k, method.top_p)
    probs = np.where(kept, np.exp(scaled), 0.0)
    probs = probs / probs.sum()
    assert not counts[~kept].any()
    assert stats.chisquare(counts[kept], num * probs[kept]).pvalue > 0.01


def test_sequences_follow_the_models_distribution():
    """Two tokens a row: every pair as often as the product of conditional probabilities says."""
    num, size = 2048, CONFIG.vocab_size
    inputs_BL, lengths_B = prompts(1)
    method = Sampling(num_samples=num)
    out = generate(CONFIG, params(), inputs_BL, lengths_B, jnp.array([2]), 2, method, key=jax.random.key(7))
    pairs = np.asarray(out.tokens_BMT[0])
    counts = np.bincount(pairs[:, 0] * size + pairs[:, 1], minlength=size * size).reshape(size, size)
    shifted = jnp.array([[0, token] for token in range(size)])
    batch = {"encoder_input_tokens": jnp.tile(inputs_BL, (size, 1)), "decoder_input_tokens": shifted}
    probs = np.asarray(jax.nn.softmax(jax.jit(forward, static_argnums=0)(CONFIG, params(), batch)), np.float64)
    joint = probs[0, 0][:, None] * probs[:, 1]
    joint[EOS_ID] = np.eye(size)[0] * probs[0, 0, EOS_ID]  # a row that has ended holds padding
    joint, counts = joint.ravel(), counts.ravel()
    assert not counts[joint == 0].any()
    is_frequent = joint * num >= 5
    expected = np.append(joint[is_frequent], joint[~is_frequent].sum()) * num
    observed = np.append(counts[is_frequent], counts[~is_frequent].sum())
    assert stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue > 0.01


def test_a_rows_samples_depend_on_its_number_and_not_on_its_batch():
    inputs_BL, lengths_B = prompts(8)
    whole = drawn()
    ids_B = np.array([5, 2, 7], np.int32)
    some = generate(
        CONFIG, params(), inputs_BL[ids_B], lengths_B[ids_B], jnp.full(3, T), T, METHOD,
        key=jax.random.key(3), row_ids_B=ids_B,
    )  # fmt: skip
    np.testing.assert_array_equal(some.tokens_BMT, whole.tokens_BMT[ids_B])
    tokens = {tuple(sample) for sample in np.asarray(whole.tokens_BMT).reshape(-1, T).tolist()}
    assert len(tokens) > 20, "samples differ among rows and among a row's"
    other = generate(CONFIG, params(), inputs_BL, lengths_B, jnp.full(8, T), T, METHOD, key=jax.random.key(4))
    assert np.any(np.asarray(other.tokens_BMT) != np.asarray(whole.tokens_BMT))


def test_a_mesh_draws_what_one_device_draws():
    mesh = Mesh(np.array(jax.devices()[:8]).reshape(4, 2), ("data", "model"))
    inputs_BL, lengths_B = (jax.device_put(a, NamedSharding(mesh, PartitionSpec("data"))) for a in prompts(8))

    def place(leaf):
        axis = PartitionSpec(*[None] * (leaf.ndim - 1), "model") if leaf.shape[-1] % 2 == 0 else PartitionSpec()
        return jax.device_put(leaf, NamedSharding(mesh, axis))

    tree = jax.tree.map(place, params())
    spread = generate(CONFIG, tree, inputs_BL, lengths_B, jnp.full(8, T), T, METHOD, key=jax.random.key(3))
    np.testing.assert_array_equal(spread.tokens_BMT, drawn().tokens_BMT)
    np.testing.assert_allclose(spread.log_probs_BM, drawn().log_probs_BM, rtol=1e-4, atol=1e-5)


def test_log_probs_are_the_models_own_whatever_the_temperature():
    out, (inputs_BL, _) = drawn(), prompts(8)
    prompt_R = np.repeat(np.arange(8), 3)
    scores = score_targets(
        CONFIG, params(), inputs_BL, prompt_R, out.tokens_BMT.reshape(-1, T), out.num_tokens_BM.reshape(-1)
    )
    np.testing.assert_allclose(np.asarray(out.log_probs_BM).reshape(-1), scores, rtol=1e-4, atol=1e-4)
    finished_BM = np.asarray(out.finished_BM)
    assert finished_BM.any() and not finished_BM.all()


def test_each_row_stops_by_itself_at_its_stop_sequence():
    whole = np.asarray(drawn().tokens_BMT)
    sequence = tuple(int(token) for token in whole[0, 0, 1:3])
    inputs_BL, lengths_B = prompts(8)
    stop = Stop(eos_ids=(EOS_ID,), sequences=(sequence, (11, 10, 9, 8, 7, 6, 5, 4, 3)))
    cut = generate(CONFIG, params(), inputs_BL, lengths_B, jnp.full(8, T), T, METHOD, stop=stop, key=jax.random.key(3))
    num_cut = 0
    for row in range(8):
        for sample in range(3):
            tokens = whole[row, sample].tolist()
            ends = [t + 1 for t in range(1, T) if tuple(tokens[t - 1 : t + 1]) == sequence]
            length = min([*ends, *[t + 1 for t in range(T) if tokens[t] == EOS_ID], T])
            num_cut += bool(ends) and length == min(ends)
            assert cut.tokens_BMT[row, sample].tolist() == tokens[:length] + [0] * (T - length)
            assert int(cut.num_tokens_BM[row, sample]) == length
            assert bool(cut.finished_BM[row, sample]) == (length < T or tokens[-1] == EOS_ID or T in ends)
    assert num_cut >= 1


@pytest.mark.parametrize("rule", ["t5x", "transformers"])
def test_each_row_of_a_beam_search_keeps_to_its_own_limit(rule):
    inputs_BL, lengths_B = prompts(8)
    method, limits_B = BeamSearch(3, rule=rule), np.array([1, 2, 3, 0, 5, 6, 4, 2], np.int32)
    out = generate(CONFIG, params(), inputs_BL, lengths_B, limits_B, T, method)
    assert np.all(np.asarray(out.num_tokens_BM) <= limits_B[:, None])
    alone = generate(CONFIG, params(), inputs_BL[2:3], lengths_B[2:3], limits_B[2:3], T, method)
    np.testing.assert_array_equal(alone.tokens_BMT[0], out.tokens_BMT[2])
    np.testing.assert_allclose(alone.scores_BM[0], out.scores_BM[2], rtol=1e-5)
    scores = np.asarray(out.scores_BM)
    assert np.all(scores[:, :-1] >= scores[:, 1:]), "best first"


def test_t5x_rule_finds_the_best_of_all_ended_sequences_when_beams_are_many():
    """Every sequence of at most 3 tokens that ends in EOS, scored by the definition, against 150 beams."""
    size, alpha, (inputs_BL, lengths_B) = CONFIG.vocab_size, 0.6, prompts(1)
    pairs = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), -1).reshape(-1, 2)
    shifted = np.pad(pairs, ((0, 0), (1, 0)))
    batch = {"encoder_input_tokens": np.tile(inputs_BL, (len(pairs), 1)), "decoder_input_tokens": shifted}
    log_probs = np.asarray(jax.nn.log_softmax(jax.jit(forward, static_argnums=0)(CONFIG, params(), batch)))
    ended = {(EOS_ID,): log_probs[0, 0, EOS_ID]}
    for (first, second), log_probs_3V in zip(pairs.tolist(), log_probs, strict=True):
        if EOS_ID not in (first, second):
            total = log_probs_3V[0, first] + log_probs_3V[1, second]
            ended[first, second, EOS_ID] = total + log_probs_3V[2, EOS_ID]
        if first != EOS_ID:
            ended[first, EOS_ID] = log_probs_3V[0, first] + log_probs_3V[1, EOS_ID]
    best = sorted(ended, key=lambda tokens: -ended[tokens] / ((5 + len(tokens)) / 6) ** alpha)[:20]
    out = generate(CONFIG, params(), inputs_BL, lengths_B, jnp.array([3]), 3, BeamSearch(150, alpha))
    for beam, tokens in enumerate(best):
        n = int(out.num_tokens_BM[0, beam])
        assert tuple(out.tokens_BMT[0, beam, :n].tolist()) == tokens and bool(out.finished_BM[0, beam])
        np.testing.assert_allclose(out.scores_BM[0, beam], ended[tokens] / ((5 + n) / 6) ** alpha, rtol=1e-4)
    assert {len(tokens) for tokens in best} == {1, 2, 3}


def test_texts_are_cut_at_the_first_stop_text():
    assert cut_at_stop("so 4.\nQ: and", ["Q:", "\n"]) == ("so 4.", True)
    assert cut_at_stop("so 4.", ["Q:"]) == ("so 4.", False)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sampling(temperature=0.0), "temperature is 0.0: give a number above 0"),
        (lambda: Sampling(temperature=float("nan")), "temperature is nan"),
        (lambda: Sampling(top_k=0), "top_k is 0: give a whole number of at least 1"),
        (lambda: Sampling(top_p=1.5), r"top_p is 1.5: give a number in \(0, 1\]"),
        (lambda: Sampling(num_samples=True), "num_samples is True"),
        (lambda: BeamSearch(num_beams=0), "num_beams is 0"),
        (lambda: BeamSearch(alpha=-0.6), "alpha is -0.6: give a number of at least 0"),
        (lambda: BeamSearch(rule="tx5"), "rule is 'tx5'; did you mean t5x"),
        (lambda: Stop(sequences=((),)), "a stop sequence holds no token"),
        (lambda: generate(CONFIG, params(), *prompts(1), jnp.array([2]), 2, Sampling()), "sampling without a key"),
    ],
)
def test_settings_that_mean_nothing_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
