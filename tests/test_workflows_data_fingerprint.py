"""Whether the data of a run are still those that it was made of."""

import pytest

from flan_jax.cli.gin_config import load
from flan_jax.workflows.data_fingerprint import data_fingerprints

MODULE = """
from flan_jax.declare.registry import add_mixture
from flan_jax.declare.task import Member, Mixture
import flan_jax.tasks.procedural

add_mixture(Mixture("inner", (Member("small_sum_zero_shot", {inner}), Member("who_has_zero_shot", 1.0))))
add_mixture(Mixture("mine", (Member("inner"), Member("colour_of_zero_shot")), cap={cap}))
"""
FIRST = {"inner": "1.0", "cap": "100"}


@pytest.mark.parametrize("change", [{}, {"inner": "2.0"}, {"cap": "200"}], ids=["nothing", "a rate inside", "the cap"])
def test_how_tasks_are_mixed_counts(tmp_path, monkeypatch, change):
    monkeypatch.syspath_prepend(tmp_path)
    bindings = ["MODEL_DIR = 'unused'", "MIXTURE_OR_TASK_NAME = 'mine'", "MIXTURE_OR_TASK_MODULE = ('fingerprinted',)"]
    bindings += ["EVAL_SELECTION = 'who_has_new_template'", "EVAL_REPORT = ()"]
    config = load(["gin/recipes/demo.gin"], bindings)
    found = []
    for values in (FIRST, {**FIRST, **change}):
        (tmp_path / "fingerprinted.py").write_text(MODULE.format(**values))
        found += data_fingerprints([config])
    assert (found[0] == found[1]) == (not change) and "" not in found
