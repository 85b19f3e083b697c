"""Runs that share a cache folder: other lengths live apart, what may only be read is read, and programs without a main
guard neither hang nor begin again."""

import os
import shutil
import subprocess
import sys

import pytest
import unprivileged
from data_cache import FakeVocabulary, write_split

from flan_jax.cache.build import build_cache, is_cached
from flan_jax.cache.lock import locked
from flan_jax.core import assets
from flan_jax.core.errors import CacheError
from flan_jax.core.manifest import cache_root, cached_lengths, read_mixture_manifest, split_dir
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.data import CacheReader
from flan_jax.declare import registry as task_registry

VOCABULARY = load_vocabulary(str(assets.EMBEDDED_VOCAB))
TASKS = """
import dataclasses
from flan_jax.declare.task import Member, Mixture, Task
from flan_jax.declare.example import Rendered
from flan_jax.declare.registry import add_mixture, add_task

@dataclasses.dataclass(frozen=True)
class Sums:
    shift: int
    splits = ("train",)
    description = "made here"

    def rows(self, split):
        return [{"a": i, "b": i + self.shift} for i in range(20)]

def render(row, rng, pool):
    exemplars = tuple(f"{p['a']} and {p['b']} make {p['a'] + p['b']}. " for p in rng.sample(list(pool), 4))
    return Rendered(f"Add {row['a']} to {row['b']}.", str(row["a"] + row["b"]), exemplars=exemplars)

for number in range(3):
    add_task(Task(f"apart_{number}", "sums", Sums(number), render, exemplar_split="train", eval_split=None))
add_mixture(Mixture("apart", tuple(Member(f"apart_{number}") for number in range(3))))
"""
NAMES = [f"apart_{number}" for number in range(3)]


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """A folder with a module of tasks, which other processes may import too."""
    folder = tmp_path_factory.mktemp("apart")
    (folder / "apart_tasks.py").write_text(TASKS)
    sys.path.insert(0, str(folder))
    with task_registry.restored():
        yield folder
    sys.path.remove(str(folder))
    sys.modules.pop("apart_tasks", None)


def build(folder, max_inputs_length, num_workers=1):
    return build_cache(
        "apart",
        vocabulary=VOCABULARY,
        cache_dir=folder,
        max_inputs_length=max_inputs_length,
        modules=["apart_tasks"],
        num_workers=num_workers,
    )


@pytest.fixture(scope="module")
def whole(module, tmp_path_factory):
    """A cache of inputs within 90 tokens."""
    folder = tmp_path_factory.mktemp("whole")
    build(folder, 90)
    return folder


@pytest.fixture
def copy(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "cache")
    return tmp_path / "cache"


def files(folder):
    return {
        path.relative_to(folder): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_another_length_leaves_what_a_run_reads(copy):
    root = cache_root(copy, VOCABULARY.fingerprint, 90)
    before = files(root)
    with CacheReader(root, VOCABULARY.fingerprint, max_open_files=1) as reader:
        first = [list(reader.examples(name, "train")) for name in NAMES]
        build(copy, 20)
        build(copy, None)
        for name, examples in zip(NAMES, first, strict=True):  # each shard was closed to make room for the next
            for ours, theirs in zip(reader.examples(name, "train"), examples, strict=True):
                assert ours.inputs_tokens.tolist() == theirs.inputs_tokens.tolist()
    assert files(root) == before
    assert cached_lengths(copy, VOCABULARY.fingerprint, "apart") == [None, 90, 20]
    for length in (None, 90, 20):
        assert is_cached("apart", VOCABULARY.fingerprint, copy, length)
        manifest = read_mixture_manifest(cache_root(copy, VOCABULARY.fingerprint, length), "apart")
        assert manifest.num_examples == dict.fromkeys(NAMES, 20)
    shortest = CacheReader(cache_root(copy, VOCABULARY.fingerprint, 20), VOCABULARY.fingerprint)
    assert max(len(example.inputs_tokens) for example in shortest.examples(NAMES[0], "train")) <= 20


@pytest.mark.parametrize("lock", ["kept", "gone", "unreadable"])
def test_a_whole_cache_that_may_only_be_read_is_used(copy, capsys, lock):
    root = cache_root(copy, VOCABULARY.fingerprint, 90)
    (root / ".lock").unlink()
    if lock != "gone":
        (root / ".lock").touch(0o444 if lock == "kept" else 0)
    before = files(root)
    with unprivileged.mode(0o555, *(path for path in copy.rglob("*") if path.is_dir()), copy):
        assert build(copy, 90).splits == {name: {"train": "train"} for name in NAMES}
        assert "(0 tokenised now)" in capsys.readouterr().out
        with pytest.raises(CacheError, match=r"cannot write to the cache folder .*inputs_91 .*CACHE_DIR"):
            build(copy, 91)
    assert files(root) == before


def test_a_stale_cache_that_may_only_be_read_is_one_line(copy):
    root = cache_root(copy, VOCABULARY.fingerprint, 90)
    (root / ".lock").unlink()
    shutil.rmtree(split_dir(root, "apart_1", "train"))
    folders = [*(path for path in copy.rglob("*") if path.is_dir()), copy]
    with (
        unprivileged.mode(0o555, *folders),
        pytest.raises(
            CacheError,
            match=r"cannot be written .*1 of 3 splits are missing or stale, as apart_1/train: make it writable",
        ),
    ):
        build(copy, 90)
    build(copy, 90)
    (root / "mixtures/apart.json").write_text("{}")
    with (
        unprivileged.mode(0o555, *folders),
        pytest.raises(
            CacheError, match=r"cannot be written .*mixtures/apart\.json is missing or stale: make it writable"
        ),
    ):
        build(copy, 90)


def test_a_reader_of_a_locked_cache_waits_for_who_writes(tmp_path, capsys):
    with locked(tmp_path) as refusal:
        assert refusal is None
    (tmp_path / ".lock").chmod(0o444)
    with unprivileged.mode(0o555, tmp_path), locked(tmp_path) as refusal:
        assert isinstance(refusal, PermissionError)
    assert capsys.readouterr().out == ""


def test_mixtures_that_are_damaged_are_written_anew(copy):
    path = cache_root(copy, VOCABULARY.fingerprint, 90) / "mixtures/apart.json"
    saved = path.read_bytes()
    for content in (saved[:100], b"", b"\xff\xfe", saved.replace(b"20.0", b"21.0")):
        path.write_bytes(content)
        build(copy, 90)
        assert path.read_bytes() == saved


def test_a_mixture_that_cannot_be_written_is_one_line(copy):
    folder = cache_root(copy, VOCABULARY.fingerprint, 90) / "mixtures"
    shutil.rmtree(folder)
    folder.write_text("in the way")
    with pytest.raises(
        CacheError, match=r"cannot be written .*mixtures/apart\.json is to be written: make it writable"
    ):
        build(copy, 90)


def test_a_cache_of_an_earlier_version_is_not_believed(copy, capsys):
    folder = copy / VOCABULARY.fingerprint[:12]
    (folder / "mixtures").mkdir()
    write_split(folder, "apart_0", [], vocabulary=FakeVocabulary(VOCABULARY.fingerprint))
    assert build(copy, 90).num_examples == dict.fromkeys(NAMES, 20)
    assert "are of an earlier version, whose lengths have no checksum" in capsys.readouterr().out


def run_program(folder, program, name="program.py"):
    """A file of the user's as a program, which may take a minute: (its exit status, what it said)."""
    (folder / name).write_text(program)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    result = subprocess.run(
        [sys.executable, folder / name], env=environment, cwd=folder, capture_output=True, text=True, timeout=120
    )
    return result.returncode, result.stdout + result.stderr


BUILD = f"""
from flan_jax.cache.build import build_cache
from flan_jax.core.vocabulary import load_vocabulary
print("begun", flush=True)
build_cache("apart", vocabulary=load_vocabulary({str(assets.EMBEDDED_VOCAB)!r}), cache_dir="cache",
            modules=MODULES, num_workers=2, max_inputs_length=90)
print("ended", flush=True)
"""


def test_a_program_without_a_main_guard_is_run_once(whole, module, tmp_path):
    status, said = run_program(tmp_path, BUILD.replace("MODULES", "['apart_tasks']"))
    assert status == 0 and said.count("begun") == said.count("ended") == 1, said
    ours, theirs = (files(cache_root(path, VOCABULARY.fingerprint, 90)) for path in (tmp_path / "cache", whole))
    assert {name: content for name, (_, _, content) in ours.items()} == {
        n: content for n, (_, _, content) in theirs.items()
    }


ENSURE = f"""
from flan_jax.cache.ensure import BuildOrder, CacheRequest, ensure_cache
ensure_cache(BuildOrder((CacheRequest("apart"),), "cache", {str(assets.EMBEDDED_VOCAB)!r}, ("helper",), num_workers=2))
"""


@pytest.mark.parametrize("program", [BUILD.replace("MODULES", "['helper']"), ENSURE], ids=["build", "ensure"])
def test_a_module_of_tasks_that_starts_a_run_is_told_to_have_a_guard(tmp_path, program):
    (tmp_path / "helper.py").write_text(TASKS + program)
    status, said = run_program(tmp_path, "import helper")
    last = said.strip().splitlines()[-1]
    assert status == 1 and "of the modules helper " in last and "under `if __name__ == '__main__':`" in last, said


def test_what_a_worker_cannot_start_for_is_said(module, tmp_path, monkeypatch):
    (tmp_path / "apart_here_only.py").write_text(
        TASKS.replace("apart", "here") + "import os\nif os.environ.get('NOT_HERE'): raise OSError('no such disk')"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    order = f"""
import os, pathlib, sys
from flan_jax.cache.build import build_cache
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.core.errors import CacheError
import apart_here_only
os.environ["NOT_HERE"] = "1"
try:
    build_cache("here", vocabulary=load_vocabulary({str(assets.EMBEDDED_VOCAB)!r}), cache_dir="cache",
                modules=["apart_here_only"], num_workers=2)
except CacheError as error:
    print("CacheError", error)
"""
    _, said = run_program(tmp_path, order)
    assert "CacheError a cache worker cannot start: OSError: no such disk" in said, said
