"""What gets installed: all tasks, gin files and assets, below `flan_jax` and nowhere else."""

import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


def test_an_installation_has_everything_and_claims_one_name(tmp_path):
    if importlib.util.find_spec("setuptools") is None:
        pytest.skip("setuptools is not in this environment, and fetching it needs the network")
    lib = tmp_path / "lib"
    # What a wheel's content is made by, without the isolated environment that pip would fill from the network.
    command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(tmp_path)]
    built = subprocess.run([*command, "build_py", "--build-lib", str(lib)], cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert [path.name for path in lib.iterdir()] == ["flan_jax"]
    for source, installed in (("flan_jax", "flan_jax"), ("tasks", "flan_jax/tasks"), ("gin", "flan_jax/gin")):
        files = {path.relative_to(ROOT / source) for path in (ROOT / source).rglob("*") if path.is_file()}
        files = {path for path in files if "__pycache__" not in path.parts and not path.name.startswith(".")}
        assert files, source
        missing = [str(path) for path in sorted(files) if not (lib / installed / path).is_file()]
        assert not missing, f"{source}: {missing}"
    where = "import flan_jax.tasks; print(flan_jax.tasks.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(lib)}
    output = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert output.stdout.strip() == str(lib / "flan_jax" / "tasks" / "__init__.py"), output.stderr


def test_a_checkout_on_the_path_uses_its_own_tasks(tmp_path):
    """Another one may be installed, as the one that runs these tests is: its tasks are none of this checkout's."""
    checkout = tmp_path / "checkout"
    for name in ("flan_jax", "tasks"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, checkout / name, symlinks=True, ignore=ignored)
    where = "import flan_jax.tasks.eval; print(flan_jax.__file__, flan_jax.tasks.eval.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    output = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    package = checkout / "flan_jax"
    expected = [str(package / "__init__.py"), str(package / "tasks" / "eval" / "__init__.py")]
    assert output.stdout.split() == expected, output.stderr


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-beam.txt"])
def test_constraints_pin_releases_and_nothing_of_one_machine(name):
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
    assert lines and not [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+]+", line)]
