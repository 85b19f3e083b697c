"""Where data sets are looked for, and what is said when they are not there."""

import dataclasses
import random

import pytest

from flan_jax.core.errors import MissingDataError, TaskError
from flan_jax.declare.example import Rendered
from flan_jax.declare.task import Task, missing_source
from flan_jax.sources import data_dir
from flan_jax.sources.folder import DataFolderSource
from flan_jax.sources.hugging_face import HuggingFaceFolderSource
from flan_jax.sources.jsonl import JsonlSource
from flan_jax.sources.tfds import TfdsSource

SET = data_dir.Download("Example", "https://example.org/set.zip", "CC BY 4.0", "example")


def test_folder_comes_from_the_environment_when_asked(tmp_path, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(tmp_path))
    assert SET.path("train.jsonl") == tmp_path / "example" / "train.jsonl"
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(data_dir.VARIABLE)
    assert data_dir.data_dir() == tmp_path / "data"


def test_a_missing_file_names_url_place_and_licence(tmp_path, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(tmp_path))
    with pytest.raises(TaskError) as error:
        SET.require("train.jsonl")
    for part in (SET.url, SET.licence, str(tmp_path / "example" / "train.jsonl"), data_dir.VARIABLE, "--data_dir"):
        assert part in str(error.value)
    (tmp_path / "example").mkdir()
    (tmp_path / "example" / "train.jsonl").write_text("{}")
    assert SET.require("train.jsonl").read_text() == "{}"


@pytest.mark.parametrize(
    "source",
    [
        JsonlSource({"train": "mine/train.jsonl"}, download=SET),
        DataFolderSource("mine", SET),
        HuggingFaceFolderSource("mine", download=SET),
        TfdsSource("mine", (("train", "train"),), licence="MIT"),
    ],
    ids=lambda source: type(source).__name__,
)
def test_every_source_says_that_its_data_may_lie_elsewhere(source, tmp_path, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(tmp_path))
    with pytest.raises(MissingDataError, match=rf"mine.* is not there.*{data_dir.VARIABLE}.*--data_dir"):
        source.rows("train")


def test_only_a_folder_can_be_set(tmp_path, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, "unchanged")
    with pytest.raises(TaskError, match="not a folder"):
        data_dir.set_data_dir(tmp_path / "nowhere")
    data_dir.set_data_dir(tmp_path)
    assert data_dir.data_dir() == tmp_path


@dataclasses.dataclass(frozen=True)
class _Elsewhere:
    splits: tuple[str, ...] = ("train",)
    description: str = "elsewhere"

    def rows(self, split):
        raise TaskError(SET.line())

    def missing(self):
        return SET.line()


def _render(row, rng: random.Random, pool):
    return Rendered("question", "answer")


def test_missing_source_asks_the_source():
    assert missing_source(Task("elsewhere", "cluster", _Elsewhere(), _render)) == SET.line()
