"""A new task or benchmark is a new file: what a package holds is found, in the same order on every machine."""

import pkgutil
import subprocess
import sys

import pytest
from shared import ROOT

import flan_jax.tasks
from flan_jax.declare.discover import import_below


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Makes a package of modules that note when they are run; returns its name and the notes."""

    def make(name: str, files: dict[str, str]) -> str:
        for path, body in {"__init__.py": "NOTES = []\n", **files}.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            note = "" if path == "__init__.py" else f"import {name}\n{name}.NOTES.append(__name__)\n"
            file.write_text(note + body)
        monkeypatch.syspath_prepend(tmp_path)
        return name

    yield make
    for name in [name for name in sys.modules if name.startswith("found_")]:
        del sys.modules[name]


def test_modules_are_found_in_order_depth_first(package):
    files = ("b.py", "a/__init__.py", "a/two.py", "a/one.py", "c.py", "_private.py", "not-a-name.py", "notes.txt")
    name = package("found_1", dict.fromkeys(files, ""))
    import_below(name)
    order = [module.removeprefix("found_1.") for module in sys.modules["found_1"].NOTES]
    assert order == ["a", "a.one", "a.two", "b", "c"]


def test_what_comes_last_comes_last_and_a_second_call_changes_nothing(package):
    name = package("found_2", {"a.py": "", "mixtures.py": "", "z.py": "", "b.py": "import found_2.z"})
    import_below(name, last=("mixtures", "a"))
    import_below(name)
    order = [module.removeprefix("found_2.") for module in sys.modules["found_2"].NOTES]
    assert order == ["b", "z", "mixtures", "a"]


def test_a_module_that_is_broken_is_not_passed_over(package):
    with pytest.raises(ZeroDivisionError):
        import_below(package("found_3", {"a.py": "1 / 0"}))


def test_every_file_of_tasks_is_imported_and_no_package_lists_its_siblings():
    modules = {info.name for info in pkgutil.walk_packages(flan_jax.tasks.__path__, "flan_jax.tasks.")}
    files = [path for path in (ROOT / "tasks").rglob("*.py") if path.name != "__init__.py"]
    assert len(files) > 150 and {name for name in modules if not name.endswith("__main__")} <= sys.modules.keys()
    assert {path.stem for path in files} <= {name.rpartition(".")[2] for name in modules}
    for path in (ROOT / "tasks").rglob("__init__.py"):
        inside = "flan_jax.tasks." + ".".join(path.parent.relative_to(ROOT / "tasks").parts)
        names = [line for line in path.read_text().splitlines() if line.startswith(f"from {inside} import")]
        assert not names, f"{path} lists {names}: a module is found by itself"


def test_order_is_the_same_whatever_order_the_file_system_has():
    program = """
import os, pkgutil, sys
if sys.argv[1] == "reversed":
    real = pkgutil.iter_modules
    pkgutil.iter_modules = lambda *args: reversed(list(real(*args)))
import flan_jax.tasks
from flan_jax.declare.registry import all_mixtures, all_tasks
from flan_jax.declare.benchmark import BENCHMARKS, COLLECTIONS
print([item.name for item in (*all_tasks(), *all_mixtures())], list(BENCHMARKS), list(COLLECTIONS))
"""
    printed = {
        subprocess.run([sys.executable, "-c", program, how], capture_output=True, text=True, check=True).stdout
        for how in ("as it is", "reversed")
    }
    assert len(printed) == 1


def test_a_new_file_in_a_cluster_registers_by_itself(tmp_path):
    """In a copy of the package, as a user's own checkout is one."""
    copy = tmp_path / "flan_jax"
    copy.mkdir()
    for path in (ROOT / "flan_jax").iterdir():
        if path.name not in ("tasks", "__pycache__"):
            (copy / path.name).symlink_to(path)
    for path in (ROOT / "tasks").rglob("*.*"):
        if "__pycache__" not in path.parts:
            target = copy / "tasks" / path.relative_to(ROOT / "tasks")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path)
    family = (ROOT / "tasks/procedural/units/convert_units.py").read_text()
    (copy / "tasks/procedural/units/brand_new.py").write_text(family.replace('"convert_units"', '"brand_new"'))
    program = """
import flan_jax.tasks
from flan_jax.declare.registry import get_mixture
print([m.name for m in get_mixture("procedural").members if m.name.startswith("brand_new")], flan_jax.__file__)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, env={"PATH": ""}
    )
    assert "brand_new_zero_shot" in done.stdout and str(tmp_path) in done.stdout, done.stderr
