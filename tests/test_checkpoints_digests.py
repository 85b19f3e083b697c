"""Digests of arrays: the same on any mesh and by both ways of computing, and another after any change."""

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec

from flan_jax.checkpoints import digests
from flan_jax.checkpoints.digests import array_digests, differing
from flan_jax.train.config import MeshConfig
from flan_jax.train.mesh import make_mesh

RNG = np.random.default_rng(0)
ARRAYS = {
    "matrix": RNG.normal(size=(8, 24)).astype(np.float32),
    "half": RNG.normal(size=(3, 8, 2)).astype(ml_dtypes.bfloat16),
    "wide": RNG.normal(size=(4, 8)),
    "count": np.int32(7),
    "mask": RNG.random((8, 3)) > 0.5,
    "none": np.zeros((0, 4), np.float32),
}


def test_a_digest_is_one_number_however_it_is_computed_and_split(monkeypatch):
    few = array_digests(ARRAYS)
    assert len(set(few.values())) == len(ARRAYS) and {len(found) for found in few.values()} == {16}
    here = {name: array for name, array in ARRAYS.items() if array.dtype != np.float64}  # JAX halves these
    monkeypatch.setattr(digests, "_FEW", -1)
    for shape in [(8, 1, 1), (2, 2, 2), (1, 1, 8)]:
        mesh = make_mesh(MeshConfig(*shape))
        for spec in [PartitionSpec(), PartitionSpec(("data", "fsdp")), PartitionSpec(None, ("fsdp", "model"))]:
            fits = NamedSharding(mesh, spec)
            split = jax.device_put(here["matrix"], fits)
            assert array_digests({"matrix": split}) == {"matrix": few["matrix"]}
    assert array_digests(jax.tree.map(jnp.asarray, here)) == {name: few[name] for name in here}


@pytest.mark.parametrize("name", ["matrix", "half", "wide", "mask"])
def test_every_flipped_bit_and_every_swap_is_seen(name):
    array = ARRAYS[name]
    before = array_digests({name: array})
    raw = array.tobytes()
    bits = range(8 * len(raw)) if array.dtype != bool else range(0, 8 * len(raw), 8)
    for bit in bits:
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        flipped = np.frombuffer(bytes(changed), array.dtype).reshape(array.shape)
        assert differing(before, array_digests({name: flipped})) == [name]
    assert array_digests({name: array[::-1]}) != before
    assert array_digests({name: np.roll(array, 1, axis=-1)}) != before
    assert array_digests({name: array.swapaxes(0, 1)}) != before


def test_arrays_that_one_side_lacks_differ():
    found = array_digests({"a": {"b": ARRAYS["matrix"]}, "c": ARRAYS["count"]})
    assert list(found) == ["a/b", "c"]
    assert differing({**found, "d": "0" * 16}, {"a/b": found["a/b"]}) == ["c", "d"]
