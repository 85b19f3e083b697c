"""Who may import whom, read from the source: the rules of docs/architecture.md."""

import ast
import pathlib
import subprocess
import sys
import textwrap
from collections.abc import Collection

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
    "workflows": {
        *("core", "sources", "declare", "cache", "models", "optim", "checkpoints", "data"),
        *("decode", "evaluate", "interop", "report", "train"),
    },
    "study": {"core", "checkpoints", "evaluate", "data", "models", "optim", "report", "train", "workflows"},
    "api": {"core", "checkpoints", "declare", "evaluate", "interop", "models", "report", "workflows"},
    "seqio_tasks": {"cache", "core", "declare", "tasks"},
}
# From the ground up: a package imports from floors below its own, never from one beside it or above.
FLOORS = (
    ("core",),
    ("sources", "models", "optim", "data"),
    ("declare", "checkpoints", "decode"),
    ("tasks", "interop", "evaluate"),
    ("train", "report", "cache"),
    ("tpu_plan", "seqio_tasks", "workflows"),
    ("api", "study"),
    ("cli",),
)
# Of `flan_jax.train.loop`, what its files import when they are imported: 113 modules of 15,533 lines once. Lines were
# raised from 6,500 for the checks of the cache's files (what a run reads is compared with the manifests it began with),
# and of a run's own: sealed files, folders by one rename, a damaged checkpoint and what it is replaced by. A module and
# 300 lines more are core/settings.py, by which every setting of a run is checked once; 50 are settings that a method
# does not use, and what a run that is done says of new ones; 50 are what a run says of weights, data and schedules that
# are others by now.
MOST_MODULES, MOST_LINES = 50, 7900
# What only writes such files, for people's own programs.
WRITERS = {"study/table.py"}
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


def modules() -> dict[str, pathlib.Path]:
    """Every file of ours by its module's name."""
    found = {}
    for folder, package in ((ROOT / "tasks", "flan_jax.tasks"), (ROOT / "flan_jax", "flan_jax")):
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join((package, *(parts[:-1] if parts[-1] == "__init__" else parts)))
            found.setdefault(name, path)
    return found


def imported_modules(path: pathlib.Path, known: Collection[str], is_at_start: bool = False) -> set[str]:
    """Those of the `known` modules that a file imports; `is_at_start` leaves out what its functions import. What only a
    type checker reads is no import."""
    found: set[str] = set()
    left: list[ast.AST] = [ast.parse(path.read_text())]
    while left:
        node = left.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if is_at_start and isinstance(node, ast.FunctionDef):
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found.update(names & set(known) or {node.module or ""})
        left += ast.iter_child_nodes(node)
    return found & set(known)


def test_no_files_import_each_other_in_a_circle():
    known = modules()
    left = {name: imported_modules(path, known) - {name} for name, path in known.items()}
    while free := {name for name, names in left.items() if not names}:
        left = {name: names - free for name, names in left.items() if name not in free}
    while ends := left.keys() - {name for names in left.values() for name in names}:  # they only lead to a circle
        left = {name: names for name, names in left.items() if name not in ends}
    assert not left, {name: sorted(names) for name, names in left.items()}


def test_no_import_runs_up():
    floor_of = {package: number for number, floor in enumerate(FLOORS) for package in floor}
    known = modules()
    for name, path in known.items():
        package = name.split(".")[1] if "." in name else None
        if package in (None, "__main__"):
            continue
        for other in imported_modules(path, known):
            target = other.split(".")[1] if "." in other else package
            if target != package:
                assert floor_of[target] < floor_of[package], f"{path}: {name} imports {other}, which is not below it"


def test_training_imports_little():
    known = modules()
    seen: set[str] = set()
    left = ["flan_jax.train.loop"]
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            left += imported_modules(known[name], known, is_at_start=True)
            left += [package for package in [name.rpartition(".")[0]] if package]
    for package in ("evaluate", "interop", "decode", "declare", "tasks", "report", "sources", "cache", "cli"):
        assert not {name for name in seen if name.startswith(f"flan_jax.{package}")}, package
    num_lines = sum(len(known[name].read_text().splitlines()) for name in seen)
    assert len(seen) <= MOST_MODULES and num_lines <= MOST_LINES, (len(seen), num_lines, sorted(seen))


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
            is_writer = "/".join(path.parts[-2:]) in WRITERS and "read" not in path.read_text()
            assert not readers or package == "sources" or is_writer, (
                f"{path} imports {readers}: read by flan_jax.sources"
            )


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
