"""Writes `flan2021.json`: every wording of every FLAN 2021 data set, on a row made up for it."""

from __future__ import annotations

import json
import pathlib
import random
import sys

if __name__ == "__main__":  # the rows lie beside the tests
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from flan2021_rows import ROWS

from flan_jax.declare.registry import get_task
from flan_jax.declare.styles import PLAIN_OPTIONS
from flan_jax.declare.templates import AS_WRITTEN, HIDDEN, Choice
from flan_jax.tasks.flan2021.dataset import DATASET_NAME, DATASETS, NO_TEMPLATE

GOLDEN = pathlib.Path(__file__).with_name("flan2021.json")


def texts(name: str) -> dict[str, list[str]]:
    """{"0": [inputs, targets], …} of all templates, then the two baselines, then the first template without options."""
    dataset = DATASETS[f"flan2021_{name}"]
    row = dataset.fields_of(ROWS[name])
    renderer = get_task(dataset.task_name).render

    def said(template_id, choice):
        turn = renderer.turn(row, template_id, choice, random.Random(0))
        return [turn.instruction + turn.inputs, turn.targets]

    result = {str(i): said(i, Choice(option_style=PLAIN_OPTIONS)) for i in range(len(dataset.templates))}
    result |= {wording: said(0, Choice(wording=wording)) for wording in (NO_TEMPLATE, DATASET_NAME)}
    if renderer.has_options:
        hidden = Choice(options=HIDDEN)
        result["no options"] = said(renderer.template_ids_for(hidden)[0], hidden)
    assert Choice().options == AS_WRITTEN
    return result


if __name__ == "__main__":
    golden = {name: texts(name) for name in ROWS}
    GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
