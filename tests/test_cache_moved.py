"""A module of tasks that imports what has moved is told in one line where it is now."""

import importlib
import re
import sys

import pytest
from shared import ROOT

from flan_jax.cache.moved import MOVED
from flan_jax.cache.resolve import register
from flan_jax.cli.main import main
from flan_jax.core.errors import TaskError


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Makes a module of a user's with one line in it; returns its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(line: str) -> str:
        (tmp_path / "their_tasks.py").write_text(line + "\n")
        importlib.invalidate_caches()
        return "their_tasks"

    yield make
    sys.modules.pop("their_tasks", None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "from flan_jax.core.task import Task, add_task",
            r"flan_jax\.core\.task is flan_jax\.declare \(Row, .*",
        ),
        ("import flan_jax.core.templates", r"flan_jax\.core\.templates is flan_jax\.declare\.templates now"),
        ("from flan_jax.core import suites", r"flan_jax\.core\.suites is .*\(add_suite: add_task_folder\) now"),
        ("from flan_jax.core.files.jsonl import JsonlSource", r"flan_jax\.core\.files is flan_jax\.sources \(.*\) now"),
        ("import flan_jax.build.cache", r"flan_jax\.build is flan_jax\.cache now"),
        (
            "from flan_jax.evaluate.suite import run_suite, Ranked",
            r"flan_jax\.evaluate\.suite\.Ranked is .*",
        ),
    ],
)
def test_an_old_import_is_one_line_with_the_new_name(module, line, said, capsys):
    name = module(line)
    with pytest.raises(TaskError) as error:
        register([name], {})
    text = str(error.value)
    assert re.fullmatch(rf"module their_tasks \(MIXTURE_OR_TASK_MODULE\): {said}.*: change its import", text), text
    assert main(["tasks", "list", "--module", name]) == 2
    assert text in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ("import not_installed_anywhere", TaskError, "cannot be imported, No module named 'not_installed_anywhere'"),
        ("import flan_jax.core.taks", TaskError, "cannot be imported, No module named 'flan_jax.core.taks'"),
        ("from json import loadz", ImportError, "cannot import name 'loadz'"),
        ("1 / 0", ZeroDivisionError, "division by zero"),
    ],
)
def test_other_mistakes_are_told_as_they_were(module, line, kind, said):
    with pytest.raises(kind, match=said):
        register([module(line)], {})


def named_before() -> list[str]:
    """What the left column of the changelog's tables of modules names. A name that begins with a dot stands beside the
    row's first module, in brackets below it; names in brackets count where their module is still there."""
    found = []
    section = (ROOT / "CHANGELOG.md").read_text().partition("### Modules")[2].partition("\n## ")[0]
    for before in re.findall(r"^\| (`flan_jax\.[^|]*) \|", section, re.MULTILINE):
        first = above = ""
        for module, brackets in re.findall(r"`([\w.]+)`(?: \(([^)]*)\))?", before):
            first = first or module
            above = first.rpartition(".")[0]
            full = above + module if module.startswith(".") else module
            names = [f"{full}.{name.lstrip('.')}" for name in re.findall(r"`([\w.]+)`", brackets)]
            found += names if names and _is_there(full) else [full]
    return sorted(set(found))


def _is_there(name: str) -> bool:
    try:
        _import(name)
    except ImportError:
        return False
    return True


def test_the_changelog_names_no_module_that_an_old_import_is_not_told_of():
    names = named_before()
    assert {"flan_jax.core.styles", "flan_jax.data.rows.batch_at", "flan_jax.evaluate.suite.journal"} <= set(names)
    assert [name for name in names if name not in MOVED] == []


def _import(name: str) -> object:
    """The module called `name`, or what the module above it has under that name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        above, _, last = name.rpartition(".")
        try:
            return getattr(importlib.import_module(above), last)
        except AttributeError as error:
            raise ImportError(name) from error


@pytest.mark.parametrize("old", sorted(MOVED))
def test_every_old_name_is_gone_and_every_new_one_is_there(old):
    with pytest.raises(ImportError):
        _import(old)
    new, _, others = MOVED[old].partition(" (")
    _import(new)
    for names, place in re.findall(r"(\w+(?:, \w+)*): ([\w.]+)", others):
        if not place.startswith("flan_jax"):
            names, place = place, new  # called otherwise there
        for name in names.split(", "):
            _import(place if name == "TsvSource" else f"{place}.{name}")


def test_a_module_whose_task_is_refused_is_named_with_its_line(module):
    name = module("from flan_jax.sources.memory import MemorySource\n\nMemorySource({'train': [{'a': 1}], 'test': []})")
    with pytest.raises(TaskError, match=r"^module their_tasks, line 3: rows in memory, split test: no rows"):
        register([name], {})


def test_a_module_that_is_named_as_a_file_is_told_its_name():
    with pytest.raises(TaskError, match=r"named as it is imported, 'their_tasks' with its folder on PYTHONPATH"):
        register(["mods/their_tasks.py"], {})
