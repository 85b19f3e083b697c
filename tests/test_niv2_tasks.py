"""Super-NaturalInstructions: every task is there without a file, every encoding renders as written here, and the real
files go through."""

import collections
import csv
import itertools
import json
import random
import unicodedata

import pytest
from shared import shared_path

import flan_jax.tasks  # noqa: F401
from flan_jax.cache.native import Tally, tokenise
from flan_jax.cache.train_vocab import ASSET
from flan_jax.core.errors import TaskError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare.formats import find_format
from flan_jax.declare.known_counts import known_examples
from flan_jax.declare.registry import get_mixture, get_task, mixture_members
from flan_jax.declare.task import missing_source
from flan_jax.evaluate.metrics import METRICS
from flan_jax.sources.source import cleaned
from flan_jax.tasks.niv2.encodings import ENCODINGS, EncodingRenderer
from flan_jax.tasks.niv2.register import INSTANCE_COUNTS, TASK_COUNTS, TASKS, flan_task_name, task_name
from flan_jax.tasks.niv2.task_file import NaturalInstructionsSource

NAME = "niv2_task020_mctaco_span_based_question"
FILE = {
    "Definition": ["Say the opposite."],
    "Positive Examples": [
        {"input": "hot", "output": "cold", "explanation": "Cold is what hot is not."},
        {"input": "up", "output": "down"},
        {"input": "in", "output": "out", "explanation": "Never shown."},
    ],
    "Negative Examples": [
        {"input": "big", "output": "large", "explanation": "That is the same."},
        {"input": "new", "output": "green", "explanation": "Unrelated."},
    ],
    "Instances": [
        {"id": "a", "input": "early", "output": ["late"]},
        {"id": "b", "input": "hot", "output": ["cold", "cool"]},
    ],
}
DEFINITION = "Task: Say the opposite.\n\n"
POSITIVE = "Example 1:\nInput: hot\nOutput: cold\n\nExample 2:\nInput: up\nOutput: down\n\n"
QUERY = "Your turn:\nInput: early\nOutput:"
GOLDEN = {
    "def": DEFINITION + QUERY,
    "pos_2": POSITIVE + QUERY,
    "def_pos_2": DEFINITION + POSITIVE + QUERY,
    "def_pos_2_neg_2": DEFINITION
    + POSITIVE
    + "Wrong example 1:\nInput: big\nOutput: large\n\nWrong example 2:\nInput: new\nOutput: green\n\n"
    + QUERY,
    "def_pos_2_expl": DEFINITION
    + "Example 1:\nInput: hot\nOutput: cold\nWhy: Cold is what hot is not.\n\nExample 2:\nInput: up\nOutput: down\n\n"
    + QUERY,
    "def_worked": DEFINITION + "Example 1:\nInput: hot\nOutput: cold\nWhy: Cold is what hot is not.\n\n" + QUERY,
}


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "task.json"
    path.write_text(json.dumps(FILE))
    return NaturalInstructionsSource(path).rows("train")


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    """A data folder with the file of one task."""
    path = tmp_path / "natural_instructions_v2" / "tasks" / "task020_mctaco_span_based_question.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(FILE))
    monkeypatch.setenv("FLAN_JAX_DATA_DIR", str(tmp_path))
    return tmp_path


# -- encodings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOLDEN)
def test_an_encoding_renders_as_written(data_dir, name):
    (_, example), *_ = get_task(f"{NAME}__{name}").rendered("train", [0])
    assert example.inputs() == GOLDEN[name]
    assert example.targets == "late"


def test_an_encoding_shows_examples_half_of_the_time(rows):
    assert {*GOLDEN, "def_half_pos_2"} == set(ENCODINGS)
    rng = random.Random(0)
    texts = [ENCODINGS["def_half_pos_2"](rows[0], rng, ()).inputs() for _ in range(400)]
    assert set(texts) == {GOLDEN["def"], GOLDEN["def_pos_2"]} and 150 < texts.count(GOLDEN["def"]) < 250
    # A format's ways of showing exemplars weigh the same, however many numbers each of them has.
    counts = ENCODINGS["def"].in_format(find_format("half_fewshot")).num_positive
    assert counts.count(0) * 2 == len(counts) and counts.count(5) * 160 == len(counts) * (40 + 3)


def test_definition_and_two_positive_examples_are_the_default(data_dir):
    (_, example), *_ = get_task(NAME).rendered("train", [0])
    assert example.inputs() == GOLDEN["def_pos_2"]


def test_over_long_prompts_lose_negative_examples_first_and_one_by_one(rows):
    example = ENCODINGS["def_pos_2_neg_2"](rows[0], random.Random(0), ())
    lines = [example.inputs(kept) for kept in range(4, -1, -1)]
    for longer, shorter in itertools.pairwise(lines):
        assert len(longer) > len(shorter)
    assert "Wrong example 2" not in lines[1] and "Wrong example 1" in lines[1]
    assert "Wrong" not in lines[2] and lines[2] == GOLDEN["def_pos_2"]
    assert lines[4] == GOLDEN["def"]


def test_the_instance_is_never_its_own_example(rows):
    example = EncodingRenderer()(rows[1], random.Random(0), ())  # "hot" is also the first positive example
    assert example.exemplars == (
        "Example 1:\nInput: up\nOutput: down\n\n",
        "Example 2:\nInput: in\nOutput: out\n\n",
    )


@pytest.mark.parametrize("form", ["def_pos_2", "def_worked", "fewshot_2", "pos_2", "tk_official_def_pos_2"])
def test_a_positive_example_without_an_output_is_passed_over_and_counted(data_dir, form):
    path = data_dir / "natural_instructions_v2" / "tasks" / "task020_mctaco_span_based_question.json"
    hollow = {"input": "what says nothing", "output": " ", "explanation": "Nothing."}
    path.write_text(json.dumps(FILE | {"Positive Examples": [hollow, *FILE["Positive Examples"]]}))
    task = get_task(f"{NAME}__{form}")
    for split in ("train", "test"):
        (_, example), *_ = task.rendered(split, [0])
        text = example.inputs()
        assert "what says nothing" not in text and "cold" in text and example.exemplars_missing == 0
        assert cleaned(task.source, split) == {"a positive example without an output": 1}
    tally = Tally()
    list(tokenise(task, "train", load_vocabulary(str(ASSET)), 512, tally))
    assert tally.cleaned == {"a positive example without an output": 1}


def test_where_no_other_positive_example_is_left_it_is_missing_and_a_negative_one_may_be_empty(data_dir):
    path = data_dir / "natural_instructions_v2" / "tasks" / "task020_mctaco_span_based_question.json"
    positive = [{"input": "up", "output": "down"}, {"input": "what says nothing", "output": ""}]
    negative = [{"input": "big", "output": ""}, {"input": "new", "output": "green"}]
    path.write_text(json.dumps(FILE | {"Positive Examples": positive, "Negative Examples": negative}))
    for form in ("def_pos_2_neg_2", "tk_official_def_pos_2_neg_2"):
        (_, example), *_ = get_task(f"{NAME}__{form}").rendered("train", [0])
        assert len(example.exemplars) == 3 and example.exemplars_missing == 1 and "big" in example.inputs()


def test_one_reference_is_drawn_and_all_are_accepted(data_dir):
    task = get_task(f"{NAME}__epochs_16")
    drawn = collections.Counter(
        example.targets for rendering in range(16) for _, example in task.rendered("train", [1], rendering)
    )
    assert set(drawn) == {"cold", "cool"}
    (_, example), *_ = task.rendered("train", [1])
    assert example.references == ("cold", "cool")


def test_formats_reach_the_encodings(data_dir):
    def text(form):
        (_, example), *_ = get_task(f"{NAME}__{form}").rendered("train", [0])
        return example

    assert text("zeroshot").inputs() == text("zsopt").inputs() == GOLDEN["def"]
    assert text("noinst").inputs() == GOLDEN["pos_2"]
    assert len(text("fewshot_3").exemplars) == 3
    assert text("fewshot_2").budget == 15 / 16
    for form, problem in (
        ("noopt", "no options to leave out"),
        ("trigger", "without a rationale"),
        ("direct", "no wordings called 'direct'"),
        ("def__pos_2", "disagree on wording"),
    ):
        with pytest.raises(TaskError, match=problem):
            get_task(f"{NAME}__{form}")


# -- without files ----------------------------------------------------------------------------------------------------


def test_what_is_missing_says_what_to_download(tmp_path, monkeypatch):
    monkeypatch.setenv("FLAN_JAX_DATA_DIR", str(tmp_path))
    line = missing_source(get_task(f"{NAME}__tk"))
    for part in ("github.com/allenai/natural-instructions", str(tmp_path), "Apache-2.0"):
        assert part in line
    assert line == missing_source(get_task("niv2_task001_quoref_question_generation"))  # one download for all
    assert "\n" not in line
    with pytest.raises(TaskError, match=r"is not there\. Super-NaturalInstructions: download"):
        get_task(NAME).source.rows("train")
    with pytest.raises(TaskError, match="has no split 'validation'; it is read as train, test"):
        get_task(NAME).source.rows("validation")


def test_the_facts_are_the_published_ones():
    names = ("flan2022_tasks", "tk_instruct_tasks", "niv2_excluded_mmlu_tasks")
    tables = {name: list(csv.DictReader(shared_path(f"facts/{name}.csv").read_text().splitlines())) for name in names}
    listed = {task["repo_task_name"]: task for task in tables["flan2022_tasks"] if task["csv_source"] == "NIv2"}
    by_name = {known.name: known for known in TASKS}
    assert len(by_name) == len(TASKS) == 1_613
    assert {flan_task_name(name) for name in listed} == {known.name for known in TASKS if known.in_flan}
    for name, row in listed.items():
        known = by_name[flan_task_name(name)]
        assert (known.category, known.num_instances) == (row["generic_category"], int(row["train_examples"]))
        assert known.dataset == row["dataset"].replace("; ", ";"), name
        assert known.languages == tuple(row["languages"].split("|"))
    splits = {"en_train": "train", "en_test": "test"}
    for row in tables["tk_instruct_tasks"]:
        known = by_name[task_name(row["task"])]
        track = known.crosslingual if row["split"] == "xlingual_test" else known.english
        assert track == splits.get(row["split"], "test")
        if row["report_metric"]:
            first = {"exact_match": "normalised_exact_match", "rougeL": "rouge_l"}[row["report_metric"]]
            # The official ROUGE-L reads no other letters than Latin ones, and one task is in Bulgarian.
            first += "_unicode" if known.name == "niv2_task1561_clickbait_new_bg_summarization" else ""
            assert get_task(known.name).metrics[0] == first and first in METRICS
    excluded = {task_name(row["task"]) for row in tables["niv2_excluded_mmlu_tasks"]}
    assert excluded == {known.name for known in TASKS if not known.in_flan}


def test_answers_in_other_letters_are_scored_by_a_rouge_that_reads_them(monkeypatch):
    by_stem = {known.stem: known for known in TASKS}
    for stem in real_stems(monkeypatch)[::5]:
        outputs = json.loads(get_task(task_name(stem)).source.path.read_text())["Instances"][:20]
        letters = [c for instance in outputs for text in instance["output"] for c in text if c.isalpha()]
        num_latin = sum(unicodedata.name(c, "").startswith("LATIN") for c in letters)
        if num_latin < 0.9 * len(letters):
            assert "rouge_l_unicode" in by_stem[stem].metrics, stem
    english = [known for known in TASKS if known.english]
    assert english and all("rouge_l" in known.metrics for known in english), "published scores are the official one's"


def test_a_listed_name_that_is_no_task_is_refused():
    assert flan_task_name("task074_squad1") == "niv2_task074_squad1_1_question_generation"
    for name in ("task074", "task9999_nothing"):
        with pytest.raises(TaskError, match="is no task of Super-NaturalInstructions"):
            flan_task_name(name)


# -- mixtures ---------------------------------------------------------------------------------------------------------


def test_mixtures_are_the_official_splits_and_keep_their_promise():
    sizes = {"niv2": 1_556, "tk_instruct": 756, "tk_instruct_test": 119, "mtk_instruct": 1_270}
    sizes["mtk_instruct_test"] = 35
    members = {name: mixture_members(get_mixture(name)) for name in sizes}
    assert {name: len(tasks) for name, tasks in members.items()} == sizes
    assert get_mixture("niv2").cap == 5_000
    for track in ("tk_instruct", "mtk_instruct"):
        test = members[f"{track}_test"]
        held_out = get_mixture(track).held_out
        assert held_out.tasks == {task.base for task in test}
        assert {task.cluster for task in test} <= held_out.clusters
        for task in members[track]:
            assert task.base not in held_out.tasks and task.dataset not in held_out.datasets
            assert (task.train_split, task.eval_split, task.renderings) == ("train", None, 2)
        for task in test:
            assert (task.train_split, task.eval_split, task.kind) == (None, "test", "whole cluster")
    assert known_examples(f"{NAME}__tk") == 100 < known_examples(NAME)


# -- real files -------------------------------------------------------------------------------------------------------


def render_some(task, split, count):
    size = len(task.source.rows(split))
    for _, example in task.rendered(split, range(min(count, size))):
        assert example.query.rstrip()
        assert all("{" not in exemplar or "{" in str(task.source.rows(split)[0]) for exemplar in example.exemplars)
        assert example.targets.strip() or not example.references
    return size


def check_real_tasks(stems, count):
    for stem in stems:
        name = task_name(stem)
        assert missing_source(get_task(name)) is None
        assert render_some(get_task(f"{name}__tk"), "train", count) <= 100
        assert render_some(get_task(f"{name}__heldout"), "test", count) <= 100
        for encoding in ENCODINGS:
            render_some(get_task(f"{name}__{encoding}"), "train", 2)


def real_stems(monkeypatch):
    folder = shared_path("data/natural_instructions_v2/tasks")
    monkeypatch.setenv("FLAN_JAX_DATA_DIR", str(folder.parent.parent))
    return sorted(path.stem for path in folder.glob("*.json"))


def test_real_files_go_through(monkeypatch):
    stems = real_stems(monkeypatch)
    assert {task_name(stem) for stem in stems} <= {known.name for known in TASKS}
    check_real_tasks(stems[::25], 5)


@pytest.mark.slow
def test_all_real_files_go_through(monkeypatch):
    check_real_tasks(real_stems(monkeypatch), 100)


def test_files_agree_with_the_facts(monkeypatch):
    """What a file says of itself is what is known of it without it."""
    by_stem = {known.stem: known for known in TASKS}
    for stem in real_stems(monkeypatch)[::20]:
        text = get_task(task_name(stem)).source.path.read_text()
        file, known = json.loads(text), by_stem[stem]
        assert known.dataset in (source.replace("; ", ";") for source in file["Source"]), stem
        assert known.category in file["Categories"] or file["Categories"] == ["Misc."], stem


def test_ladders_of_tasks_are_nested_and_of_instances_are_of_all_tasks():
    whole = [task.name for task in mixture_members(get_mixture("tk_instruct"))]
    before: set[str] = set()
    for count in TASK_COUNTS:
        names = {task.name for task in mixture_members(get_mixture(f"tk_instruct_tasks_{count}"))}
        assert len(names) == count and before < names < set(whole)
        before = names
    assert (round(0.01 * len(whole)), round(0.1 * len(whole))) == (8, 76)
    for count in INSTANCE_COUNTS:
        members = mixture_members(get_mixture(f"tk_instruct_instances_{count}"))
        assert [task.name.partition("__")[0] for task in members] == [name.partition("__")[0] for name in whole]
        # A few files have fewer.
        assert max(known_examples(task.name) for task in members) == count and members[0].renderings == 2
