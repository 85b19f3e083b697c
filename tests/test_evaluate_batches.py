"""Pooling: every prompt and option exactly once, in few shapes that the devices can split."""

import numpy as np
import pytest

from flan_jax.core.vocabulary import EOS_ID
from flan_jax.evaluate.language_models.pooled_batches import (
    bucket_lengths,
    pooled_option_batches,
    pooled_prompt_batches,
)

RNG = np.random.default_rng(0)


def tokens(length):
    return np.append(RNG.integers(3, 99, length - 1), EOS_ID).astype(np.int32)


PROMPTS = [tokens(int(n)) for n in RNG.integers(1, 65, 150)]
LIMITS = [int(n) for n in RNG.integers(1, 20, 150)]


def test_each_prompt_is_generated_from_once_in_at_most_three_shapes():
    seen = {}
    batches = list(pooled_prompt_batches(PROMPTS, LIMITS, 64, 16))
    for batch in batches:
        assert batch.inputs_BL.dtype == np.int32 and len(batch.inputs_BL) == len(batch.lengths_B) == 16
        for row, position in enumerate(batch.positions):
            assert position not in seen
            seen[position] = batch.inputs_BL[row]
            assert batch.lengths_B[row] == len(PROMPTS[position])
        limits = [LIMITS[position] for position in batch.positions]
        assert limits == sorted(limits), "rows of like limits end together"
        assert not batch.inputs_BL[len(batch.positions) :].any()
        assert (batch.lengths_B[len(batch.positions) :] == 1).all()
    assert set(seen) == set(range(150))
    for position, row in seen.items():
        np.testing.assert_array_equal(row, np.pad(PROMPTS[position], (0, len(row) - len(PROMPTS[position]))))
    assert {batch.inputs_BL.shape for batch in batches} == {(16, 16), (16, 32), (16, 64)}
    assert list(pooled_prompt_batches([], [], 64, 16)) == []


@pytest.mark.parametrize("num_shards", [1, 4])
def test_each_option_is_scored_once_with_its_own_prompt(num_shards):
    # The first half has one short option a prompt, so that a batch is full of prompts before it is full of answers.
    options = [
        [tokens(3)] if i < 75 else [tokens(int(n)) for n in RNG.integers(1, 40, RNG.integers(1, 90))]
        for i in range(len(PROMPTS))
    ]
    seen = set()
    shapes = set()
    for batch in pooled_option_batches(PROMPTS, options, 64, 8, num_shards):
        inputs_BL = batch.prompts.inputs_BL
        shapes.add((inputs_BL.shape, batch.targets_RT.shape))
        assert len(inputs_BL) == 8 and len(batch.lengths_R) % num_shards == 0
        assert batch.targets_RT.size <= 8 * 64, "bounded memory"
        for place, answer in enumerate(batch.answers):
            assert (answer.position, answer.option) not in seen
            seen.add((answer.position, answer.option))
            inputs_L = inputs_BL[batch.prompt_R[place]]
            np.testing.assert_array_equal(inputs_L[inputs_L != 0], PROMPTS[answer.position])
            expected = options[answer.position][answer.option]
            np.testing.assert_array_equal(batch.targets_RT[place, : batch.lengths_R[place]], expected)
        assert not batch.lengths_R[len(batch.answers) :].any()
    assert seen == {(i, k) for i, answers in enumerate(options) for k in range(len(answers))}
    assert len(shapes) <= 3 * 4


def test_buckets_are_few_and_the_same_for_all():
    assert bucket_lengths(512, 3) == [128, 256, 512]
    assert bucket_lengths(512, 1) == [512]
    assert bucket_lengths(20, 4) == [8, 16, 20]
