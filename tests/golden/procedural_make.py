"""Writes `procedural.json`: one rendered example of every procedural task."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import flan_jax.tasks.procedural  # noqa: F401
from flan_jax.cache.train_vocab import procedural_tasks

GOLDEN = pathlib.Path(__file__).with_name("procedural.json")


def examples() -> dict[str, dict[str, Any]]:
    """The first example of each task, in the split that it is read from."""
    result = {}
    for task in procedural_tasks():
        split = task.train_split or task.eval_split
        _, rendered = next(task.rendered(split, [0]))
        result[task.name] = {
            "split": split,
            "inputs": rendered.inputs(),
            "targets": rendered.targets,
            "options": list(rendered.options),
        }
    return result


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(examples(), indent=1, sort_keys=True) + "\n")
