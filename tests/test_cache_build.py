"""The token cache: whole or absent, the same bytes however it was made, and never stale."""

import dataclasses
import hashlib
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import sentencepiece
from array_record.python.array_record_module import ArrayRecordReader

from flan_jax.cache.build import build_cache, is_cached
from flan_jax.cache.ensure import BuildOrder, CacheRequest, ensure_cache
from flan_jax.cache.native import fit_exemplars
from flan_jax.cache.rates import resolve_rates
from flan_jax.cache.writer import write_split
from flan_jax.core.disk import file_sha256
from flan_jax.core.errors import CacheError, TaskError
from flan_jax.core.manifest import CachedExample, cache_root, decode_record, read_split_manifest, split_dir
from flan_jax.core.sentencepiece import SentencePieceVocabulary
from flan_jax.core.vocabulary import EOS_ID
from flan_jax.declare import registry as task_registry
from flan_jax.declare.example import Rendered
from flan_jax.declare.formatted import format_task
from flan_jax.declare.registry import add_mixture, add_task
from flan_jax.declare.task import HeldOut, Member, Mixture, Task
from flan_jax.declare.templated import add_templated_task
from flan_jax.declare.templates import Template, TemplateRenderer
from flan_jax.sources.memory import MemorySource

# A module of tasks as a user would write it, so that other processes can import it too.
TASKS_MODULE = """
import dataclasses, os, random, time
from flan_jax.declare.task import Member, Mixture, Task
from flan_jax.declare.example import Rendered
from flan_jax.declare.registry import add_mixture, add_task

WORD = os.environ.get("CACHE_TEST_WORD", "sum")

@dataclasses.dataclass(frozen=True)
class Sums:
    name: str
    num_rows: int
    secs_a_split: float = 0.0
    splits = ("train", "validation")
    description = "made here"

    def rows(self, split):
        time.sleep(float(os.environ.get("CACHE_TEST_SECS", "0")))
        return [{"a": i, "b": len(split) + i, "c": "" if i % 50 == 7 else str(2 * i + len(split))}
                for i in range(self.num_rows)]

def render(row, rng, pool):
    exemplars = tuple(f"{p['a']} and {p['b']} make {p['c']}.\\n" for p in rng.sample(list(pool), min(4, len(pool))))
    wording = rng.choice([f"What is the {WORD} of {{a}} and {{b}}?", "Add {a} to {b}.", "{a} + {b} ="])
    return Rendered(wording.format_map(row), row["c"], exemplars=exemplars)

def document(row, rng, pool):
    return Rendered("", f"{row['a']} plus {row['b']} is {row['c']}")

add_task(Task("cached_sums", "sums", Sums("a", 300), render))
add_task(Task("cached_sums_few_shot", "sums", Sums("b", 120), render, exemplar_split="train"))
add_task(Task("cached_documents", "sums", Sums("c", 40), document, objective="span_corruption", eval_split=None))
add_mixture(Mixture("cached_mixture", (Member("cached_sums"), Member("cached_sums_few_shot"),
                                       Member("cached_documents", 5.0)), cap=200))
"""


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vocabulary")
    lines = [f"What is the sum of {i} and {i * 7}? Add {i} to {i + 3}. They make {i * 2}.\n" for i in range(400)]
    (folder / "text").write_text("".join(lines))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text"),
        model_prefix=str(folder / "model"),
        vocab_size=120,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        num_threads=1,
        minloglevel=2,
    )
    return SentencePieceVocabulary(folder / "model.model")


@pytest.fixture(scope="module")
def tasks_module(tmp_path_factory):
    folder = tmp_path_factory.mktemp("module")
    (folder / "cached_tasks.py").write_text(TASKS_MODULE)
    sys.path.insert(0, str(folder))
    yield "cached_tasks"
    sys.path.remove(str(folder))


@pytest.fixture
def registry():
    """A registry of this test's own."""
    with task_registry.restored():
        yield


@dataclasses.dataclass(frozen=True)
class Rows:
    train: tuple = ()
    validation: tuple = ()
    splits = ("train", "validation")
    description = "made here"

    def rows(self, split):
        return getattr(self, split)


def plain(row, rng, pool):
    return Rendered(row[0], row[1])


def pairs(count):
    return tuple((f"Add {i} to {i}", str(2 * i)) for i in range(count))


FIVE = pairs(5)


def small_task(name, train=FIVE, **kwargs):
    return add_task(Task(name, "sums", Rows(tuple(train)), kwargs.pop("render", plain), eval_split=None, **kwargs))


def build(mixture, vocabulary, folder, modules=(), num_workers=1, **kwargs):
    return build_cache(
        mixture, vocabulary=vocabulary, cache_dir=folder, modules=modules, num_workers=num_workers, **kwargs
    )


def contents(folder: pathlib.Path) -> dict[str, str]:
    """Relative path -> sha256 of every file but the lock."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def read_all(folder: pathlib.Path) -> list[CachedExample]:
    shards = sorted(folder.glob("*.arrayrecord"))
    return [decode_record(record) for shard in shards for record in ArrayRecordReader(str(shard)).read_all()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory, vocabulary, tasks_module):
    """A cache made in one process without interruption."""
    folder = tmp_path_factory.mktemp("whole")
    build("cached_mixture", vocabulary, folder, modules=[tasks_module], max_inputs_length=60)
    return folder


def test_cached_examples_are_the_rendered_text(whole, vocabulary):
    folder = split_dir(cache_root(whole, vocabulary.fingerprint, 60), "cached_sums", "train")
    task = task_registry.get_task("cached_sums")
    rendered = {i: example for i, example in task.rendered("train") if example.targets}
    examples = read_all(folder)
    assert [example.index for example in examples] == list(rendered)
    for example in examples:
        text = rendered[example.index]
        assert example.inputs_tokens.tolist() == [*vocabulary.encode(text.inputs()), EOS_ID]
        assert example.targets_tokens.tolist() == [*vocabulary.encode(text.targets), EOS_ID]
        assert example.references == (text.targets,)
    lengths = np.load(folder / "lengths.npy")
    assert lengths.dtype == np.int32
    assert lengths.tolist() == [[len(e.inputs_tokens), len(e.targets_tokens)] for e in examples]


def test_manifest_states_counts_and_checksums(whole, vocabulary):
    folder = split_dir(cache_root(whole, vocabulary.fingerprint, 60), "cached_sums", "train")
    manifest = read_split_manifest(folder, vocabulary.fingerprint)
    assert manifest.num_examples == 294
    assert manifest.dropped == {"empty_targets": 6}
    assert sum(shard.num_examples for shard in manifest.shards) == 294
    assert [file_sha256(folder / shard.file) for shard in manifest.shards] == [s.sha256 for s in manifest.shards]


def test_exemplars_are_dropped_from_the_end_until_the_input_fits(whole, vocabulary):
    folder = split_dir(cache_root(whole, vocabulary.fingerprint, 60), "cached_sums_few_shot", "train")
    manifest = read_split_manifest(folder, vocabulary.fingerprint)
    task = task_registry.get_task("cached_sums_few_shot")
    texts = dict(task.rendered("train"))
    exemplars_dropped = examples_shortened = 0
    for example in read_all(folder):
        text = texts[example.index]
        fitting = [k for k in range(5) if len(vocabulary.encode(text.inputs(k))) + 1 <= 60]
        kept = max(fitting, default=0)
        assert example.inputs_tokens.tolist() == [*vocabulary.encode(text.inputs(kept)), EOS_ID]
        exemplars_dropped += 4 - kept
        examples_shortened += kept < 4
    assert exemplars_dropped > 0
    assert (manifest.exemplars_dropped, manifest.examples_shortened) == (exemplars_dropped, examples_shortened)


def test_an_input_without_exemplars_is_not_shortened(vocabulary):
    ids, kept = fit_exemplars([Rendered("Add 1 to 2. " * 9, "3", exemplars=("Add 4 to 5",))], vocabulary, 10)
    assert kept == [()]
    assert ids == [vocabulary.encode("Add 1 to 2. " * 9)]


def test_documents_have_no_inputs(whole, vocabulary):
    folder = split_dir(cache_root(whole, vocabulary.fingerprint, 60), "cached_documents", "train")
    assert read_split_manifest(folder, vocabulary.fingerprint).objective == "span_corruption"
    for example in read_all(folder):
        assert example.inputs_tokens.size == 0
        assert example.targets_tokens[-1] == EOS_ID


def test_two_workers_write_the_bytes_of_one(whole, vocabulary, tasks_module, tmp_path):
    build("cached_mixture", vocabulary, tmp_path, modules=[tasks_module], max_inputs_length=60, num_workers=2)
    assert contents(tmp_path) == contents(whole)


def test_a_second_run_writes_nothing(vocabulary, tasks_module, whole, capsys):
    before = {path: path.stat().st_mtime_ns for path in whole.rglob("shard*")}
    build("cached_mixture", vocabulary, whole, modules=[tasks_module], max_inputs_length=60)
    assert {path: path.stat().st_mtime_ns for path in whole.rglob("shard*")} == before
    assert "(0 tokenised now)" in capsys.readouterr().out


def test_a_killed_run_resumes_to_the_same_bytes(whole, vocabulary, tasks_module, tmp_path):
    order = BuildOrder(
        (CacheRequest("cached_mixture", max_inputs_length=60),),
        str(tmp_path),
        str(vocabulary.path),
        (tasks_module,),
        num_workers=2,
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CACHE_TEST_SECS": "0.1"}
    command = [sys.executable, "-m", "flan_jax.cache", order.to_json()]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    root = cache_root(tmp_path, vocabulary.fingerprint, 60)
    deadline = time.monotonic() + 300  # the machine may be busy; the loop ends with the first split
    while not list(root.glob("cached*/*/manifest.json")) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = {path: path.stat().st_mtime_ns for path in root.glob("cached*/*/shard*")}
    assert 0 < len(done) < 5, "the kill must come in the middle"
    assert not (root / "mixtures").exists()
    for folder in root.glob("cached*/*"):
        read_split_manifest(folder, vocabulary.fingerprint)  # whole or absent
    (root / ".partial/cached_sums-train-1").mkdir(parents=True, exist_ok=True)
    (root / ".partial/cached_sums-train-1/open-00000").write_bytes(b"half written")
    build("cached_mixture", vocabulary, tmp_path, modules=[tasks_module], max_inputs_length=60)
    assert {path: path.stat().st_mtime_ns for path in done} == done, "what was whole is not made again"
    assert contents(tmp_path) == contents(whole)


def test_an_error_inside_a_split_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), write_split(tmp_path, "some_task", "train", 1000) as (writer, _):
        writer.add(CachedExample(np.array([3]), np.array([4]), ("x",), (), 0))
        raise ZeroDivisionError
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not (tmp_path / "some_task").exists()


def test_shards_are_bounded_and_complete(registry, vocabulary, tmp_path, monkeypatch):
    monkeypatch.setattr("flan_jax.cache.build.MAX_SHARD_BYTES", 1000)
    small_task("sharded", pairs(100))
    build("sharded", vocabulary, tmp_path)
    folder = split_dir(cache_root(tmp_path, vocabulary.fingerprint), "sharded", "train")
    manifest = read_split_manifest(folder, vocabulary.fingerprint)
    assert len(manifest.shards) > 3
    assert [example.index for example in read_all(folder)] == list(range(100))
    assert manifest.shards[-1].file == f"shard-{len(manifest.shards) - 1:05d}-of-{len(manifest.shards):05d}.arrayrecord"


@pytest.mark.parametrize("change", ["text", "rows", "metric"])
def test_a_changed_task_is_cached_again(registry, vocabulary, tmp_path, change):
    task = small_task("changing", pairs(20))
    build("changing", vocabulary, tmp_path, max_inputs_length=50)
    before = contents(tmp_path)
    other = {
        "text": {"render": lambda row, rng, pool: Rendered(row[0] + "!", row[1])},
        "rows": {"source": Rows(pairs(21))},
        "metric": {"metrics": ("rouge_l",)},
    }[change]
    task_registry.add_task(dataclasses.replace(task, **other), replace=True)
    build("changing", vocabulary, tmp_path, max_inputs_length=50)
    after = contents(tmp_path)
    assert after.keys() == before.keys()
    assert after != before


def test_a_damaged_split_is_cached_again(registry, vocabulary, tmp_path):
    small_task("damaged")
    build("damaged", vocabulary, tmp_path)
    before = contents(tmp_path)
    shard = next(tmp_path.rglob("*.arrayrecord"))
    os.truncate(shard, 100)
    assert not is_cached("damaged", vocabulary.fingerprint, tmp_path)
    build("damaged", vocabulary, tmp_path)
    assert contents(tmp_path) == before
    assert is_cached("damaged", vocabulary.fingerprint, tmp_path)


def test_unknown_mixture_suggests(vocabulary, tasks_module, tmp_path):
    with pytest.raises(TaskError, match="cached_mixture"):
        build("cached_mixtrue", vocabulary, tmp_path, modules=[tasks_module])


def test_unknown_module_is_named(vocabulary, tmp_path):
    with pytest.raises(TaskError, match=r"no_such_module.*PYTHONPATH"):
        build("cached_mixture", vocabulary, tmp_path, modules=["no_such_module"])


def test_an_empty_task_is_named_and_the_others_are_cached(registry, vocabulary, tmp_path):
    small_task("full")
    small_task("without_rows", ())
    small_task("without_targets", (("Add 1 to 1", ""), ("Add 2 to 2", " ")))
    add_mixture(Mixture("with_empty", (Member("without_rows"), Member("full"), Member("without_targets"))))
    with pytest.raises(
        CacheError, match=r"(?s)2 of 3 splits.*without_rows has no examples.*2 dropped for empty_targets"
    ):
        build("with_empty", vocabulary, tmp_path)
    root = cache_root(tmp_path, vocabulary.fingerprint)
    read_split_manifest(split_dir(root, "full", "train"), vocabulary.fingerprint)
    assert not (root / "without_rows").exists()
    assert not (root / "mixtures").exists()


def test_empty_inputs_are_counted(registry, vocabulary, tmp_path):
    small_task("blank", (("", "2"), ("Add 1 to 1", "2"), ("  ", "3")))
    build("blank", vocabulary, tmp_path)
    folder = split_dir(cache_root(tmp_path, vocabulary.fingerprint), "blank", "train")
    assert read_split_manifest(folder, vocabulary.fingerprint).dropped == {"empty_inputs": 2}


def test_options_that_can_hardly_be_meant_are_counted(registry, vocabulary, tmp_path, capsys):
    rows = [(("a", "b"), "a"), (("a", "a"), "a"), (("a", "b"), "c"), (("a",), "a"), (("b",), "a"), ((), "a")]

    def render(row, rng, pool):
        return Rendered("Choose", row["answer"], options=row["options"])

    source = MemorySource({"train": [{"options": list(options), "answer": answer} for options, answer in rows]})
    add_task(Task("odd", "tests", source, render, eval_split=None))
    rows = [{"q": q, "kind": kind, "options": ["a", "b"]} for q, kind in (("x", "a"), ("y", "A"), ("z", "c"))]
    templates = (Template("{q}", "{kind}"), Template("{q}\n{options}", "{kind}"))
    add_templated_task("odd_worded", MemorySource({"train": rows}), templates, eval_split=None)
    thought = Template("{q}", "It is so. {kind}")  # which says more than the answer: there is nothing to rank
    add_templated_task("thought", MemorySource({"train": rows}), (thought,), eval_split=None)
    for name in ("odd", "odd_worded", "thought"):
        build(name, vocabulary, tmp_path)
    said = capsys.readouterr().out
    assert "odd/train: 2 examples with an answer that is none of the options (rows 2, 4)" in said
    assert "odd/train: 1 example with an option that is there twice (rows 1)" in said
    assert "odd/train: 2 examples with one option alone (rows 3, 4)" in said
    assert "odd_worded/train: 2 examples with an answer that is none of the options (rows 1, 2)" in said
    assert "thought/train:" not in said


def test_an_empty_option_drops_the_row_and_equal_ones_are_counted_as_ranking_sees_them(
    registry, vocabulary, tmp_path, capsys
):
    options = [("yes", ""), ("yes", "no"), ("yes", "\u200b "), ("yes", "yes "), ("yes", " no"), ("a b yes", "a  b yes")]
    rows = [{"q": str(i), "answer": each[0], "options": list(each)} for i, each in enumerate(options)]
    source, template = MemorySource({"train": rows}), Template("{q}\n{options}", "{answer}")
    add_templated_task("empty", source, (template,), eval_split=None)
    build("empty", vocabulary, tmp_path)
    build("empty__opt", vocabulary, tmp_path)
    said = capsys.readouterr().out
    for name in ("empty", "empty__opt"):
        assert f"{name}/train: 2 rows dropped for empty_option (rows 0, 2)" in said
        manifest = read_split_manifest(
            split_dir(cache_root(tmp_path, vocabulary.fingerprint), name, "train"), vocabulary.fingerprint
        )
        assert manifest.dropped == {"empty_option": 2} and manifest.num_examples == 4
    # To SentencePiece two spaces are one.
    assert "empty/train: 2 examples with an option that is there twice (rows 3, 5)" in said


def test_no_exemplar_has_an_empty_option():
    rows = [{"q": f"{i}?", "answer": "yes", "options": ["yes", "" if i % 2 else "no"]} for i in range(12)]
    render = TemplateRenderer((Template("{q}\n{options}", "{answer}"),), num_exemplars=4)
    task = Task("some", "tests", MemorySource({"train": rows}), render, exemplar_split="train")
    for each in (
        task,
        format_task(dataclasses.replace(task, render=dataclasses.replace(render, num_exemplars=0)), "fewshot_4"),
    ):
        for _, example in each.rendered("train", range(0, 12, 2)):
            assert len(example.exemplars) == 4
            assert not any(f"{i}?" in "".join(example.exemplars) for i in range(1, 12, 2))


def test_a_failing_renderer_names_task_row_and_line(registry, vocabulary, tmp_path):
    small_task(
        "failing",
        (("1", "2"), ("1", "2"), ("zero", "2")),
        render=lambda row, rng, pool: Rendered(str(1 / int(row[0])), "1"),
    )
    with pytest.raises(CacheError, match=r"task failing, split train, row 2: ValueError.*test_cache_build.py:\d+"):
        build("failing", vocabulary, tmp_path)


def test_rates_follow_cap_and_temperature(registry):
    small_task("two")
    small_task("three")
    small_task("fixed")
    members = (Member("two"), Member("three"), Member("fixed", 0.5))
    mixture = add_mixture(Mixture("rated", members, cap=100, temperature=2.0))
    rates = resolve_rates(mixture, {"two": 16, "three": 400, "fixed": 7})
    assert rates == {"two": 4.0, "three": 10.0, "fixed": 0.5}
    fixed = (Member("two", 5), Member("three", 1.5))
    for options, words in (({"cap": 3}, "cap 3"), ({"temperature": 2.0}, "temperature 2.0")):
        with pytest.raises(TaskError, match=f"mixture rated_all has {words}, and a number as the rate of every member"):
            Mixture("rated_all", fixed, **options)


def test_a_nested_mixture_keeps_its_proportions(registry):
    for name in ("one", "two", "three"):
        small_task(name)
    add_mixture(Mixture("inner", (Member("one"), Member("two"))))
    counts = {"one": 10, "two": 30, "three": 100}
    fixed = add_mixture(Mixture("outer_fixed", (Member("inner", 2.0), Member("three", 6.0))))
    assert resolve_rates(fixed, counts) == {"one": 0.5, "two": 1.5, "three": 6.0}
    capped = add_mixture(Mixture("outer_capped", (Member("inner"), Member("three"), Member("one")), cap=20))
    assert resolve_rates(capped, counts) == {"one": 15.0, "two": 15.0, "three": 20.0}


def test_zero_rates_are_refused(registry, vocabulary, tmp_path):
    small_task("zero_a")
    small_task("zero_b")
    add_mixture(Mixture("zeros", (Member("zero_a", 0.0), Member("zero_b", 0.0))))
    with pytest.raises(CacheError, match="zeros: all rates are zero"):
        build("zeros", vocabulary, tmp_path)
    assert not (cache_root(tmp_path, vocabulary.fingerprint) / "mixtures").exists()


def test_roles_are_cached_apart_and_the_mixture_knows_both(vocabulary, tasks_module, tmp_path):
    modules = [tasks_module]
    first = build("cached_sums", vocabulary, tmp_path, modules=modules, roles=("eval",))
    assert first.splits == {"cached_sums": {"eval": "validation"}}
    second = build("cached_sums", vocabulary, tmp_path, modules=modules, roles=("train",))
    assert second.splits == {"cached_sums": {"train": "train", "eval": "validation"}}
    with pytest.raises(CacheError, match="cached_documents has train split 'train', wanted is eval"):
        build("cached_mixture", vocabulary, tmp_path, modules=modules, roles=("eval",))


def test_the_mixture_states_what_it_holds_out_and_slips_are_said(registry, vocabulary, tmp_path, capsys):
    small_task("kept")
    cluster = task_registry.get_task("kept").cluster
    held_out = HeldOut(clusters=frozenset({"b", "a", f"{cluster}x"}))
    add_mixture(Mixture("promising", (Member("kept"),), held_out=held_out))
    manifest = build("promising", vocabulary, tmp_path)
    clusters = sorted(["a", "b", f"{cluster}x"])
    assert manifest.held_out == {"clusters": clusters, "datasets": [], "tasks": [], "benchmarks": []}
    words = f"it holds out the cluster '{cluster}x', which no registered task has; did you mean {cluster}"
    assert capsys.readouterr().out.count(words) == 1


def test_ensure_cache_builds_then_rests_and_reports_errors(vocabulary, tasks_module, tmp_path):
    order = BuildOrder(
        (CacheRequest("cached_sums"),), str(tmp_path), str(vocabulary.path), (tasks_module,), num_workers=1
    )
    ensure_cache(order)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("shard*")}
    ensure_cache(order)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("shard*")} == before
    with pytest.raises(CacheError, match="no task or mixture is called 'cached_smus'"):
        ensure_cache(dataclasses.replace(order, requests=(CacheRequest("cached_smus"),)))


def test_native_caching_needs_neither_tensorflow_nor_seqio(vocabulary, tasks_module, tmp_path):
    program = (
        "import sys\n"
        "for name in ('tensorflow', 'seqio', 'tensorflow_datasets', 'jax'): sys.modules[name] = None\n"
        "from flan_jax.cache.ensure import BuildOrder, carry_out\n"
        "carry_out(BuildOrder.from_json(sys.argv[1]))\n"
    )
    order = BuildOrder(
        (CacheRequest("cached_sums"),), str(tmp_path), str(vocabulary.path), (tasks_module,), num_workers=1
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program, order.to_json()], env=environment, check=True)
    assert is_cached("cached_sums", vocabulary.fingerprint, tmp_path)


def test_a_folder_that_cannot_be_written_is_named(registry, vocabulary, tmp_path):
    small_task("homeless")
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match=r"cannot write to the cache folder.*CACHE_DIR"):
        build("homeless", vocabulary, tmp_path / "file")
