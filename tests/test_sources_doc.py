"""docs/add_a_dataset.md: its file and its rows do what the page says."""

import csv
import importlib.util
import io
import re

import pytest
from shared import ROOT

import flan_jax.tasks  # noqa: F401
from flan_jax.cache.build import build_cache
from flan_jax.cli.gin_config import load
from flan_jax.core import assets
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare.registry import get, get_task, restored
from flan_jax.sources.data_dir import VARIABLE

PAGE = (ROOT / "docs" / "add_a_dataset.md").read_text()


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return [block for name, block in fenced if name == language]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder in which steps 1 and 2 are done; the registry is as before afterwards."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "data"))
    for name, content in re.findall(r"^cat > (\S+) <<'CSV'\n(.*?)^CSV$", PAGE, re.MULTILINE | re.DOTALL):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    (module,) = blocks("python")
    (tmp_path / "help_desk.py").write_text(module)
    spec = importlib.util.spec_from_file_location("help_desk", tmp_path / "help_desk.py")
    with restored():
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        yield tmp_path


def test_the_pages_task_renders_in_every_wording_and_format(folder):
    task = get_task("help_desk")
    rows = list(csv.DictReader(io.StringIO((folder / "data/help_desk/train.csv").read_text())))
    examples = [example for _, example in task.rendered("train")]
    assert [example.targets for example in examples] == [row["department"] for row in rows]
    assert all(example.options == ("billing", "delivery", "returns") for example in examples)
    assert all(row["message"] in example.query for row, example in zip(rows, examples, strict=True))
    ((_, shot),) = get("help_desk__fewshot_2").rendered("train", [0])
    assert len(shot.exemplars) == 2


def test_the_pages_task_is_cached(folder):
    vocabulary = load_vocabulary(str(assets.EMBEDDED_VOCAB))
    manifest = build_cache("help_desk", vocabulary=vocabulary, cache_dir=folder / "cache", num_workers=1)
    assert manifest.num_examples == {"help_desk": 8}
    assert manifest.splits == {"help_desk": {"train": "train", "eval": "validation"}}


def test_the_pages_recipe_is_one(folder):
    (recipe,) = [block for block in blocks("gin") if "TRAIN_STEPS" in block]
    (folder / "help_desk.gin").write_text(recipe)
    config = load([str(folder / "help_desk.gin")], ["MODEL_DIR = 'runs/help_desk'"])
    assert (config.train.mixture, config.tasks.modules) == ("help_desk", ("help_desk",))


def test_every_source_of_the_page_is_there():
    from flan_jax import sources as files
    from flan_jax.sources import tfds as tfds_source

    (table,) = re.findall(r"^\| rows are in \|.*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"`(\w+Source)\(", table))
    assert named == {name for name in files.__all__ if name.endswith("Source")} - {"MappedSource", "Source"} | {
        "TfdsSource"
    }
    assert hasattr(tfds_source, "TfdsSource")
