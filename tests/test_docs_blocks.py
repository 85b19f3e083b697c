"""Every block of code in README, CONTRIBUTING and docs/ runs, or says what it needs that is not here.

A page's blocks run one after another in an empty folder, shell commands shortened (fewer steps, fewer questions).
Before a block, a comment may say `<!-- needs: data -->` (it is not run; its flags and files are still checked),
`<!-- file: help_desk.py -->` (it is saved under that name) or `<!-- given: a model -->` (names that it does not make).
"""

import contextlib
import fcntl
import io
import os
import pathlib
import re
import shutil

import numpy as np
import pytest
from data_cache import FakeVocabulary, write_cache
from docs_blocks import CODE, NEEDS, SHOWN, blocks_of, pages, run_shell, shorter, train_alone
from shared import ROOT

import flan_jax.tasks  # noqa: F401  # `restored` would take back what a block is the first to import
from flan_jax.cli.main import parse_verb
from flan_jax.declare.registry import restored

BLOCKS = [block for page in pages() for block in blocks_of(page)]
RUN_PAGES = sorted({block.page for block in BLOCKS if block.language in CODE and "needs" not in block.marks})


def test_every_block_says_its_language():
    assert not [str(block) for block in BLOCKS if block.language not in (*CODE, *SHOWN)]


def test_no_code_hides_in_a_block_that_only_shows():
    hidden = re.compile(r"^(flan-jax|python|pip|make|\$|>>>) ", re.MULTILINE)
    assert not [str(block) for block in BLOCKS if block.language in SHOWN and hidden.search(block.code)]


def test_no_block_is_made_by_indenting():
    """Such a block has no language and no test."""
    for page in pages():
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        paragraphs = re.split(r"\n\s*\n", text)
        before = ""
        for paragraph in paragraphs:
            is_item = re.match(r"\s*([-*]|\d+\.) ", before) is not None
            assert not paragraph.startswith("    ") or is_item, f"{page.name}: {paragraph[:80]!r}"
            before = paragraph if not paragraph.startswith(" ") else before


def test_what_a_block_needs_is_known():
    words = {word for block in BLOCKS if "needs" in block.marks for word in block.marks["needs"].split(", ")}
    assert words <= set(NEEDS), words - set(NEEDS)
    assert {block.marks["given"] for block in BLOCKS if "given" in block.marks} <= set(GIVEN)


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "sh" and "needs" in b.marks], ids=str)
def test_flags_and_recipes_of_commands_that_are_not_run_exist(block):
    for words in block.commands():
        words = words[next((i for i, word in enumerate(words) if "=" not in word), 0) :]  # after XLA_FLAGS=…
        if words[0] != "flan-jax" or "…" in words:
            continue
        with contextlib.redirect_stderr(io.StringIO()) as said:
            try:
                _, args = parse_verb(words[1], words[2:])
            except SystemExit:
                pytest.fail(f"{block}: {said.getvalue()}")
        for path in getattr(args, "gin_file", None) or []:
            assert not path.startswith("gin/") or (ROOT / path).exists(), f"{block}: {path}"


def _demo(folder: pathlib.Path) -> None:
    """runs/demo in `folder`: two steps with a profile."""
    command = ["flan-jax", "train", "--gin_file", "gin/recipes/demo.gin", "--gin.MODEL_DIR=runs/demo"]
    train_alone([*shorter(command), "--gin.TrainConfig.profile_steps=(1, 2)", "--gin.CACHE_DIR=cache"], folder)


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """A folder with runs/demo, made once, whichever of pytest's processes comes first."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "docs_demo"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "is_made").exists():
            (folder / "gin").symlink_to(ROOT / "gin")
            _demo(folder)
            (folder / "is_made").touch()
    return folder


def a_model(folder):
    """Names of docs/decoding.md: the embedded model and two prompts."""
    import jax

    from flan_jax.checkpoints.load import load_model

    model = load_model("embedded:lm_adapted")
    return {
        "config": model.config,
        "params": model.params,
        "inputs_BL": np.array([[5, 6, 1], [7, 1, 0]], np.int32),
        "lengths_B": np.array([3, 2], np.int32),
        "limits_B": np.array([4, 4], np.int32),
        "max_decode_len": 4,
        "key": jax.random.key(0),
        "row_ids_B": np.arange(2, dtype=np.int32),
    }


def a_cache(folder):
    """Names of docs/feed.md: a cache of two tasks, and its vocabulary."""
    write_cache(folder / "cache", {"alpha": 300, "beta": 70})
    (folder / "cache/mixtures/made_up.json").rename(folder / "cache/mixtures/my_mixture.json")
    return {"root": folder / "cache", "vocabulary": FakeVocabulary()}


GIVEN = {"a model": a_model, "a cache": a_cache}


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN_PAGES)
def test_the_blocks_of_a_page_run(page, demo, tmp_path, monkeypatch, capsys):
    (tmp_path / "gin").symlink_to(ROOT / "gin")
    shutil.copytree(demo / "runs" / "demo", tmp_path / "runs" / "demo")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    names = {}
    with restored():
        for block in blocks_of(ROOT / page):
            if block.language not in CODE or "needs" in block.marks:
                continue
            if "file" in block.marks:
                (tmp_path / block.marks["file"]).write_text(block.code)
            elif block.language == "sh":
                run_shell(block, tmp_path, monkeypatch)
            elif block.language == "gin":
                _load(block, tmp_path)
            else:
                names |= GIVEN[block.marks["given"]](tmp_path) if "given" in block.marks else {}
                exec(compile(block.code, str(block), "exec"), names)


def _load(block, folder):
    """Bindings are read after the demo's recipe: a misspelt or unused one is an error."""
    from flan_jax.cli import gin_config

    path = folder / "block.gin"
    path.write_text(block.code)
    gin_config.load(["gin/recipes/demo.gin", str(path)], ["MODEL_DIR = 'runs/block'"])
