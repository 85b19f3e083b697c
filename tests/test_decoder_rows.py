"""Rows of decoder-only models: SeqIO's prefix-LM rows by hand, packing on one length, plans and their batches."""

import dataclasses

import numpy as np
import pytest
from data_cache import FakeVocabulary, write_cache

from flan_jax.core.errors import CacheError
from flan_jax.data import CacheReader, DecoderRows, PlanSpec, batch_at, make_plan
from flan_jax.data.rows import pack_decoder_rows

PAIRS = [(np.array([9, 4, 6, 1]), np.array([3, 9, 1])), (np.array([7, 1]), np.array([5, 1]))]


def pack(layout, pairs=PAIRS, length=13):
    batch = pack_decoder_rows(pairs, np.zeros(len(pairs), np.int64), 1, layout, length)
    return {name.removeprefix("decoder_"): values[0].tolist() for name, values in batch.items()}


def test_rows_are_seqios_with_a_start_id():
    """The first example is that of seqio's PrefixLMFeatureConverter documentation."""
    row = pack(DecoderRows(start_id=0, prompt_end="eos"))
    assert row["target_tokens"] == [9, 4, 6, 1, 3, 9, 1, 7, 1, 5, 1, 0, 0]
    assert row["input_tokens"] == [0, 9, 4, 6, 1, 3, 9, 0, 7, 1, 5, 0, 0]
    assert row["loss_weights"] == [0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 0]
    assert row["causal_attention"] == [1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0]
    assert row["positions"] == [0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 0, 0]
    assert row["segment_ids"] == [1] * 7 + [2] * 4 + [0, 0]


def test_without_a_start_id_the_first_token_is_fed_and_not_predicted():
    row = pack(DecoderRows(start_id=None, prompt_end="nothing"))
    assert row["input_tokens"] == [9, 4, 6, 3, 9, 1, 7, 5, 1, 0, 0, 0, 0]
    assert row["target_tokens"] == [4, 6, 3, 9, 1, 0, 5, 1, 0, 0, 0, 0, 0]
    assert row["loss_weights"] == [0, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0]
    assert row["causal_attention"] == [1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("start_id", [None, 0, 5])
@pytest.mark.parametrize("prompt_end", ["eos", "nothing"])
def test_every_target_token_is_learnt_once_from_the_tokens_before_it(start_id, prompt_end):
    layout = DecoderRows(start_id=start_id, prompt_end=prompt_end)
    row = {name: np.array(values) for name, values in pack(layout).items()}
    for segment, (inputs, targets) in enumerate(PAIRS, 1):
        own = row["segment_ids"] == segment
        learnt = own & (row["loss_weights"] > 0)
        np.testing.assert_array_equal(row["target_tokens"][learnt], targets)
        fed = row["input_tokens"][own].tolist()
        prompt = layout.inputs_of(inputs).tolist()
        first = [] if start_id is None else [start_id]
        for i, place in enumerate(np.flatnonzero(learnt) - np.flatnonzero(own)[0]):
            assert fed[: place + 1] == [*first, *prompt, *targets[:i].tolist()]
        assert row["causal_attention"][own].sum() == len(first) + len(prompt)


def test_a_full_row_ends_at_its_last_token_and_one_more_does_not_fit():
    row = pack(DecoderRows(start_id=None), length=11)
    assert row["loss_weights"][-1] == 0 and row["input_tokens"][-1] == 1
    with pytest.raises(CacheError, match=r"needs 11 inputs and targets tokens, it has 10"):
        pack(DecoderRows(), length=10)


@pytest.mark.parametrize("layout", [DecoderRows(), DecoderRows(None, "nothing")])
def test_a_plan_packs_on_the_sum_and_feeds_every_planned_example_whole(tmp_path, layout):
    mixture, _ = write_cache(tmp_path, {"short": 60, "long": 90}, max_inputs=30, max_targets=20)
    reader = CacheReader(tmp_path, FakeVocabulary().fingerprint)
    spec = PlanSpec(mixture, {"inputs": 24, "targets": 24}, batch_size=4, num_steps=20, layout=layout)
    plan = make_plan(spec, reader, FakeVocabulary())
    again = make_plan(spec, reader, FakeVocabulary())
    other = make_plan(dataclasses.replace(spec, layout=None), reader, FakeVocabulary())
    assert plan.fingerprint == again.fingerprint != other.fingerprint
    assert plan.row_length == 48 and 0.85 < plan.density
    assert other.density < plan.density <= plan.density_bound == 1.0
    assert "rows of 48 tokens, at most 24 inputs and 24 targets each" in plan.explain()[0]
    num_tokens = num_targets = 0
    for step in range(plan.num_steps):
        batch = batch_at(plan, reader, step)
        assert batch["decoder_input_tokens"].shape == (4, 48)
        num_tokens += int((batch["decoder_segment_ids"] > 0).sum())
        num_targets += int(batch["decoder_loss_weights"].sum())
    assert num_tokens == plan.num_tokens
    assert num_targets == sum(summary.num_targets_tokens for summary in plan.summaries)
