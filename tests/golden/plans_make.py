"""Writes `plans.json`: what is saved of four plans over made-up lengths. Change it only with `PLAN_VERSION`."""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile
from typing import Any

import numpy as np

if __name__ == "__main__":  # the vocabulary lies beside the tests
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from data_cache import FakeVocabulary, LengthsReader

from flan_jax.core.manifest import MixtureManifest
from flan_jax.data import DecoderRows, PlanSpec, make_plan

GOLDEN = pathlib.Path(__file__).with_name("plans.json")
SIZES = {"alpha": 6000, "beta": 2000}
SHORT = "short_epochs"  # the case of a mixture smaller than a window of the packer
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "decoder_rows": {"layout": DecoderRows(None, "nothing")},
    "prompt": {"prompt_tokens": 5},
    SHORT: {},
}


def made_up_reader(root: pathlib.Path, case: str = "plain") -> LengthsReader:
    """Lengths of two tasks, one of them with an objective, that no file format has a part in.

    Args:
      root: where the plan is saved.
      case: a key of `CASES`.
    """
    lengths = {
        task: np.stack([2 + np.arange(size) * 7 % 50, 2 + np.arange(size) * 5 % 20], axis=1)
        for task, size in (SIZES if case != SHORT else {"alpha": 60, "beta": 20}).items()
    }
    return LengthsReader(root, lengths, {"beta": "prefix_lm"})


def spec_of(case: str) -> PlanSpec:
    """What each case asks for: twelve steps of two rows."""
    mixture = MixtureManifest("made_up", {"alpha": 3.0, "beta": 1.0, "never": 0.0}, {}, None, 1.0, {})
    return PlanSpec(mixture, {"inputs": 48, "targets": 24}, batch_size=2, num_steps=12, seed=3, **CASES[case])


def saved(case: str) -> dict[str, Any]:
    """plan.json of a case, as it is saved."""
    with tempfile.TemporaryDirectory() as folder:
        make_plan(spec_of(case), made_up_reader(pathlib.Path(folder), case), FakeVocabulary())
        (path,) = pathlib.Path(folder).glob("plans/*/plan.json")
        content: dict[str, Any] = json.loads(path.read_text())
        return content


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({case: saved(case) for case in CASES}, indent=1, sort_keys=True) + "\n")
