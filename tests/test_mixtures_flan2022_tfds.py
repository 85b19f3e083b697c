"""What Flan 2022 adds from TFDS, against the builders' own feature specifications; nothing is downloaded."""

import random

import pytest

tfds = pytest.importorskip("tensorflow_datasets")

import flan_jax.tasks  # noqa: E402, F401
from flan_jax.declare.registry import get_task  # noqa: E402
from flan_jax.tasks.flan2022.tfds_tasks import LAMBADA, QRECC, UNIFIED_QA_SCIENCE, WIKI_DIALOG  # noqa: E402

# task -> (data set, a row as the builder gives it, what its fields become)
ROWS = {
    "dialog_wiki_dialog": (
        WIKI_DIALOG,
        {"utterances": ["What is rye?", "A grass.", "Where does it grow?", "In cool places."]},
        {"dialog": "A: What is rye?\nB: A grass.\nA: Where does it grow?", "answer": "In cool places."},
    ),
    "dialog_qrecc": (
        QRECC,
        {"context": ["What is rye?", "A grass."], "question": "Where does it grow?", "answer": "In cool places."},
        {"dialog": "A: What is rye?\nB: A grass.\nA: Where does it grow?", "answer": "In cool places."},
    ),
    "flan2021_lambada": (
        LAMBADA,
        {"passage": "she opened the box and took out the ring"},
        {"passage": "she opened the box and took out the", "answer": "ring"},
    ),
    "flan2021_unified_qa_science_inst": (
        UNIFIED_QA_SCIENCE,
        {"input": "What melts? \\n (A) Ice. (B) Fire. (C) Wind. (D) Sound.", "output": "Ice."},
        {"question": "What melts?", "answer": "Ice.", "options": ("Ice.", "Fire.", "Wind.", "Sound.")},
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_the_builder_has_the_version_the_splits_and_the_features(name, tmp_path):
    dataset = ROWS[name][0]
    builder_name, _, version = dataset.tfds.partition(":")
    try:
        builder = tfds.builder(builder_name, data_dir=str(tmp_path))
    except Exception as error:
        if "beam" not in str(error).lower():
            raise
        pytest.skip(f"TFDS's {builder_name} needs Apache Beam even to be looked at: {error}")
    assert str(builder.version) == version
    for feature in dataset.features:
        assert feature in builder.info.features, feature
    fake = next(iter(ROWS[name][1].items()))
    assert fake[0] in builder.info.features


@pytest.mark.parametrize("name", ROWS)
def test_rows_become_fields_and_every_template_renders_them(name):
    dataset, row, fields = ROWS[name]
    made = dataset.fields_of(row)
    assert dict(made) == fields
    task = get_task(name)
    found = set()
    for seed in range(200):
        rendered = task.render(made, random.Random(seed), ())
        assert rendered.targets.strip() and "{" not in rendered.inputs() + rendered.targets
        found.add(rendered.inputs())
    assert len(found) >= 10
    turned = [template for template in task.render.templates if template.is_turned_around]
    assert len(task.render.templates) == 10 and len(turned) <= 3


@pytest.mark.parametrize("name", ["dialog_wiki_dialog", "dialog_qrecc"])
def test_a_dialogue_turned_around_asks_for_the_dialogue(name):
    dataset, row, fields = ROWS[name]
    for seed in range(20):
        rendered = get_task(f"{name}_inverted").render(dataset.fields_of(row), random.Random(seed), ())
        assert rendered.targets == fields["dialog"] and fields["answer"] in rendered.inputs()


def test_rows_without_what_is_needed_are_left_out():
    assert WIKI_DIALOG.fields_of({"utterances": ["Alone."]}) is None
    assert QRECC.fields_of({"context": [], "question": "What?", "answer": " "}) is None
    assert LAMBADA.fields_of({"passage": "word"}) is None
