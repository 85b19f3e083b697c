"""Pooling: every prompt and option exactly once, in few shapes that the devices can split."""

import numpy as np
import pytest

from flan_jax.core.vocabulary import EOS_ID
from flan_jax.evaluate.pooled_batches import Prompt, bucket_lengths, generation_batches, option_batches

RNG = np.random.default_rng(0)


def tokens(length):
    return np.append(RNG.integers(3, 99, length - 1), EOS_ID).astype(np.int32)


PROMPTS = [Prompt(100 + i, tokens(int(n)), int(RNG.integers(1, 20))) for i, n in enumerate(RNG.integers(1, 65, 150))]


def test_each_prompt_is_generated_from_once_in_at_most_three_shapes():
    seen = {}
    batches = list(generation_batches(PROMPTS, 64, 16))
    for batch in batches:
        assert batch.inputs_BL.dtype == np.int32 and len(batch.inputs_BL) == len(batch.limits_B) == 16
        for row, key in enumerate(batch.keys):
            assert key not in seen
            seen[key] = (batch.inputs_BL[row], int(batch.limits_B[row]))
        assert not batch.limits_B[len(batch.keys) :].any() and not batch.inputs_BL[len(batch.keys) :].any()
    assert set(seen) == {prompt.key for prompt in PROMPTS}
    for prompt in PROMPTS:
        row, limit = seen[prompt.key]
        np.testing.assert_array_equal(row, np.pad(prompt.tokens, (0, len(row) - len(prompt.tokens))))
        assert limit == prompt.limit
    assert {batch.inputs_BL.shape for batch in batches} == {(16, 16), (16, 32), (16, 64)}
    assert list(generation_batches([], 64, 16)) == []


@pytest.mark.parametrize("num_shards", [1, 4])
def test_each_option_is_scored_once_with_its_own_prompt(num_shards):
    # The first half has one short option a prompt, so that a batch is full of prompts before it is full of answers.
    options = [
        [tokens(3)] if i < 75 else [tokens(int(n)) for n in RNG.integers(1, 40, RNG.integers(1, 90))]
        for i in range(len(PROMPTS))
    ]
    seen = set()
    shapes = set()
    by_key = {prompt.key: (prompt, answers) for prompt, answers in zip(PROMPTS, options, strict=True)}
    for batch in option_batches(PROMPTS, options, 64, 8, num_shards):
        shapes.add((batch.inputs_BL.shape, batch.targets_RT.shape))
        assert len(batch.inputs_BL) == 8 and len(batch.lengths_R) % num_shards == 0
        assert batch.targets_RT.size <= 8 * 64, "bounded memory"
        for place, row in enumerate(batch.rows):
            prompt, answers = by_key[row.key]
            assert (row.key, row.position) not in seen and row.num_options == len(answers)
            seen.add((row.key, row.position))
            inputs_L = batch.inputs_BL[batch.prompt_R[place]]
            np.testing.assert_array_equal(inputs_L[inputs_L != 0], prompt.tokens)
            answer = answers[row.position]
            np.testing.assert_array_equal(batch.targets_RT[place, : batch.lengths_R[place]], answer)
        assert not batch.lengths_R[len(batch.rows) :].any()
    assert seen == {(p.key, i) for p, answers in zip(PROMPTS, options, strict=True) for i in range(len(answers))}
    assert len(shapes) <= 3 * 4


def test_buckets_are_few_and_the_same_for_all():
    assert bucket_lengths(512, 3) == [128, 256, 512]
    assert bucket_lengths(512, 1) == [512]
    assert bucket_lengths(20, 4) == [8, 16, 20]
