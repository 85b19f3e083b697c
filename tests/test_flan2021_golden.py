"""Every wording of every FLAN 2021 data set, on a row made up for it. `make golden` writes the golden file anew after a
change that is meant."""

import json

import pytest
from flan2021_rows import ROWS
from golden.flan2021_make import GOLDEN, texts

from flan_jax.tasks.flan2021.dataset import DATASETS


def test_there_is_a_row_for_every_data_set():
    assert {f"flan2021_{name}" for name in ROWS} == set(DATASETS)


@pytest.mark.parametrize("name", ROWS)
def test_rendered_text_has_not_moved(name):
    assert texts(name) == json.loads(GOLDEN.read_text())[name]
