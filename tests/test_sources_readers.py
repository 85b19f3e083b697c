"""Readers of real data sets: every row arrives as it is on disk, and what cannot be read is named by file and line."""

import json
import pathlib
import random

import pytest
from shared import shared_path

import flan_jax.tasks  # noqa: F401
from flan_jax.core.errors import TaskError
from flan_jax.declare import registry as task_registry
from flan_jax.declare import task_folders
from flan_jax.declare.registry import restored
from flan_jax.evaluate.metrics import get_metric
from flan_jax.evaluate.metrics.rouge import instance_input
from flan_jax.tasks.cot.sources import TsvCotSource
from flan_jax.tasks.cot.templates import TEMPLATES
from flan_jax.tasks.niv2.encodings import EncodingRenderer
from flan_jax.tasks.niv2.folder import selection_categories
from flan_jax.tasks.niv2.task_file import NaturalInstructionsSource, read_natural_instructions_head

TASK = {
    "Source": ["made_here", "elsewhere"],
    "Categories": ['Word "Play"'],
    "Definition": ["Write the word backwards."],
    "Positive Examples": [{"input": f"ab{i}", "output": f"{i}ba"} for i in range(3)],
    "Instances": [
        {"id": "t-0", "input": "abc", "output": ["cba", "C B A"]},
        {"id": "t-1", "input": "xyz", "output": ["zyx"]},
        {"id": "t-2", "input": "none", "output": []},
    ],
}


@pytest.fixture
def registry():
    """The registry and the active folders, as they were before, afterwards."""
    with restored():
        yield


def write_task(path: pathlib.Path, task=TASK, **changes) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**task, **changes}, indent=1))
    return path


def rendered(row, seed=0):
    return EncodingRenderer()(row, random.Random(seed), ())


def test_a_task_file_renders_definition_examples_and_instance(tmp_path):
    source = NaturalInstructionsSource(write_task(tmp_path / "task.json"))
    example = rendered(source.rows("train")[0])
    assert example.inputs() == (
        "Task: Write the word backwards.\n\n"
        "Example 1:\nInput: ab0\nOutput: 0ba\n\n"
        "Example 2:\nInput: ab1\nOutput: 1ba\n\n"
        "Your turn:\nInput: abc\nOutput:"
    )
    assert example.inputs(1).count("Example") == 1
    assert example.references == ("cba", "C B A")
    assert instance_input(example.inputs()) == "abc"


def test_the_target_is_drawn_among_the_references(tmp_path):
    row = NaturalInstructionsSource(write_task(tmp_path / "task.json")).rows("train")[0]
    assert {rendered(row, seed).targets for seed in range(20)} == {"cba", "C B A"}
    assert rendered(row, 3) == rendered(row, 3)


def test_an_instance_without_answers_has_empty_targets(tmp_path):
    example = rendered(NaturalInstructionsSource(write_task(tmp_path / "task.json")).rows("train")[2])
    assert example.targets == ""
    assert example.references == ()


def test_only_the_first_instances_are_read(tmp_path):
    source = NaturalInstructionsSource(write_task(tmp_path / "task.json"), "test", max_instances=2)
    assert [row["id"] for row in source.rows("test")] == ["t-0", "t-1"]
    with pytest.raises(TaskError, match="has no split 'train'; it is read as test"):
        source.rows("train")


def test_a_changed_file_is_read_again(tmp_path):
    path = write_task(tmp_path / "task.json")
    source = NaturalInstructionsSource(path)
    assert len(source.rows("train")) == 3
    write_task(path, Instances=TASK["Instances"][:1])
    assert len(source.rows("train")) == 1


def test_head_of_a_task_file(tmp_path):
    head = read_natural_instructions_head(write_task(tmp_path / "task.json"))
    assert head.categories == ('Word "Play"',)
    assert head.sources == ("made_here", "elsewhere")


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ('{\n "Definition": ["x"],\n "Instances": [}\n', 3, "not valid JSON"),
        ("[1, 2]", 1, "holds a list"),
        ('{"Definition": ["x"], "Positive Examples": []}', 1, "has no 'Instances'"),
        (
            '{"Definition": ["x"], "Positive Examples": [],\n"Instances": [\n'
            '{"id": "a", "input": "i", "output": ["o"]},\n{"id": "b", "input": 3, "output": ["o"]}]}',
            4,
            "instance 1 needs `input`",
        ),
        ('{"Definition": ["x"],\n"Positive Examples": [{"input": "i"}], "Instances": []}', 2, "positive example 0"),
        ('{"Definition": ["x"], "Positive Examples": [], "Instances": [7]}', 1, "instance 0 needs"),
        ('{"Definition": ["x", null], "Positive Examples": [], "Instances": []}', 1, "'Definition' is no text"),
        ('{"Definition": "x", "Positive Examples": [],\n"Instances": null}', 2, "'Instances' is a NoneType; a list"),
        ('{"Definition": "x",\n"Positive Examples": null, "Instances": []}', 2, "'Positive Examples' is a NoneType"),
    ],
)
def test_malformed_task_files_name_file_and_line(tmp_path, content, line, message):
    path = tmp_path / "task007_bad.json"
    path.write_text(content)
    with pytest.raises(TaskError, match=rf"task007_bad\.json:{line}: .*{message}"):
        NaturalInstructionsSource(path).rows("train")


def read_tsv(path: pathlib.Path):
    """The rows of a file in the Flan Collection's layout."""
    return type("Here", (TsvCotSource,), {"path": path})("here").read()


def test_tsv_rows_keep_quotes_and_unescape_newlines(tmp_path):
    path = tmp_path / "set.tsv"
    path.write_bytes('"Quoted" claim\\nOptions:\t(A)\tbecause\\nso\r\n\x0cfeed\u2028\rline\tyes\t"\n'.encode())
    assert list(read_tsv(path)) == [
        {"question": '"Quoted" claim\nOptions:', "answer": "(A)", "rationale": "because\nso."},
        {"question": "feed\u2028\rline", "answer": "yes", "rationale": '"'},
    ]


def test_tsv_column_count_names_file_and_line(tmp_path):
    path = tmp_path / "set.tsv"
    path.write_text("a\tb\tc\na\tb\n")
    with pytest.raises(TaskError, match=r"set\.tsv:2: 2 columns, 3 are needed"):
        read_tsv(path)


def test_bytes_that_are_not_utf8_are_named(tmp_path):
    path = tmp_path / "set.tsv"
    path.write_bytes(b"a\tb\tc\na\tb\xff\tc\n")
    with pytest.raises(TaskError, match=r"set\.tsv:2: byte 0xff at column 4 is not UTF-8"):
        read_tsv(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TaskError, match=r"absent\.tsv cannot be read"):
        read_tsv(tmp_path / "absent.tsv")


def test_selection_takes_whole_small_categories():
    categories = [f"category {i}" for i in range(12) for _ in range(4)] + ["large"] * 30
    chosen = selection_categories(categories)
    assert 20 <= sum(category in chosen for category in categories) < 24
    assert "large" not in chosen
    assert selection_categories(sorted(categories, reverse=True)) == chosen


def make_niv2(root: pathlib.Path) -> pathlib.Path:
    (root / "splits/default").mkdir(parents=True)
    names = {"train": [f"task{i}_a-b.{i}" for i in range(30)], "test": ["task90_c", "task91_d"]}
    for split, members in names.items():
        listed = [*members, f"task99_absent_{split}"]
        (root / f"splits/default/{split}_tasks.txt").write_text("\n".join(listed))
        for i, name in enumerate(members):
            head = {"Categories": [f"{split} {i % 10}"], "Source": ["qasc" if split == "test" else "a"]}
            write_task(root / f"tasks/{name}.json", **head)
    return root


def make_cot(root: pathlib.Path) -> pathlib.Path:
    root.mkdir()
    for name in ("gsm8k", "qasc"):
        (root / f"{name}_train.tsv").write_text("".join(f"How many, {i}?\t4\tTwo and two.\n" for i in range(5)))
    return root


def test_folders_register_and_hold_out(registry, tmp_path):
    folders = {"cot": make_cot(tmp_path / "cot"), "niv2": make_niv2(tmp_path / "niv2")}
    notes = task_folders.activate(folders)
    assert any("without 1 task of splits/default/train_tasks.txt: task99_absent_train" in n for n in notes)
    assert any("missing: aqua, creak, ecqa, sensemaking, strategyqa" in note for note in notes)
    assert task_folders.activate(folders) == []  # once is enough

    names = {
        name: {task.name for task in task_registry.mixture_members(task_registry.get_mixture(name))}
        for name in ("niv2_train", "niv2_selection", "niv2_report", "niv2_small_train", "cot_train")
    }
    assert names["niv2_report"] == {"niv2_task90_c__heldout", "niv2_task91_d__heldout"}
    assert len(names["niv2_selection"]) == 21
    assert len(names["niv2_train"]) == 9
    assert not names["niv2_train"] & (names["niv2_selection"] | names["niv2_report"])
    clusters = {n: {task_registry.get_task(task).cluster for task in names[n]} for n in names}
    assert not clusters["niv2_train"] & (clusters["niv2_selection"] | clusters["niv2_report"])
    # QASC is a source of a report task: the joint mixture leaves it out.
    assert names["niv2_small_train"] == names["niv2_train"] | {"cot_gsm8k", "cot_gsm8k__fewshot_2"}
    for name in names["niv2_selection"] | names["niv2_report"]:
        task = task_registry.get_task(name)
        assert (task.kind, task.chance, task.metrics[0], task.train_split) == ("whole cluster", 0.0, "rouge_l", None)


def test_a_list_with_the_files_endings_is_refused(registry, tmp_path):
    root = make_niv2(tmp_path)
    listing = root / "splits/default/train_tasks.txt"
    listing.write_text("\n".join(f"{name}.json" for name in listing.read_text().split()))
    with pytest.raises(TaskError) as error:
        task_folders.activate({"niv2": root})
    assert str(error.value) == (
        f"{listing} has task0_a-b.0.json: its lines are names of tasks, take .json off their ends"
    )


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_list_of_which_no_task_is_there_is_refused(registry, tmp_path, split):
    root = make_niv2(tmp_path)
    listing = root / f"splits/default/{split}_tasks.txt"
    listing.write_text("task7_other\n")
    with pytest.raises(TaskError) as error:
        task_folders.activate({"niv2": root})
    assert str(error.value) == (
        f"{root}/tasks has 32 task files (task0_a-b.0, …), and none is of the 1 task of {listing} (task7_other, …): "
        f"get the task files of Super-NaturalInstructions, or list tasks that are there"
    )


def test_a_folder_whose_training_tasks_are_all_set_apart_says_so(registry, tmp_path):
    root = make_niv2(tmp_path)
    listing = root / "splits/default/train_tasks.txt"
    for path in sorted((root / "tasks").glob("*_a-b.*"))[4:]:
        path.unlink()
    with pytest.raises(TaskError) as error:
        task_folders.activate({"niv2": root})
    assert str(error.value) == (
        f"{root}/tasks has 4 training tasks, and all are set apart to pick the checkpoint (niv2_selection: categories "
        f"of up to 8 tasks, until they have 20), so that none is left to train on: add task files of more categories "
        f"of {listing}, or more than 8 of one"
    )
    for path in sorted((root / "tasks").glob("*_a-b.*")):
        path.unlink()
    listing.write_text("\n".join(f"task{i}_big" for i in range(9)))
    for i in range(9):
        write_task(root / f"tasks/task{i}_big.json", Categories=["Big"], Source=["a"])
    with pytest.raises(TaskError, match=r"has 9 training tasks, and each is of a category of more than 8, .*smaller"):
        task_folders.activate({"niv2": root})


@pytest.mark.parametrize(
    ("listed", "head", "message"),
    [
        (
            "task3_a-b.3",
            None,
            "{train} and {test} both have task3_a-b.3: take it out of one of them",
        ),
        (
            "task8_new",
            {"Categories": ["other"], "Source": ["a"]},
            "{train} has {known} and {test} task8_new, both of data set 'a': what is judged on is not trained on, so "
            "take one of them out of its list",
        ),
        (
            "task8_new",
            {"Categories": ["{category}"], "Source": ["b"]},
            "{train} has {known} and {test} task8_new, both of category {category!r}: what is judged on is not trained "
            "on, so take one of them out of its list",
        ),
    ],
)
def test_lists_that_share_a_task_a_category_or_a_data_set_name_both_files(registry, tmp_path, listed, head, message):
    root = make_niv2(tmp_path)
    train, test = (root / f"splits/default/{split}_tasks.txt" for split in ("train", "test"))
    apart = selection_categories([f"train {i % 10}" for i in range(30)])
    first = next(i for i in range(30) if f"train {i % 10}" not in apart)
    category = f"train {first % 10}"
    if head is not None:
        write_task(root / f"tasks/{listed}.json", **{k: [v[0].format(category=category)] for k, v in head.items()})
    test.write_text(f"{listed}\n{test.read_text()}")
    with pytest.raises(TaskError) as error:
        task_folders.activate({"niv2": root})
    assert str(error.value) == message.format(
        train=train, test=test, known=f"task{first}_a-b.{first}", category=category
    )


def test_folders_that_cannot_be_read_say_why(registry, tmp_path):
    with pytest.raises(
        TaskError,
        match=r"TASK_FOLDERS .--task_folder. names 'niv', and no folder of tasks is called so; did you mean niv2",
    ):
        task_folders.activate({"niv": tmp_path})
    with pytest.raises(TaskError, match="is not a folder"):
        task_folders.activate({"niv2": tmp_path / "absent"})
    with pytest.raises(TaskError, match=r"train_tasks.txt cannot be read"):
        task_folders.activate({"niv2": tmp_path})
    with pytest.raises(TaskError, match=r"has none of aqua_train.tsv"):
        task_folders.activate({"cot": tmp_path})
    task_folders.activate({"cot": make_cot(tmp_path / "cot")})
    (tmp_path / "other").mkdir()
    with pytest.raises(TaskError, match="one run, one folder"):
        task_folders.activate({"cot": tmp_path / "other"})


def test_chain_of_thought_targets_reason_then_answer(registry, tmp_path):
    task_folders.activate({"cot": make_cot(tmp_path / "cot")})
    task = task_registry.get_task("cot_gsm8k__fewshot_2")
    for _, example in task.rendered("train"):
        assert example.targets.index("Two and two.") < example.targets.index("answer is 4.")
        assert get_metric(task.metrics[0])(example.targets, [example.targets]) == 1.0
        assert len(example.exemplars) == 2
        assert "Two and two." not in example.query


def test_every_set_has_ten_wordings():
    assert len(TEMPLATES) == 9
    for name, templates in TEMPLATES.items():
        assert len({template.inputs for template in templates}) == 10, name


def test_real_files_render_without_stumbling(registry):
    """A sample of every split of the real folders; all of them are cached by benchmarks/cache.py."""
    task_folders.activate({"niv2": shared_path("data/natural_instructions_v2"), "cot": shared_path("data/flan_cot")})
    sizes = {"niv2_train": 602, "niv2_selection": 20, "niv2_report": 88, "cot_train": 14}
    for name, size in sizes.items():
        tasks = task_registry.mixture_members(task_registry.get_mixture(name))
        assert len(tasks) == size
        for task in tasks[:: max(1, size // 20)]:
            split = task.splits()[0]
            count = 0
            for _, example in task.rendered(split, range(min(5, len(task.source.rows(split))))):
                assert example.query.strip()
                count += 1
            assert count == 5


def test_the_real_training_mixture_keeps_the_official_promise(registry):
    task_folders.activate({"niv2": shared_path("data/natural_instructions_v2"), "cot": shared_path("data/flan_cot")})
    members = task_registry.mixture_members(task_registry.get_mixture("niv2_small_train"))
    sources = {task.dataset for task in members}
    report = task_registry.mixture_members(task_registry.get_mixture("niv2_report"))
    assert not sources & {task.dataset for task in report}
    assert "qasc" not in sources
    assert len(members) == 602 + 12
