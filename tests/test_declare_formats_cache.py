"""Formats in the token cache: budgets prune exemplars and are counted, epochs read renderings of their own, and one
malformed file does not keep the other tasks out."""

import dataclasses
import json
import sys

import numpy as np
import pytest

import flan_jax.tasks  # noqa: F401
from flan_jax.cache import native
from flan_jax.cache.build import build_cache
from flan_jax.cache.rates import resolve_rates
from flan_jax.cli.main import main
from flan_jax.core import assets
from flan_jax.core.errors import CacheError, TaskError
from flan_jax.core.manifest import cache_root, read_split_manifest, split_dir
from flan_jax.core.sentencepiece import SentencePieceVocabulary
from flan_jax.data.cache_reader import CacheReader
from flan_jax.data.draws import make_draw_stream
from flan_jax.declare.example import Rendered
from flan_jax.declare.formats import BUDGET
from flan_jax.declare.registry import add_mixture, add_task, get_task, restored
from flan_jax.declare.task import Member, Mixture, Task

TASKS = ("niv2_task020_mctaco_span_based_question", "niv2_task022_cosmosqa_passage_inappropriate_binary")


@pytest.fixture(scope="module")
def vocabulary():
    return SentencePieceVocabulary(assets.EMBEDDED_VOCAB)


@pytest.fixture
def registry():
    """The registry as it was before, afterwards."""
    with restored():
        yield


def write_niv2(folder, name, instances, text=None):
    path = folder / "natural_instructions_v2" / "tasks" / f"{name.removeprefix('niv2_')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    task = {"Definition": ["Answer."], "Positive Examples": [], "Instances": instances}
    path.write_text(text if text is not None else json.dumps(task))
    return path


# -- budgets ----------------------------------------------------------------------------------------------------------


def tokens(count):
    return " ".join(["tree"] * count)


@pytest.mark.parametrize(("limit", "budget"), [(1_024, 960), (2_048, 1_920)])
def test_the_budget_is_the_papers(vocabulary, limit, budget):
    assert int(limit * BUDGET) == budget
    size = len(vocabulary.encode(tokens(10)))
    exemplars = tuple(tokens(10) + " " for _ in range(300))
    example = Rendered(tokens(10), "yes", exemplars=exemplars, budget=BUDGET)
    (ids,), (kept,) = native.fit_exemplars([example], vocabulary, limit)
    assert budget - size < len(ids) + 1 <= budget
    assert kept == tuple(range(len(kept)))  # from the end
    assert ids == vocabulary.encode(example.inputs(len(kept)))
    (more,), _ = native.fit_exemplars([Rendered(tokens(10), "yes", exemplars=exemplars)], vocabulary, limit)
    assert budget < len(more) + 1 <= limit


def test_pruned_exemplars_are_counted_and_the_query_never_goes(vocabulary):
    task = get_task("review_sentiment_zero_shot__fewshot_16")
    tally, limit = native.Tally(), 128
    cached = list(native.tokenise(task, "validation", vocabulary, limit, tally))
    dropped = shortened = 0
    for example, (_, rendered) in zip(cached, task.rendered("validation"), strict=True):
        kept = next(
            k for k in range(17) if vocabulary.encode(rendered.inputs(k)) == example.inputs_tokens[:-1].tolist()
        )
        dropped, shortened = dropped + 16 - kept, shortened + (kept < 16)
        assert kept == 0 or len(example.inputs_tokens) <= int(limit * BUDGET)
        if kept < 16:
            assert len(vocabulary.encode(rendered.inputs(kept + 1))) + 1 > int(limit * BUDGET)
        assert example.targets_tokens[:-1].tolist() == vocabulary.encode(rendered.targets)
    assert (tally.exemplars_dropped, tally.examples_shortened) == (dropped, shortened)
    assert dropped > 100


# -- epochs -----------------------------------------------------------------------------------------------------------


def test_each_epoch_reads_a_rendering_of_its_own(registry, vocabulary, tmp_path, monkeypatch):
    monkeypatch.setenv("FLAN_JAX_DATA_DIR", str(tmp_path))
    references = [f"answer {i}" for i in range(6)]
    instances = [{"id": f"{i}", "input": f"row {i}", "output": references} for i in range(30)]
    instances[7]["output"] = [" "]  # empty in every rendering: the row goes, once
    write_niv2(tmp_path, TASKS[0], instances)
    name = f"{TASKS[0]}__epochs_3"
    build_cache(name, vocabulary=vocabulary, cache_dir=tmp_path / "cache", roles=("train",), num_workers=1)
    root = cache_root(tmp_path / "cache", vocabulary.fingerprint)
    manifest = read_split_manifest(split_dir(root, name, "train"), vocabulary.fingerprint)
    assert (manifest.num_examples, manifest.num_renderings, manifest.num_rows) == (87, 3, 29)
    assert manifest.dropped == {"empty_targets": 1}

    stream = make_draw_stream({name: 1.0}, {name: 29}, seed=1, num_renderings={name: 3})
    indices, epochs = stream.task_draws(0, 0, 29 * 7)
    with CacheReader(root, vocabulary.fingerprint) as reader:
        examples = reader.read_many(name, "train", list(range(87)))
    seen = [[(examples[i].index, tuple(examples[i].targets_tokens)) for i in indices[epochs == e]] for e in range(7)]
    for epoch, pairs in enumerate(seen):
        assert sorted(index for index, _ in pairs) == [i for i in range(30) if i != 7]  # each row once
        assert sorted(pairs) == sorted(seen[epoch % 3])  # the fourth epoch begins again
    firsts = [dict(pairs) for pairs in seen[:3]]
    differs = sum(firsts[0][row] != firsts[1][row] for row in firsts[0])
    assert 15 < differs < 29  # one of six references each time: 5/6 of 29
    task = get_task(name)
    for rendering in range(3):
        for row, example in task.rendered("train", [0, 5, 29], rendering):
            assert firsts[rendering][row] == (*vocabulary.encode(example.targets), 1)


@dataclasses.dataclass(frozen=True)
class Numbers:
    """Rows in memory."""

    splits = ("train",)
    description = "numbers"

    def rows(self, split):
        return [{"number": i} for i in range(40)]


def test_a_row_goes_whole_where_one_of_its_renderings_is_empty(vocabulary):
    def sometimes_empty(row, rng, pool):
        return Rendered(f"What comes after {row['number']}?", "" if rng.random() < 0.2 else str(row["number"] + 1))

    task = Task("sometimes_empty", "none", Numbers(), sometimes_empty, eval_split=None, renderings=3)
    texts = [[example.targets for _, example in task.rendered("train", rendering=k)] for k in range(3)]
    whole = [row for row in range(40) if all(text[row] for text in texts)]
    assert 5 < len(whole) < 35
    tally = native.Tally()
    cached = list(native.tokenise(task, "train", vocabulary, None, tally))
    assert [example.index for example in cached] == [row for row in whole for _ in range(3)]
    assert tally.dropped == {"empty_targets": 40 - len(whole)}
    assert tally.dropped_rows["empty_targets"] == [row for row in range(40) if row not in whole][:5]


def test_rates_count_rows_not_renderings(registry, vocabulary, tmp_path, monkeypatch):
    monkeypatch.setenv("FLAN_JAX_DATA_DIR", str(tmp_path))
    for name in TASKS:
        write_niv2(tmp_path, name, [{"id": f"{i}", "input": f"row {i}", "output": ["a", "b"]} for i in range(10)])
    mixture = Mixture("two_epochs", (Member(f"{TASKS[0]}__epochs_4"), Member(TASKS[1])))
    add_mixture(mixture)
    manifest = build_cache(
        "two_epochs", vocabulary=vocabulary, cache_dir=tmp_path / "cache", roles=("train",), num_workers=1
    )
    assert dict(manifest.num_examples) == {f"{TASKS[0]}__epochs_4": 10, TASKS[1]: 10}
    assert set(manifest.rates.values()) == {10.0}
    assert resolve_rates(mixture, manifest.num_examples) == dict(manifest.rates)


def test_one_rendering_leaves_the_stream_as_it_was():
    plain = make_draw_stream({"a": 1.0, "b": 2.0}, {"a": 7, "b": 9}, seed=3)
    with_two = make_draw_stream({"a": 1.0, "b": 2.0}, {"a": 7, "b": 9}, seed=3, num_renderings={"b": 2})
    one, two = plain.chunk(0), with_two.chunk(0)
    is_b = one.task_ids == 1
    np.testing.assert_array_equal(one.indices[~is_b], two.indices[~is_b])
    np.testing.assert_array_equal(one.indices[is_b], two.indices[is_b] // 2)
    np.testing.assert_array_equal(two.indices[is_b] % 2, two.epochs[is_b] % 2)
    np.testing.assert_array_equal(one.numbers, two.numbers)


def test_a_format_has_a_fingerprint_of_its_own():
    names = ["review_sentiment_zero_shot" + form for form in ("", "__zeroshot", "__fewshot_2", "__epochs_2")]
    prints = {native.fingerprint(get_task(name), "train", None) for name in names}
    assert len(prints) == 4


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("num_workers", [1, 2])
def test_a_malformed_file_is_named_and_the_others_go_on(registry, tmp_path, monkeypatch, capsys, num_workers):
    monkeypatch.setenv("FLAN_JAX_DATA_DIR", str(tmp_path))
    good, bad = TASKS
    write_niv2(tmp_path, good, [{"id": "1", "input": "row", "output": ["a"]}, {"id": "2", "input": "x", "output": []}])
    path = write_niv2(tmp_path, bad, [], text='{\n "Definition": ["x"],\n "Instances": [}\n')
    module = tmp_path / "good_and_bad.py"
    module.write_text(
        "import flan_jax.tasks\nfrom flan_jax.declare.registry import Member, Mixture, add_mixture\n"
        f"add_mixture(Mixture('good_and_bad', (Member('{bad}'), Member('{good}'))))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    argv = ["cache", "--mixture", "good_and_bad", "--module", "good_and_bad", "--cache_dir", str(tmp_path / "cache")]
    status = main([*argv, "--num_workers", str(num_workers), "--role", "train"])
    output, errors = capsys.readouterr()
    assert status != 0
    assert "1 of 2 splits of good_and_bad could not be cached; the others are" in errors
    assert f"{path}:3: not valid JSON" in errors.splitlines()[-1]  # one line, as one split has failed
    assert f"{good}/train: 1 row dropped for empty_targets (rows 1)" in output
    cached = {path.parent.parent.name for path in (tmp_path / "cache").glob("*/*/niv2_*/train/manifest.json")}
    assert cached == {good}
    sys.modules.pop("good_and_bad")


class BrokenSource:
    """A source of unknown size that cannot be read."""

    splits = ("train",)
    description = "broken"

    def rows(self, split):
        raise TaskError("broken.json:3: not valid JSON")


class AbsentSource(BrokenSource):
    def missing(self):
        return "absent: download it"


def test_a_malformed_file_beside_a_missing_one_does_not_stop_the_rest(registry, vocabulary, tmp_path):
    good = get_task("review_sentiment_zero_shot__rows_8")
    for name, source in (("broken", BrokenSource()), ("absent", AbsentSource())):
        add_task(Task(name, "none", source, good.render, eval_split=None))
    members = (Member("broken"), Member("absent"), Member(good.name))
    add_mixture(Mixture("mended_later", members))
    settings = {"vocabulary": vocabulary, "cache_dir": tmp_path, "roles": ("train",), "num_workers": 1}
    with pytest.raises(CacheError, match=r"1 of 2 splits(.|\n)*broken/train: broken.json:3: not valid JSON"):
        build_cache("mended_later", **settings, available_only=True)
    root = cache_root(tmp_path, vocabulary.fingerprint)
    assert read_split_manifest(split_dir(root, good.name, "train"), vocabulary.fingerprint).num_examples == 8
    with pytest.raises(CacheError, match="absent: download it"):
        build_cache("mended_later", **settings)


def test_a_split_that_does_not_exist_is_named(vocabulary, tmp_path):
    with pytest.raises(CacheError, match=r"has no split 'tset'; it has train, validation, test"):
        build_cache(
            "review_sentiment_zero_shot",
            vocabulary=vocabulary,
            cache_dir=tmp_path,
            roles=("eval",),
            eval_split="tset",
            num_workers=1,
        )
    with pytest.raises(TaskError, match="has no split 'tset'"):
        list(get_task("review_sentiment_zero_shot__fewshot_2").rendered("tset"))
