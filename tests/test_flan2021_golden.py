"""Every wording of every FLAN 2021 data set, on a row made up for it. `python tests/test_flan2021_golden.py` writes the
golden file anew after a change that is meant."""

import json
import pathlib
import random

import pytest
from flan2021_rows import ROWS

from flan_jax.declare.registry import get_task
from flan_jax.declare.styles import PLAIN_OPTIONS
from flan_jax.declare.templates import AS_WRITTEN, HIDDEN, Choice
from flan_jax.tasks.flan2021.dataset import DATASET_NAME, DATASETS, NO_TEMPLATE

GOLDEN = pathlib.Path(__file__).parent / "golden" / "flan2021.json"


def texts(name):
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


def test_there_is_a_row_for_every_data_set():
    assert {f"flan2021_{name}" for name in ROWS} == set(DATASETS)


@pytest.mark.parametrize("name", ROWS)
def test_rendered_text_has_not_moved(name):
    assert texts(name) == json.loads(GOLDEN.read_text())[name]


if __name__ == "__main__":
    golden = {name: texts(name) for name in ROWS}
    GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
