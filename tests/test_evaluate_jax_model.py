"""Our models behind the runner: batches, shared prefixes and meshes change nothing about the answers."""

import functools
import itertools
import pathlib

import jax
import numpy as np
import pytest
from shared import shared_path

from flan_jax.cli.main import main
from flan_jax.core import assets
from flan_jax.core.errors import ConfigError
from flan_jax.core.vocabulary import EOS_ID, load_vocabulary
from flan_jax.declare.benchmark import SampleSettings
from flan_jax.evaluate import GenerateRequest, JaxLanguageModel, RankRequest
from flan_jax.evaluate.language_models.grid_batches import (
    common_prefix,
    grid_length,
    grid_prompt_batches,
    group_by_prefix,
)
from flan_jax.evaluate.language_models.jax_model import params_fingerprint
from flan_jax.models import DecoderConfig, T5Config, forward, init_params
from flan_jax.train.config import MeshConfig
from flan_jax.train.mesh import make_mesh, replicated

VOCABULARY = load_vocabulary(str(assets.EMBEDDED_VOCAB))
SHOTS = {
    "fruit": "Which is a fruit?\n\nQ: apple or chair?\nA: apple\n\nQ: table or pear?\nA: pear\n\n" * 3,
    "number": "Add the numbers.\n\nQ: one and two?\nA: three\n\nQ: two and two?\nA: four\n\n" * 3,
}
QUERIES = ("Q: a plum or a lamp?\nA:", "Q: seven and a tree?\nA:")


@functools.cache
def weights(kind):
    """(config, params) of a small model of the demo's vocabulary."""
    if kind == "t5":
        config = T5Config(
            vocab_size=VOCABULARY.size,
            emb_dim=32,
            num_encoder_layers=1,
            num_decoder_layers=1,
            num_heads=2,
            head_dim=16,
            mlp_dim=48,
            dtype="float32",
        )
    else:
        config = DecoderConfig(
            vocab_size=VOCABULARY.size,
            emb_dim=32,
            num_layers=1,
            num_heads=2,
            num_kv_heads=1,
            head_dim=16,
            mlp_dim=48,
            attention="causal",
            start_id=None,
            prompt_end="nothing",
            embedding_init_std=0.3,
            dtype="float32",
        )
    return config, jax.jit(init_params, static_argnums=0)(config, jax.random.key(0))


def model(kind, **settings):
    config, params = weights(kind)
    return JaxLanguageModel("small", config, params, VOCABULARY, **{"inputs_length": 256, "batch_size": 4, **settings})


def rank_requests():
    ends = ("open", "eos")
    pairs = itertools.product(SHOTS.values(), QUERIES)
    return [RankRequest(shots, query, (" apple", " a chair"), ends[i % 2]) for i, (shots, query) in enumerate(pairs)]


def ranked(language_model, requests):
    found = dict(language_model.rank(requests))
    assert sorted(found) == list(range(len(requests)))
    return [found[i] for i in range(len(requests))]


@functools.partial(jax.jit, static_argnums=0)
def _log_probs(config, params, batch):
    return jax.nn.log_softmax(forward(config, params, batch)[0])


def padded(tokens, length):
    return np.array([[*tokens, *[0] * (length - len(tokens))]], np.int32)


def log_prob_by_forward(kind, request, option):
    """The option's log-likelihood from one whole forward pass."""
    config, params = weights(kind)
    prompt, answer = VOCABULARY.encode(request.prompt), VOCABULARY.encode(option)
    answer += [EOS_ID] if request.option_end == "eos" else []
    if kind == "t5":
        batch = {
            "encoder_input_tokens": padded([*prompt, EOS_ID], 192),
            "decoder_input_tokens": padded([0, *answer[:-1]], 16),
        }
        first = 0
    else:
        batch = {"decoder_input_tokens": padded([*prompt, *answer], 192)}
        first = len(prompt) - 1
    log_probs_TV = np.asarray(_log_probs(config, params, batch))
    return float(sum(log_probs_TV[first + t, token] for t, token in enumerate(answer)))


@pytest.mark.parametrize("kind", ["t5", "causal"])
def test_ranking_is_the_whole_models_log_likelihood(kind):
    requests = rank_requests()
    prompts = model(kind).encode_prompts([request.prompt for request in requests])
    groups = model(kind)._groups([request.prefix for request in requests], prompts, 256)
    assert [bool(group.shared) for group in groups] == ([True, True] if kind == "causal" else [False])
    for request, result in zip(requests, ranked(model(kind), requests), strict=True):
        expected = [log_prob_by_forward(kind, request, option) for option in request.options]
        np.testing.assert_allclose(result.log_probs, expected, rtol=1e-4, atol=1e-4)
        lengths = [len(VOCABULARY.encode(option)) + (request.option_end == "eos") for option in request.options]
        assert list(result.num_tokens) == lengths


def generations(language_model, requests):
    found = dict(language_model.generate(requests))
    assert sorted(found) == list(range(len(requests)))
    return [found[i] for i in range(len(requests))]


def same(ours, theirs):
    assert [[g.text for g in found] for found in ours] == [[g.text for g in found] for found in theirs]
    for a, b in zip(itertools.chain(*ours), itertools.chain(*theirs), strict=True):
        assert a.log_prob == pytest.approx(b.log_prob, abs=1e-4) and a.num_tokens == b.num_tokens


def test_samples_do_not_depend_on_batch_mates_order_or_shared_prefix():
    sampling = SampleSettings(num_samples=3, temperature=0.9, top_k=20)
    pairs = list(itertools.product(SHOTS.values(), QUERIES))
    requests = [GenerateRequest(s, q, 6, sampling=sampling, seed=17 * i) for i, (s, q) in enumerate(pairs)]
    whole = generations(model("causal", batch_size=6), requests)
    assert all(len(found) == 3 for found in whole)
    assert len({generation.text for found in whole for generation in found}) > 6, "samples differ"
    same(generations(model("causal", batch_size=6), requests[::-1])[::-1], whole)
    apart = [GenerateRequest("", r.prompt, 6, r.stop, r.sampling, r.seed) for r in requests]
    same(generations(model("causal", batch_size=6), apart), whole)


def test_any_mesh_gives_the_answers_of_one_device():
    mesh = make_mesh(MeshConfig(data=2), jax.devices()[:2])

    def on_mesh(kind):
        config, params = weights(kind)
        params = jax.device_put(params, replicated(mesh))
        return JaxLanguageModel("small", config, params, VOCABULARY, inputs_length=256, batch_size=4, mesh=mesh)

    assert on_mesh("causal").fingerprint == model("causal").fingerprint
    requests = rank_requests()
    for ours, theirs in zip(ranked(on_mesh("causal"), requests), ranked(model("causal"), requests), strict=True):
        np.testing.assert_allclose(ours.log_probs, theirs.log_probs, atol=1e-4)
    requests = [GenerateRequest(SHOTS["fruit"], query, 5) for query in QUERIES]
    same(generations(on_mesh("t5"), requests), generations(model("t5"), requests))
    config, params = weights("t5")
    with pytest.raises(ConfigError, match="batch_size 5 is not divisible by the mesh's 2 batch shards: use 4 or 6"):
        JaxLanguageModel("small", config, params, VOCABULARY, batch_size=5, mesh=mesh)


def test_a_stop_text_ends_the_generation_and_is_cut():
    plain = generations(model("causal"), [GenerateRequest("", QUERIES[0], 8)])[0][0]
    middle = plain.text.strip()[len(plain.text.strip()) // 2 :][:3]
    stopped = generations(model("causal"), [GenerateRequest("", QUERIES[0], 8, (middle,))])[0][0]
    assert plain.text.startswith(stopped.text) and middle not in stopped.text
    assert stopped.is_finished and stopped.num_tokens <= plain.num_tokens


def test_a_prompt_that_is_too_long_loses_its_start_and_nothing_else():
    language_model = model("causal", inputs_length=40)
    long = "one two three four five six seven eight nine ten " * 20 + QUERIES[0]
    tokens = VOCABULARY.encode(long)
    assert language_model.count_tokens([long]) == [len(tokens)] and len(tokens) > language_model.longest_prompt(4)
    kept = VOCABULARY.decode(tokens[len(tokens) - 40 :])
    assert kept.endswith(VOCABULARY.decode(VOCABULARY.encode(QUERIES[0])))
    (result,) = ranked(language_model, [RankRequest("", long, (" apple", " no"))])
    answer = VOCABULARY.encode(" apple")
    row = padded([*tokens[len(tokens) - 40 :], *answer], 192)
    log_probs_LV = np.asarray(_log_probs(*weights("causal"), {"decoder_input_tokens": row}))
    expected = sum(float(log_probs_LV[39 + t, token]) for t, token in enumerate(answer))
    assert result.log_probs[0] == pytest.approx(expected, abs=1e-4)
    with pytest.raises(ConfigError, match="no room for a prompt"):
        language_model.longest_prompt(4096)


def test_the_fingerprint_sees_other_weights():
    _, params = weights("t5")
    changed = jax.tree.map(lambda leaf: leaf * 1.0001, params)
    assert params_fingerprint(params) == params_fingerprint(jax.tree.map(lambda leaf: leaf + 0.0, params))
    assert params_fingerprint(params) != params_fingerprint(changed)
    assert model("t5").fingerprint != model("causal").fingerprint


def test_grid_lengths_are_few_and_near():
    lengths = {grid_length(n) for n in range(1, 2049)}
    assert len(lengths) == 13 and {32, 48, 64, 96, 1536, 2048} <= lengths
    assert all(n <= grid_length(n) <= max(32, 1.5 * n) for n in range(1, 2049))
    assert [grid_length(n, 1) for n in (1, 2, 3, 4, 5, 7, 9)] == [1, 2, 3, 4, 6, 8, 12]


def test_groups_share_tokens_not_text():
    head = list(range(3, 103))
    prompts = [[*head, 7, 8], [*head, 7, 9], [*head, 6], [1, 2], [*head[:50], 5, 5]]
    groups = group_by_prefix(["a", "a", "a", "b", "a2"], prompts)
    assert groups[0].shared == tuple(head) and groups[0].rests == ((7, 8), (7, 9), (6,))
    assert groups[1].positions == (3, 4) and groups[1].shared == ()
    assert sorted(p for group in groups for p in group.positions) == [0, 1, 2, 3, 4]
    assert common_prefix([[1, 2, 3], [1, 2, 3]]) == 2, "each prompt keeps a token of its own"
    assert common_prefix([[1, 2], [1, 2, 3]]) == 1 and common_prefix([]) == 0 and common_prefix([[5]]) == 0


def test_batches_hold_every_row_once():
    rows = [[1] * n for n in (5, 3, 8, 1, 2)]
    batches = list(grid_prompt_batches([10, 11, 12, 13, 14], rows, 2, 8))
    assert [batch.positions for batch in batches] == [(13, 14), (11, 10), (12,)]
    assert all(batch.inputs_BL.shape == (2, 8) and (batch.lengths_B >= 1).all() for batch in batches)
    assert batches[2].lengths_B.tolist() == [8, 1]


def test_the_demos_weights_answer_a_benchmark_from_the_command_line(tmp_path, capsys):
    arguments = ["eval", "--checkpoint", "embedded:lm_adapted", "--suite", "mmlu", "--split", "test"]
    arguments += ["--subtask", "anatomy", "--limit", "3", "--inputs_length", "256"]
    arguments += ["--data_dir", str(shared_path("data")), "--out", str(tmp_path)]
    assert main(arguments) == 0
    first = capsys.readouterr().out
    assert "3 items asked" in first and "MMLU" in first
    table = (tmp_path / "results.md").read_text()
    assert "Flan-PaLM 540B" in table and "this model" in table and "at most 3 items a subtask, seed 0" in table
    size = (tmp_path / "journal.jsonl").stat().st_size
    assert main(arguments) == 0
    assert "0 items asked" in capsys.readouterr().out
    assert pathlib.Path(tmp_path / "journal.jsonl").stat().st_size == size
    assert main(["eval", "--checkpoint", "embedded:lm_adapted"]) == 2


def test_other_end_tokens_are_another_model(monkeypatch):
    """Answers are found by the fingerprint, and they end elsewhere."""
    config, params = weights("decoder")

    def fingerprint():
        return JaxLanguageModel("m", config, params, VOCABULARY, inputs_length=16, batch_size=1).fingerprint

    prints = [fingerprint()]
    for eos_ids in ((EOS_ID,), (EOS_ID, 7), (EOS_ID, 8)):
        monkeypatch.setattr(type(VOCABULARY), "eos_ids", property(lambda self, eos_ids=eos_ids: eos_ids))
        prints.append(fingerprint())
    assert prints[0] == prints[1] and len(set(prints)) == 3
