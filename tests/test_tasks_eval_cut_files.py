"""What benchmarks say of published files that were cut between two lines, so that each line of them is whole."""

import csv
import dataclasses
import json
import shutil

import pytest
from shared import shared_path
from suite_benchmarks import TableModel, colours

import flan_jax.tasks  # noqa: F401  (registers the benchmarks)
from flan_jax.core.errors import MissingDataError, TaskError
from flan_jax.declare.benchmark import BENCHMARKS, Subtask, add_benchmark, get_benchmark
from flan_jax.evaluate import Journal, SuiteConfig, run_suite
from flan_jax.report.published import our_rows
from flan_jax.sources import data_dir


@pytest.fixture
def own_data(monkeypatch, tmp_path):
    """An empty data folder of the test's own."""
    monkeypatch.setenv(data_dir.VARIABLE, str(tmp_path))
    return tmp_path


def copied(own_data, name, content=None):
    """A file of the published data in the test's own folder, with `content` in place of its text if given."""
    path = own_data / name
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(shared_path(f"data/{name}"), path)
    if content is not None:
        path.write_text(content(path.read_text()))
    return path


def first_lines(num):
    return lambda text: "".join(text.splitlines(keepends=True)[:num])


def first_exemplars(num):
    return lambda text: "\n\nQ: ".join(text.split("\n\nQ: ")[: num + 1])


def less_one_chain(subject):
    def cut(text):
        prompts = json.loads(text)
        prompts[subject] = prompts[subject].strip().rpartition("\n\nQ: ")[0]
        return json.dumps(prompts)

    return cut


@pytest.mark.parametrize(
    ("name", "formats", "subtask", "file", "cut", "numbers"),
    [
        (
            "mmlu",
            ("direct", "generate"),
            "anatomy",
            "mmlu/dev/anatomy_dev.csv",
            first_lines(3),
            "3 exemplars {}, not 5",
        ),
        ("mmlu", ("cot",), "anatomy", "mmlu/mmlu-cot.json", less_one_chain("anatomy"), "4 exemplars {}, not 5"),
        (
            "mmlu",
            ("cot",),
            "formal_logic",
            "mmlu/mmlu-cot.json",
            less_one_chain("formal_logic"),
            "3 exemplars {}, not 4",
        ),
        ("bbh", ("direct", "cot"), "snarks", "bbh/cot-prompts/snarks.txt", first_exemplars(1), "1 exemplar {}, not 3"),
        (
            "bigbench_date",
            ("cot",),
            "date_understanding",
            "bbh/cot-prompts/date_understanding.txt",
            first_exemplars(2),
            "2 exemplars {}, not 3",
        ),
        ("mgsm", ("cot", "direct"), "bn", "mgsm/exemplars.jsonl", first_lines(3), "3 exemplars {}, not 8"),
        ("gsm8k", ("train_cot",), "gsm8k", "gsm8k/train.jsonl", first_lines(4), "4 exemplars {}, not 5"),
    ],
)
def test_a_file_with_fewer_exemplars_than_the_format_says_is_refused(
    own_data, name, formats, subtask, file, cut, numbers
):
    path = copied(own_data, file)
    asked = name if name.startswith("bigbench") else subtask
    for format in formats:
        get_benchmark(name).format(format).open(asked, "test")  # the whole file is taken
    path.write_text(cut(path.read_text()))
    for format in formats:
        with pytest.raises(TaskError) as error:
            get_benchmark(name).format(format).open(asked, "test")
        assert str(error.value) == f"{path} has {numbers.format(f'of {subtask}')}: download it again"


def test_more_dev_questions_than_are_shown_are_no_fault(own_data):
    copied(own_data, "mmlu/dev/anatomy_dev.csv", lambda text: text + text)
    get_benchmark("mmlu").format("direct").open("anatomy", "test")


PUBLISHED = {
    "mmlu": {"validation": 1531, "test": 14042},
    "bbh": {"test": 6511},
    "tydiqa": {"dev": 4637},
    "mgsm": {"test": 2500},
    "mgsm_en": {"test": 250},
    "gsm8k": {"test": 1319},
    "addsub": {"test": 395},
    "singleeq": {"test": 508},
    "mawps": {"test": 237},
    "aqua": {"test": 254},
    "strategyqa": {"test": 2290},
    "commonsenseqa": {"validation": 1221},
    "bigbench_date": {"test": 369},
    "bigbench_object_tracking": {"test": 750},
    "truthfulqa": {"validation": 817},
    "winogender": {"test": 720},
    "tk_instruct_eval": {"test": 11810},
    "mtk_instruct_eval": {"test": 3500},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_as_many_questions_are_declared_as_were_published(name):
    subtasks = get_benchmark(name).subtasks
    for split, num in PUBLISHED[name].items():
        assert sum(subtask.num_published[split] for subtask in subtasks) == num


@pytest.mark.parametrize("name", [name for name in PUBLISHED if "instruct" not in name])
def test_the_published_files_have_as_many(name, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(shared_path("data")))
    benchmark = get_benchmark(name)
    for subtask in benchmark.subtasks:
        for split, num in subtask.num_published.items():
            try:
                assert len(benchmark.read(subtask.name, split)) == num, (subtask.name, split)
            except MissingDataError:  # of MMLU's validation split, of TyDiQA and Winogender
                continue


def test_mmlus_sizes_are_the_fact_sheets():
    for row in csv.DictReader(shared_path("facts/mmlu_subjects.csv").read_text().splitlines()):
        assert get_benchmark("mmlu").subtask(row["subject"]).num_published == {
            "validation": int(row["val"]),
            "test": int(row["test"]),
        }


def colours_published(**sizes):
    """The made-up benchmark of 4, 3 and 2 questions, of which `sizes` were published."""
    subtasks = [dataclasses.replace(s, num_published={"test": sizes[s.name]}) for s in colours().subtasks]
    return dataclasses.replace(colours(), name="colours_published", subtasks=tuple(subtasks))


@pytest.mark.parametrize(
    ("sizes", "limit", "is_complete", "notes"),
    [
        ({"red": 4, "green": 3, "blue": 2}, None, True, ()),
        ({"red": 4, "green": 3, "blue": 2}, 1, False, ()),
        (
            {"red": 4, "green": 30, "blue": 2000},
            None,
            False,
            (
                "colours_published, split test: its data has fewer questions than were published (green 3 of 30, blue "
                "2 of 2,000), so its score is not of all items: download it again",
            ),
        ),
        (
            {"red": 1, "green": 3, "blue": 2},
            None,
            True,
            (
                "colours_published, split test: its data has more questions than were published (red 4, published 1), "
                "so its score is of others too: download it again",
            ),
        ),
    ],
)
def test_a_file_of_another_size_than_was_published_is_said_and_is_not_all_items(
    tmp_path, sizes, limit, is_complete, notes
):
    add_benchmark(colours_published(**sizes), replace=True)
    try:
        with Journal(tmp_path / "journal.jsonl") as journal:
            results = run_suite(SuiteConfig(("colours_published",), limit=limit), TableModel(), journal)
    finally:
        del BENCHMARKS["colours_published"]
    (result,) = results.tasks.values()
    assert result.is_complete == is_complete and results.notes == notes
    assert all(("(not all items)" in name) != is_complete for name, _ in our_rows(result))


def test_a_size_of_a_split_that_the_benchmark_has_not_is_refused():
    with pytest.raises(TaskError, match=r"subtask red of benchmark x says how many .* 'train' has: .* test, other"):
        dataclasses.replace(colours(), name="x", subtasks=(Subtask("red", num_published={"train": 3}),))
    with pytest.raises(TaskError, match=r"subtask red: num_published.* is 0"):
        Subtask("red", num_published={"test": 0})
