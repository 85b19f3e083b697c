"""What models would be taught by accident: no example of the real data ends in a program's mark, holds a canary, has
"None" or "nan" for an answer, opens a tag that it does not close, or has a blank target. What does is listed here by
name, with the reason."""

import collections
import re

import pytest
from shared import shared_path

import flan_jax.tasks  # noqa: F401
from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import BENCHMARKS, items
from flan_jax.declare.example import is_blank
from flan_jax.declare.registry import all_tasks
from flan_jax.declare.task import missing_source
from flan_jax.sources.data_dir import VARIABLE
from flan_jax.sources.end_marks import END_MARKS, without_end_marks

ROWS = 6  # of each split, spread over it

MARK = re.compile("|".join([*map(re.escape, END_MARKS), r"<\|[a-z_]+\|>", "<s>", "<pad>", "<unk>", r"\[PAD\]"]), re.I)
CANARY = re.compile(r"canary guid|canary string|benchmark data should|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
# As an answer, or as all that stands behind a field's name.
PYTHON = re.compile(r"\A(None|nan|NaN|null|undefined|b'.*')\Z|: ?(None|nan|NaN|null)$", re.MULTILINE)
TAG = re.compile(r"<(/?)([a-zA-Z][\w]{0,12})(?: [^<>]*)?>")

# Names are patterns of tasks and benchmarks.
LEGITIMATE = {
    "mark": {
        r"niv2_task135[23]_hind_encorp_.*": "HindEnCorp has <s> between sentences, as published",
        r"niv2_task28[89]_gigaword_.*": "Gigaword's <unk>, as published",
    },
    "python": {
        r"niv2_task(1503|1544|1545|1546|1625|293|294)_.*": "its definition asks for None where there is nothing",
        r"niv2_task564_discofuse_.*": "its file has nan for a missing sentence, as published",
    },
    "tag": {
        r"niv2_.*": "files use <sep> and the like as signs, as their definitions say",
        r"t0_samsum_.*": "<file_photo> and <file_gif> stand for what was sent, as published",
        r"flan2021_samsum": "<file_photo> and <file_gif> stand for what was sent, as published",
    },
    "blank": {
        r"niv2_task(488|1564|781)_.*": "the published answer is empty: dropped when cached, and counted",
        r"t0_(duorc|dream|wiki_bio|cnn_dailymail|multi_news)_.*": "PromptSource cut the answer: dropped, and counted",
    },
}


@pytest.fixture(autouse=True)
def data(monkeypatch):
    monkeypatch.setenv(VARIABLE, str(shared_path("data")))


def unpaired(text):
    opened = collections.Counter()
    for close, name in TAG.findall(text):
        opened[name] += -1 if close else 1
    return any(opened.values())


def faults(inputs, targets):
    """Kinds of fault, each with where."""
    for text in (inputs, targets):
        if mark := MARK.search(text):
            yield "mark", mark[0]
        if canary := CANARY.search(text):
            yield "canary", canary[0]
        if word := PYTHON.search(text):
            yield "python", word[0]
    if unpaired(targets):
        yield "tag", targets
    if is_blank(targets):
        yield "blank", targets


def test_no_task_teaches_what_programs_left_behind():
    found = collections.defaultdict(list)
    num_examples = 0
    here = [task for task in all_tasks() if task.objective is None and not missing_source(task)]
    for task in here:
        for split in dict.fromkeys(task.splits()):
            size = len(task.source.rows(split))
            rows = range(0, size, max(1, size // ROWS))
            for index, example in task.rendered(split, rows):
                num_examples += 1
                for kind, text in faults(example.inputs(), example.targets):
                    found[kind, task.name].append((split, index, text))
    assert num_examples > 10_000 and len(here) > 1_500
    for (kind, name), places in sorted(found.items()):
        reasons = LEGITIMATE.get(kind, {})
        assert any(re.fullmatch(pattern, name) for pattern in reasons), (kind, name, places[:3])


def test_no_benchmark_accepts_what_programs_left_behind():
    found = []
    asked = set()
    for benchmark in BENCHMARKS.values():
        if {"flan2021", "t0", "tk_instruct"} & set(benchmark.tags):  # made of the tasks above
            continue
        for format in benchmark.formats:
            for subtask in benchmark.subtasks[:: max(1, len(benchmark.subtasks) // 3)]:
                prompts = []
                for split in benchmark.splits:
                    try:
                        prompts += [item.prompt for item in items(benchmark, subtask.name, split, format)]
                        break
                    except TaskError:  # not there
                        continue
                for prompt in prompts[:: max(1, len(prompts) // 3)]:
                    asked.add(benchmark.name)
                    inputs = "".join((prompt.preamble, *prompt.exemplars, prompt.query))
                    answers = prompt.references or prompt.options
                    found += [(benchmark.name, fault) for answer in answers for fault in faults(inputs, answer)]
    assert len(asked) > 15 and not found


@pytest.mark.parametrize(
    ("text", "left", "marks"),
    [
        ("Hawaii###eos_token###", "Hawaii", ("###eos_token###",)),
        ("Hawaii \n</s><|endoftext|>\n", "Hawaii", ("<|endoftext|>", "</s>")),
        ("###eos_token###", "", ("###eos_token###",)),
        ("Hawaii \n", "Hawaii \n", ()),
        ("It was <s>once</s>", "It was <s>once</s>", ()),
        ("The mark </s> ends a text.", "The mark </s> ends a text.", ()),
    ],
)
def test_marks_are_taken_off_the_end_alone(text, left, marks):
    assert without_end_marks(text) == (left, marks)
