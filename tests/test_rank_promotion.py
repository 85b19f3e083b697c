"""Arrays of different ranks do not broadcast in tests (conftest.py): an axis that is missing is an error."""

import os

import jax.numpy as jnp
import pytest


def test_ranks_are_promoted_neither_here_nor_in_the_processes_that_tests_start():
    x_BD, scale_D = jnp.ones((2, 3)), jnp.ones(3)
    with pytest.raises(ValueError, match="jax_numpy_rank_promotion='raise'"):
        x_BD * scale_D
    assert (x_BD * scale_D[None] * 2.0).shape == (2, 3)  # the axis is named, and a number has none
    assert os.environ["JAX_NUMPY_RANK_PROMOTION"] == "raise"
