"""What benchmarks say of published files that were cut between two lines, so that each line of them is whole."""

import json
import shutil

import pytest
from shared import shared_path

import flan_jax.tasks  # noqa: F401  (registers the benchmarks)
from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import get_benchmark
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
