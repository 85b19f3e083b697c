"""FLAN 2021 against TFDS itself: the builders' own feature specifications (nothing is downloaded), and prepared data
sets written here and read back."""

import dataclasses
import json

import numpy as np
import pytest
from flan2021_rows import ROWS

tfds = pytest.importorskip("tensorflow_datasets")
from tensorflow_datasets.core import dataset_info, sequential_writer, splits  # noqa: E402
from tensorflow_datasets.testing.mocking import RandomFakeGenerator  # noqa: E402

from flan_jax.core.errors import TaskError  # noqa: E402
from flan_jax.declare.registry import get_task  # noqa: E402
from flan_jax.declare.templates import ORDERED_FIELD  # noqa: E402
from flan_jax.sources.data_dir import VARIABLE  # noqa: E402
from flan_jax.sources.tfds import FOLDER, TfdsSource  # noqa: E402
from flan_jax.tasks.flan2021.dataset import DATASETS  # noqa: E402

DATASETS_BY_NAME = {dataset.name: dataset for dataset in DATASETS.values()}
# TFDS has newer versions of these than FLAN used; the features that we read are the same.
NEWER = {"cnn_dailymail": "3.4.0", "multi_news": "2.1.0", "winogrande": "1.2.0"}


@pytest.fixture(scope="module")
def builders(tmp_path_factory):
    """Builder by data set, made without preparing anything."""
    folder = str(tmp_path_factory.mktemp("tfds"))
    return {
        name: tfds.builder(dataset.tfds.partition(":")[0], data_dir=folder)
        for name, dataset in DATASETS_BY_NAME.items()
    }


def spec_of(features, path):
    for part in path.split("/"):
        features = features[part]
    return features


def full_row(features, row):
    """`row`, with made-up values for the features it does not name."""
    if not isinstance(row, dict):
        return row
    if hasattr(features, "feature") and isinstance(row, dict):  # a sequence of dictionaries
        length = len(next(iter(row.values())))
        filled = {name: row.get(name, [example_of(spec)] * length) for name, spec in features.feature.items()}
        return filled
    return {name: full_row(spec, row[name]) if name in row else example_of(spec) for name, spec in features.items()}


def example_of(spec):
    """Some value of a feature."""
    if hasattr(spec, "items") and not hasattr(spec, "feature"):
        return {name: example_of(inner) for name, inner in spec.items()}
    if hasattr(spec, "feature"):
        return {name: [] for name in spec.feature} if hasattr(spec.feature, "items") else []
    if isinstance(spec, tfds.features.ClassLabel):
        return 0
    return "x" if np.dtype(spec.np_dtype).kind == "O" else np.dtype(spec.np_dtype).type(0)


@pytest.mark.parametrize("name", ROWS)
def test_declared_features_are_in_the_builders_specification(name, builders):
    dataset, features = DATASETS_BY_NAME[name], builders[name].info.features
    for path in dataset.features:
        spec_of(features, path)
    if dataset.labels:
        assert spec_of(features, dataset.label).names == [label for label, _ in dataset.labels]
    version = dataset.tfds.partition(":")[2]
    assert str(builders[name].version) == NEWER.get(name, version or "2.0.0")


@pytest.mark.parametrize("name", ROWS)
def test_rows_of_the_specification_render(name, builders):
    """A row that the builder's own features accept, in the values that they make of it, fills every template."""
    dataset, features = DATASETS_BY_NAME[name], builders[name].info.features
    assert not set(ROWS[name]) - set(features), "the row has fields that TFDS's do not have"
    encoded = features.encode_example(full_row(features, ROWS[name]))
    for path in dataset.features:
        spec, value = spec_of(features, path), spec_of(encoded, path)
        assert np.asarray(value).dtype.kind in "biufSOU", (path, spec)
    task = get_task(dataset.task_name)
    fields = dataset.fields_of(ROWS[name])
    for template in task.render.templates:
        template.check(fields)


@pytest.mark.parametrize("name", ROWS)
def test_random_rows_of_the_specification_are_read_or_left_out(name, builders):
    """Types alone, whatever the text says: only relations and names of fixed vocabulary are put in."""
    from flan_jax.cache.tfds_rows import plain

    dataset, features = DATASETS_BY_NAME[name], builders[name].info.features
    for row in RandomFakeGenerator(features, num_examples=3, seed=0):
        row = plain(row)
        if name == "copa":
            row["question"] = "effect"
        fields = dataset.fields_of(row)
        if fields is not None:
            assert set(fields) - {ORDERED_FIELD} == set(dataset.available)
            for template in dataset.templates:
                template.inputs.format_map(fields)


def prepare(builder, folder, rows, version=None, split="train"):
    """Writes `rows` as a prepared data set with the builder's own name, configuration and features."""
    version = version or str(builder.version)
    path = folder / FOLDER / builder.name / (builder.builder_config.name if builder.builder_config else "") / version
    path.mkdir(parents=True)
    identity = dataset_info.DatasetIdentity(
        name=builder.name,
        config_name=builder.builder_config.name if builder.builder_config else None,
        version=version,
        data_dir=str(path),
        module_name=__name__,
    )
    info = dataset_info.DatasetInfo(builder=identity, features=builder.info.features)
    writer = sequential_writer.SequentialWriter(ds_info=info, max_examples_per_shard=100, overwrite=True)
    writer.initialize_splits([split])
    writer.add_examples({split: [full_row(builder.info.features, row) for row in rows]})
    writer.close_all()
    return path


READ_BACK = (
    "rte",
    "trivia_qa",
    "arc_easy",
    "coqa",
    "wmt16_translate_deen",
    "openbookqa",
    "bool_q",
    "paws_wiki",
    "dart",
)


@pytest.mark.parametrize("name", READ_BACK)
def test_prepared_files_are_preferred_and_read_by_slice(name, builders, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    dataset = dataclasses.replace(DATASETS_BY_NAME[name], train="train[:-2]", sample=None)
    source = dataset.source()
    assert source.missing()
    prepare(builders[name], tmp_path, [ROWS[name]] * 5)
    assert source.missing() is None and not source.is_sample
    assert source.description.startswith(f"TFDS {dataset.tfds}, ")
    rows = source.rows("train")
    assert len(rows) == 3
    expected = dict(dataset.fields_of(ROWS[name]))
    assert json.loads(json.dumps(rows[0])) == json.loads(json.dumps(expected))


def test_only_declared_features_are_decoded_and_the_cap_holds(builders, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    prepare(builders["trivia_qa"], tmp_path, [ROWS["trivia_qa"]] * 7)
    source = TfdsSource(
        "trivia_qa/rc:1.1.0", (("train", "train[1:]"),), ("question", "answer/value"), "none", (("train", 4),)
    )
    assert source.rows("train") == [{"question": ROWS["trivia_qa"]["question"], "answer": {"value": "Saturn"}}] * 4


def test_rows_keep_the_files_order(builders, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    prepare(builders["sst2"], tmp_path, [{"sentence": f"number {i}", "label": i % 2} for i in range(50)])
    source = TfdsSource("glue/sst2:2.0.0", (("train", "train[:10]"), ("rest", "train[10:]")), ("sentence",))
    texts = [row["sentence"] for split in source.splits for row in source.rows(split)]
    assert sorted(texts) == sorted(f"number {i}" for i in range(50)) and len(texts) == 50
    assert texts == [row["sentence"] for split in source.splits for row in source.rows(split)]


def test_another_version_is_read_where_the_published_one_is_not_there(builders, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    source = get_task("flan2021_winogrande").source
    assert source.tfds.builder == "winogrande:1.1.0"
    prepare(builders["winogrande"], tmp_path, [ROWS["winogrande"]] * 3, split="train_xl")
    assert "prepared here: version 1.2.0" in source.description and source.missing() is None
    whole = dataclasses.replace(source.tfds, slices=(("train", "train_xl"),))
    assert whole.rows("train")[0]["option2"] == "bag"
    with pytest.raises(TaskError, match=r"train_xl\[:30000\]: .*incompatible with 3 examples"):
        source.rows("train")  # a part of the data set is not taken for all of it
    prepare(builders["winogrande"], tmp_path, [ROWS["winogrande"]] * 3, version="1.1.0", split="train_xl")
    assert "prepared here" not in source.description


def test_damage_and_missing_parts_are_named(builders, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    path = prepare(builders["sst2"], tmp_path, [{"sentence": "a", "label": 0}] * 3)
    source = dataclasses.replace(DATASETS_BY_NAME["sst2"], train="train").source()
    with pytest.raises(TaskError, match=r"split validation: .*prepare the data set again"):
        source.rows("test")  # TFDS's validation split is not there
    for file in path.glob("*.tfrecord*"):
        file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(TaskError, match=r"split train: .*prepare the data set again"):
        source.rows("train")


def test_nothing_is_gone_from_tfds_but_xsum_of_hugging_face():
    """FLAN's `huggingface:xsum` went with TFDS's bridge to Hugging Face; the builder `xsum` stands for it."""
    with pytest.raises(tfds.core.registered.DatasetNotFoundError):
        tfds.builder_cls("huggingface_xsum")
    assert DATASETS_BY_NAME["xsum"].tfds == "xsum:1.1.0"
    for dataset in DATASETS.values():
        for part in (dataset.train, dataset.validation, dataset.test):
            if part is not None:
                splits.ReadInstruction.from_spec(part)
