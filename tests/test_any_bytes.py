"""Whatever bytes a reader is given: what they hold, or a line of ours that names the file. Never Python's own words."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
import tiny_model
from data_cache import FakeVocabulary, write_cache
from hypothesis import given, settings
from hypothesis import strategies as st
from test_report_run import make_task

from flan_jax.checkpoints.checkpoint import CheckpointConfig, CheckpointMeta, TrainState
from flan_jax.checkpoints.find import find_weights, read_selected_step
from flan_jax.checkpoints.store import Checkpoints
from flan_jax.checkpoints.weights import load_weights
from flan_jax.cli import gin_config
from flan_jax.cli.infer import _read_prompts
from flan_jax.core import assets
from flan_jax.core.errors import FlanError
from flan_jax.core.manifest import read_mixture_manifest, read_split_manifest, split_dir
from flan_jax.core.vocabulary import read_vocabulary
from flan_jax.data import CacheReader, PlanSpec, make_plan
from flan_jax.evaluate import EvalResults
from flan_jax.evaluate.language_models.requests import Generated
from flan_jax.evaluate.results.files import append_results, read_results, read_summary, write_summary
from flan_jax.evaluate.results.journal import Journal
from flan_jax.evaluate.results.record import Record
from flan_jax.evaluate.select import write_selected
from flan_jax.interop.exporting import export_weights
from flan_jax.interop.gguf_header import check_header
from flan_jax.interop.hugging_face import open_hugging_face
from flan_jax.interop.t5x_checkpoint import open_t5x
from flan_jax.report.run_data import load_report
from flan_jax.sources import ArrayRecordSource, CsvSource, JsonlSource, ParquetSource
from flan_jax.sources.array_record import write_array_record
from flan_jax.tasks.demonstrations.curate import DemonstrationRules
from flan_jax.tasks.demonstrations.source import read_rules

ROWS = [{"a": "Grüße, “Welt”", "b": ["x", "y"]}, {"a": "", "b": [], "c": 1.5}, {"a": "tab\there", "b": None}]
JSONL = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()
CSV = 'a,b\n"Grüße, ""Welt""",1\nx,\n"two\nlines",3\n'.encode()
TSV = "Grüße\t1\nx\t\n".encode()


@dataclasses.dataclass(frozen=True)
class Reader:
    """What reads one file.

    Attributes:
      read: of the file's path; reads all that it holds.
      whole: makes an undamaged file in a folder, with what lies beside it, and gives its path.
      examples: other contents that are tried; fewer of what takes long.
    """

    read: Callable[[pathlib.Path], Any]
    whole: Callable[[pathlib.Path], pathlib.Path]
    examples: int = 50


def written(name: str, content: bytes) -> Callable[[pathlib.Path], pathlib.Path]:
    def whole(folder: pathlib.Path) -> pathlib.Path:
        (folder / name).write_bytes(content)
        return folder / name

    return whole


def source(make: Callable[[dict[str, str]], Any]) -> Callable[[pathlib.Path], Any]:
    return lambda path: list(make({"train": str(path)}).rows("train"))


def parquet(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": ["x", "y"], "b": [1, None]}), folder / "rows.parquet")
    return folder / "rows.parquet"


def array_record(folder):
    write_array_record(folder / "rows.array_record", [{"a": "x"}, {"a": "y"}])
    return folder / "rows.array_record"


def of_cache(name):
    def whole(folder):
        write_cache(folder, {"alpha": 20, "beta": 11})
        return folder / name if name.startswith("mixtures") else split_dir(folder, "alpha", "train") / name

    return whole


def cached(path):
    root = path.parents[2] if path.parent.name == "train" else path.parents[1]
    read_mixture_manifest(root, "made_up")
    read_split_manifest(split_dir(root, "alpha", "train"), FakeVocabulary().fingerprint)
    with CacheReader(root, FakeVocabulary().fingerprint) as reader:
        reader.lengths("alpha", "train")
        list(reader.examples("alpha", "train"))


def plan(folder):
    write_cache(folder, {"alpha": 20, "beta": 11})
    planned(folder / "plans" / "x" / "x")
    (made,) = (folder / "plans").iterdir()
    return made / "plan.json"


def planned(path):
    """A damaged plan is made again: nothing is raised."""
    root = path.parents[2]
    with CacheReader(root, FakeVocabulary().fingerprint) as reader:
        spec = PlanSpec(
            read_mixture_manifest(root, "made_up"), {"inputs": 48, "targets": 24}, batch_size=2, num_epochs=1.0
        )
        make_plan(spec, reader, FakeVocabulary())


RESULTS = [
    EvalResults(step, {"t": make_task("t", rate, "report", "new template"), "s": make_task("s", rate, "selection", "")})
    for step, rate in ((0, 0.25), (4, 0.5))
]


def run_file(name):
    def whole(folder):
        for results in RESULTS:
            append_results(folder / "evals.jsonl", results)
        (folder / "metrics.jsonl").write_text('{"step": 1, "loss": 2.5}\n{"step": 2, "loss": 1.5}\n')
        (folder / "data.json").write_text('{"note": "", "suite_notes": [], "trained_on": {"tasks": ["a"]}}\n')
        (folder / "config.gin").write_text("TRAIN_STEPS = 100\n")
        write_selected(folder)
        return folder / name

    return whole


def summary(folder):
    write_summary(folder, RESULTS[1])
    return folder / "summary.json"


def journal(folder):
    path = folder / "journal.jsonl"
    with Journal(path) as made:
        said = Generated("because", -1.0, 3, True)
        item = ("a" * 64, "colours", "red", "test", "cot", "0", "generate", {"equals": 1.0}, "2")
        made.add(Record(*item, references=("2",), outputs=(said,), answers=("2",)))
        made.add_reasoning("b" * 64, [said])
    return path


def journalled(path):
    with Journal(path):
        pass


def weights(name):
    def whole(folder):
        tiny_model.save(folder / "model")
        return folder / "model" / name

    return whole


def exported(to, name):
    def whole(folder):
        tiny_model.save(folder / "model")
        export_weights(str(folder / "model"), to, folder / "out")
        return next((folder / "out").rglob(name))

    return whole


def checkpoint(folder):
    state = TrainState(np.int32(3), {"w": np.ones(4, np.float32)}, {"m": np.ones(4, np.float32)})
    checkpoints = Checkpoints(folder, CheckpointConfig())
    checkpoints.save(jax.device_put(state), CheckpointMeta(3, {"family": "t5"}, "f" * 64, "p" * 64))
    checkpoints.wait()
    checkpoints.close()
    return folder / "checkpoints" / "3" / "meta" / "metadata"


def checkpoint_meta(path):
    checkpoints = Checkpoints(path.parents[3])
    try:
        return checkpoints.meta(3)
    finally:
        checkpoints.close()


GIN = b"""
include 'gin/recipes/demo.gin'
MODEL_DIR = 'x'
TRAIN_STEPS = 3
"""
TOKENIZER = {
    "version": "1.0",
    "added_tokens": [
        {"id": 0, "content": "</s>", "special": True, "single_word": False, "lstrip": False, "rstrip": False}
        | {"normalized": False}
    ],
    "normalizer": {"type": "NFC"},
    "pre_tokenizer": {"type": "Whitespace"},
    "decoder": None,
    "post_processor": None,
    "model": {"type": "WordLevel", "vocab": {"</s>": 0, "a": 1, "<unk>": 2}, "unk_token": "<unk>"},
}


def tokenizer(folder):
    (folder / "tokenizer_config.json").write_text('{"eos_token": "</s>"}')
    return written("tokenizer.json", json.dumps(TOKENIZER).encode())(folder)


READERS = {
    "JSON Lines": Reader(source(JsonlSource), written("rows.jsonl", JSONL)),
    "CSV": Reader(source(CsvSource), written("rows.csv", CSV)),
    "TSV": Reader(source(lambda f: CsvSource(f, delimiter="\t", columns=("a", "b"), quote="")), written("r.tsv", TSV)),
    "Parquet": Reader(source(ParquetSource), parquet),
    "ArrayRecord": Reader(source(ArrayRecordSource), array_record),
    "prompts": Reader(lambda path: _read_prompts(str(path)), written("prompts.txt", b"Hello\n\nSay more\n")),
    "prompts in JSON Lines": Reader(lambda path: _read_prompts(str(path)), written("p.jsonl", b'{"prompt": "Hi"}\n')),
    "rules.json": Reader(
        lambda path: read_rules(path.parent, DemonstrationRules()),
        written("rules.json", b'{"max_prompts_per_user": 3, "pii_filter": "contact_details"}'),
    ),
    "tokenizer.json": Reader(read_vocabulary, tokenizer),
    "SentencePiece": Reader(read_vocabulary, written("v.model", assets.EMBEDDED_VOCAB.read_bytes())),
    "cache: mixture": Reader(cached, of_cache("mixtures/made_up.json")),
    "cache: manifest": Reader(cached, of_cache("manifest.json")),
    "cache: lengths": Reader(cached, of_cache("lengths.npy")),
    "cache: shard": Reader(cached, of_cache("shard-00000-of-00001.arrayrecord")),
    "plan": Reader(planned, plan, examples=5),
    "selected.json": Reader(
        lambda path: (load_report(path.parent), read_selected_step(path.parent)), run_file("selected.json")
    ),
    "evals.jsonl": Reader(lambda path: (load_report(path.parent), read_results(path)), run_file("evals.jsonl")),
    "metrics.jsonl": Reader(lambda path: load_report(path.parent), run_file("metrics.jsonl")),
    "data.json": Reader(lambda path: load_report(path.parent), run_file("data.json")),
    "config.gin of a run": Reader(lambda path: load_report(path.parent), run_file("config.gin")),
    "summary.json": Reader(read_summary, summary),
    "journal": Reader(journalled, journal),
    "model.json": Reader(lambda path: find_weights(path.parent).model_config(), weights("model.json"), examples=20),
    "weights": Reader(lambda path: load_weights(path.parent), weights("weights.safetensors")),
    "meta of a checkpoint": Reader(checkpoint_meta, checkpoint, examples=20),
    "gin file": Reader(lambda path: gin_config.load([str(path)]), written("own.gin", GIN)),
    "gguf": Reader(check_header, written("model.gguf", b"GGUF\3\0\0\0" + bytes(16))),
    "config.json of Hugging Face": Reader(lambda path: open_hugging_face(path.parent), exported("hf", "config.json")),
    "T5X's msgpack": Reader(lambda path: open_t5x(path.parent), exported("t5x", "checkpoint")),
}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Reader -> an undamaged file and its content, made once."""
    made: dict[str, tuple[pathlib.Path, bytes]] = {}

    def place(name):
        if name not in made:
            path = READERS[name].whole(tmp_path_factory.mktemp("reader"))
            made[name] = path, path.read_bytes()
        return made[name]

    return place


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@dataclasses.dataclass(frozen=True)
class Content:
    """Of a file; shown as its start."""

    content: bytes

    def __repr__(self) -> str:
        return f"{self.content[:300]!r} ({len(self.content)} bytes)"


@st.composite
def damaged(draw, undamaged: Content) -> Content:
    """Other bytes than the file's: of any kind, or made of it by a flip, a cut, an insertion, or another JSON value."""
    return Content(draw(_damaged(undamaged)))


@st.composite
def _damaged(draw, undamaged: Content) -> bytes:
    whole = undamaged.content
    kind = draw(st.sampled_from(["any", "flip", "cut", "insert", "json", "value", "value", "value"]))
    if kind == "any":
        return draw(st.binary(max_size=64))
    if kind == "json":
        return json.dumps(draw(JSON)).encode() + b"\n"
    place = draw(st.integers(0, max(0, len(whole) - 1)))
    if kind == "cut" or not whole:
        return whole[:place]
    if kind == "insert":
        return whole[:place] + draw(st.binary(min_size=1, max_size=8)) + whole[place:]
    if kind == "value" and (changed := draw(with_another_value(undamaged))) is not None:
        return changed
    return whole[:place] + bytes([whole[place] ^ 1 << draw(st.integers(0, 7))]) + whole[place + 1 :]


@st.composite
def with_another_value(draw, undamaged: Content) -> bytes | None:
    """A JSON file, or the first line of one, with another value somewhere; None for what is no JSON."""
    whole = undamaged.content
    first, newline, rest = whole.partition(b"\n")
    tail = b""
    try:
        value = json.loads(whole)
    except ValueError:
        try:
            value, tail = json.loads(first), newline + rest
        except ValueError:
            return None
    holder, key, inside = None, None, value
    while isinstance(inside, (dict, list)) and inside:
        holder = inside
        key = (
            draw(st.sampled_from(sorted(inside))) if isinstance(inside, dict) else draw(st.integers(0, len(inside) - 1))
        )
        inside = inside[key]
        if draw(st.booleans()):
            break
    if holder is None:
        return None
    if isinstance(holder, dict) and draw(st.integers(0, 3)) == 0:
        del holder[key]
    else:
        holder[key] = draw(JSON)
    return json.dumps(value).encode() + tail


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.parametrize("name", READERS)
def test_any_bytes_are_read_or_refused_in_a_line(places, name):
    path, whole = places(name)
    READERS[name].read(path)  # undamaged
    second = 1_000_000_000

    @settings(max_examples=READERS[name].examples)
    @given(damaged(Content(whole)))
    def holds(damaged):
        nonlocal second
        # Another file, of another second: readers keep what they have read of an unchanged one.
        path.unlink()
        path.write_bytes(damaged.content)
        os.utime(path, (second := second + 1, second))
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            try:
                READERS[name].read(path)
            except FlanError as error:
                said = str(error)
                assert all(line.startswith("  ") for line in said.splitlines()[1:]), said  # a list of tensors
                said = said.partition("\n")[0]
                assert path.name in said or any(str(folder) in said for folder in (path.parent, path.parents[1])), said

    try:
        holds()
    finally:
        path.write_bytes(whole)
