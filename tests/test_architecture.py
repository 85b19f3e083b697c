"""Who may import whom, read from the source: the rules of docs/architecture.md."""

import ast
import pathlib
import subprocess
import sys
import textwrap

import pytest
from shared import ROOT

ALLOWED = {
    "core": set(),
    "sources": {"core"},
    "declare": {"core", "sources"},
    "tasks": {"core", "sources", "declare"},
    "models": {"core"},
    "optim": {"core"},
    "data": {"core"},
    "decode": {"core", "models"},
    "interop": {"core", "models", "checkpoints"},
    "checkpoints": {"core", "models"},
    "evaluate": {"core", "sources", "declare", "models", "decode", "data", "checkpoints"},
    "report": {"core", "declare", "evaluate"},
    "train": {"core", "models", "optim", "data", "checkpoints"},
    "tpu_plan": {"core", "models", "optim", "data", "train"},
    "cache": {"core", "sources", "declare", "data", "evaluate", "tasks"},
    "jobs": {
        *("core", "sources", "declare", "cache", "models", "optim", "checkpoints", "data"),
        *("decode", "evaluate", "interop", "report", "train"),
    },
    "api": {"core", "checkpoints", "declare", "evaluate", "interop", "jobs", "models", "report"},
    "seqio_tasks": {"cache", "core", "declare", "tasks"},
}
HEAVY = {"tensorflow", "tensorflow_datasets", "tensorflow_text", "seqio", "apache_beam"}


def packages() -> dict[str, list[pathlib.Path]]:
    """Python files by package."""
    found: dict[str, list[pathlib.Path]] = {"tasks": sorted((ROOT / "tasks").rglob("*.py"))}
    for path in sorted((ROOT / "flan_jax").rglob("*.py")):
        relative = path.relative_to(ROOT / "flan_jax")
        name = relative.parts[0] if len(relative.parts) > 1 else relative.stem
        found.setdefault(name, []).append(path)
    return found


def imports(path: pathlib.Path) -> set[str]:
    """Dotted names that a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively: write the whole name"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("package", [name for name in ALLOWED])
def test_packages_import_only_what_they_may(package):
    for path in packages().get(package, []):
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "flan_jax" and len(parts) > 1 and parts[1] not in ("__version__", package):
                assert parts[1] in ALLOWED[package], f"{path}: {package} may not import {name}"


def test_only_the_build_side_imports_tensorflow_or_seqio():
    for package, paths in packages().items():
        for path in paths:
            heavy = {name for name in imports(path) if name.split(".")[0] in HEAVY}
            assert not heavy or package == "cache", f"{path} imports {sorted(heavy)}"


def test_only_the_command_line_reads_gin():
    for package, paths in packages().items():
        for path in paths:
            assert package == "cli" or "gin" not in {name.split(".")[0] for name in imports(path)}, path


def test_files_of_others_have_one_reader_a_format():
    for package, paths in packages().items():
        for path in paths:
            readers = {name.split(".")[0] for name in imports(path)} & {"csv", "pyarrow"}
            assert not readers or package == "sources", f"{path} imports {readers}: read by flan_jax.sources"


def test_no_file_has_outgrown_one_subject():
    long = {
        str(p.relative_to(ROOT)): n
        for p in (ROOT / "flan_jax").rglob("*.py")
        if (n := len(p.read_text().splitlines())) > 500
    }
    assert not long, long


def test_importing_everything_does_no_io_and_draws_no_random_numbers():
    program = textwrap.dedent("""
        import builtins, importlib, pkgutil, random, sys
        import numpy, jax, flax.linen, optax, orbax.checkpoint, matplotlib.font_manager, rich.console
        import rouge_score.rouge_scorer
        import tensorboardX, safetensors.flax, sentencepiece, array_record.python.array_record_module, gin
        import flan_jax
        state, numpy_state = random.getstate(), numpy.random.get_state()[1].tolist()
        opened, real_open = [], builtins.open
        def watch(file, *args, **kwargs):
            opened.append(str(file))
            return real_open(file, *args, **kwargs)
        builtins.open = watch
        for module in pkgutil.walk_packages(flan_jax.__path__, "flan_jax."):
            if "__main__" in module.name or module.name.split(".")[-1].startswith("seqio_"):
                continue
            importlib.import_module(module.name)
        import flan_jax.tasks
        builtins.open = real_open
        assert random.getstate() == state and numpy.random.get_state()[1].tolist() == numpy_state, "RNG moved"
        ours = [name for name in opened if "site-packages" not in name and not name.endswith((".py", ".pyc"))]
        assert not [name for name in ours if not name.startswith(("/proc", "/sys", "/dev"))], ours
        assert "tensorflow" not in sys.modules and "seqio" not in sys.modules
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
