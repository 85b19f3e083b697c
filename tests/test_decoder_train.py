"""Decoder-only runs: trained, judged by generation and by ranking, stopped and continued, handed over and asked."""

import dataclasses
import io
import json

import numpy as np
import pytest
import train_run

from flan_jax.checkpoints.find import check_same_model, find_weights, reads_otherwise
from flan_jax.checkpoints.weights import load_weights
from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare.example import Rendered
from flan_jax.declare.registry import add_task
from flan_jax.declare.task import Task
from flan_jax.decode import generate_texts
from flan_jax.models import DecoderConfig, forward
from flan_jax.train.throughput import step_flops

MODEL = DecoderConfig(
    vocab_size=2048,
    emb_dim=16,
    num_layers=2,
    num_heads=2,
    num_kv_heads=2,
    head_dim=8,
    mlp_dim=16,
    dropout_rate=0.1,
    dtype="float32",
    embedding_init_std=1.0,
)
RANKED = "decoder_run_ranked"


def render_options(row, rng, pool):
    return Rendered(f"Say {row['b']} after {row['a']}:", row["b"], options=("north", "south", row["b"] + " two"))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    from flan_jax.cache.build import build_cache

    folder = tmp_path_factory.mktemp("decoder")
    add_task(
        Task(
            RANKED,
            "ranked",
            train_run.Pairs(12, 3),
            render_options,
            metrics=("rank_accuracy",),
            eval_split="validation",
        )
    )
    train_run.build_caches(folder / "cache")
    vocabulary = load_vocabulary(train_run.configs("x", "x")[0].vocab_path)
    build_cache(
        RANKED,
        vocabulary=vocabulary,
        cache_dir=folder / "cache",
        max_inputs_length=24,
        modules=(),
        num_workers=1,
    )
    yield folder


def run(place, name, model=MODEL, **changes):
    changes = {"evaluation": {"report": ("run_held_2", RANKED)}, "mesh": {"data": 1, "fsdp": 4, "model": 2}, **changes}
    train, _, optimizer, evaluation = train_run.configs(place / name, place / "cache", **changes)
    out = io.StringIO()
    return train_run.train(train, model, optimizer, evaluation, stream=out), out.getvalue()


def metrics_of(place, name):
    lines = [json.loads(line) for line in (place / name / "metrics.jsonl").read_text().splitlines()]
    return {line["step"]: line["loss"] for line in lines}


@pytest.fixture(scope="module")
def whole(place):
    return run(place, "whole")


def test_a_decoder_trains_and_is_judged_by_generation_and_by_ranking(place, whole):
    result, text = whole
    losses = metrics_of(place, "whole")
    assert result.is_finished and losses[8] < losses[1]
    assert "rows of 32 tokens, at most 24 inputs and 8 targets each" in text
    assert "decoder/layers/attention/query/kernel" in text
    evals = [json.loads(line) for line in (place / "whole" / "evals.jsonl").read_text().splitlines()]
    assert [line["step"] for line in evals] == [0, 4, 8]
    tasks = evals[-1]["tasks"]
    assert tasks[RANKED]["metric"] == "rank_accuracy" and tasks[RANKED]["n"] == 8
    assert set(tasks) == {"run_held_1", "run_held_2", RANKED}


def test_a_stopped_run_continues_as_if_it_had_not_stopped(place, whole):
    """The same losses on another mesh, the second half from a checkpoint."""
    unjudged = {"evaluation": {"selection": (), "report": ()}, "mesh": {"data": 8}}
    run(place, "halves", train_steps=4, **unjudged)
    run(place, "halves", train_steps=8, **unjudged)
    ours, theirs = metrics_of(place, "halves"), metrics_of(place, "whole")
    np.testing.assert_allclose([ours[i] for i in range(1, 9)], [theirs[i] for i in range(1, 9)], rtol=2e-4)


def test_what_is_handed_over_generates_and_scores_as_the_model_says(place, whole):
    source = find_weights(place / "whole")
    assert source.model_config() == MODEL and source.vocab_path is not None
    params, _ = load_weights(source.path)
    vocabulary = load_vocabulary(str(source.vocab_path))
    [answer] = generate_texts(
        MODEL, params, vocabulary, ["Say red after one:"], inputs_length=24, max_decode_len=3, batch_size=1
    )
    tokens = [MODEL.start_id, *vocabulary.encode("Say red after one:"), vocabulary.eos_id]
    batch = {
        "decoder_input_tokens": np.array([tokens], np.int32),
        "decoder_causal_attention": np.ones((1, len(tokens)), np.int32),
    }
    logits = np.asarray(forward(MODEL, params, batch))[0, -1]
    assert answer.text.startswith(vocabulary.decode([int(logits.argmax())]))
    assert answer.num_prompt_tokens == len(tokens)


def test_finetuning_may_change_the_mask_but_not_the_weights_shapes(place, whole):
    found = find_weights(place / "whole")
    assert reads_otherwise(MODEL, found.model) == ""
    changed = dataclasses.replace(MODEL, attention="causal", start_id=5)
    check_same_model(found.path, changed, found.model)
    others = f"attention 'causal', there {MODEL.attention!r}, start_id 5, there {MODEL.start_id!r}"
    assert reads_otherwise(changed, found.model) == f", which read rows otherwise ({others})"
    for changes, words in (
        ({"norm": "layernorm"}, "norm: this run layernorm, the checkpoint rmsnorm"),
        ({"num_kv_heads": 1}, "(DecoderConfig)"),
        ({"num_kv_heads": 1}, "num_kv_heads: this run 1, the checkpoint 2"),
    ):
        with pytest.raises(CheckpointError) as error:
            check_same_model(found.path, dataclasses.replace(MODEL, **changes), found.model)
        assert words in str(error.value)


def test_a_finished_run_that_is_told_otherwise_hands_over_the_model_that_it_trained(place, whole):
    described = place / "whole" / "selected" / "model.json"
    before = described.read_bytes()
    _, text = run(place, "whole", dataclasses.replace(MODEL, attention="causal"))
    assert "continuing from step 8" in text and described.read_bytes() == before


def test_heads_of_keys_that_the_mesh_cannot_split_are_named(place):
    grouped = dataclasses.replace(MODEL, num_heads=8, num_kv_heads=2)
    with pytest.raises(ConfigError, match=r"key and value heads 2 does not split over the model axis 8: use a model"):
        run(place, "refused", grouped, mesh={"data": 1, "model": 8})
    # One head is whole on every device.
    assert "key and value heads" not in dataclasses.replace(grouped, num_kv_heads=1).split_sizes()


def test_flops_are_those_of_the_matrices(place):
    """Six a weight and token outside attention, as in Kaplan et al. 2020, table 1."""
    config = dataclasses.replace(MODEL, num_kv_heads=1, mlp="gelu")
    weights = 2 * (16 * 16 * 2 + 2 * 16 * 8 + 2 * 16 * 16) + 16 * 2048
    attention = 2 * 2 * 32 * 32 * 16
    assert step_flops(config, 4, 24, 8) == 6 * 4 * (32 * weights + attention)
