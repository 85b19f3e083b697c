"""Tk-Instruct's own layout, character for character, as its published collator writes it: each expectation is written
out by hand from what that program does."""

import dataclasses
import json
import random

import pytest

import flan_jax.tasks  # noqa: F401
from flan_jax.cache.native import fit_exemplars
from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import get_benchmark
from flan_jax.declare.example import Rendered
from flan_jax.declare.formats import Format, Shots
from flan_jax.declare.registry import get_mixture, get_task, mixture_members
from flan_jax.declare.templates import HIDDEN
from flan_jax.evaluate.prompts import fit_prompts
from flan_jax.tasks.eval.from_tasks import generated_format, questions
from flan_jax.tasks.niv2.official import OFFICIAL, OfficialRenderer
from flan_jax.tasks.niv2.task_file import NaturalInstructionsSource

NAME = "niv2_task020_mctaco_span_based_question"
FILE = {
    "Definition": ["  Say the opposite \n", "A second definition, never shown."],
    "Positive Examples": [
        {"input": " hot ", "output": "cold", "explanation": "Cold is what hot is not"},
        {"input": "Is it up?", "output": "down!", "explanation": ""},
        {"input": "in\ntwo lines", "output": "out", "explanation": "Nothing."},
    ],
    "Negative Examples": [
        {"input": "big", "output": "large)", "explanation": " The same \u3002"},
        {"input": "new", "output": "\u201cgreen\u201d"},
    ],
    "Instances": [
        {"id": "a", "input": "\n early ", "output": ["late", "not early"]},
        {"id": "b", "input": "hot.", "output": ["cold"]},
        {"id": "c", "input": "", "output": ["nothing"]},
    ],
}
DEFINITION = "Definition: Say the opposite.\n\n"
POSITIVE = (
    " Positive Example 1 -\nInput: hot.\n Output: cold.\n\n"
    " Positive Example 2 -\nInput: Is it up?\n Output: down!\n\n"
    " Positive Example 3 -\nInput: in\ntwo lines.\n Output: out.\n\n"
)
POSITIVE_2 = POSITIVE[: POSITIVE.index(" Positive Example 3")]
# Punctuation is ASCII's: an ideographic full stop and a typographic quotation mark get a full stop after them.
NEGATIVE = (
    " Negative Example 1 -\nInput: big.\n Output: large)\n\n"
    " Negative Example 2 -\nInput: new.\n Output: \u201cgreen\u201d.\n\n"
)
# An empty explanation gets a full stop after its label's space; an absent one has no line.
POSITIVE_2_EXPLAINED = (
    " Positive Example 1 -\nInput: hot.\n Output: cold.\n Explanation: Cold is what hot is not.\n\n"
    " Positive Example 2 -\nInput: Is it up?\n Output: down!\n Explanation: .\n\n"
)
NEGATIVE_EXPLAINED = (
    " Negative Example 1 -\nInput: big.\n Output: large)\n Explanation: The same \u3002.\n\n"
    " Negative Example 2 -\nInput: new.\n Output: \u201cgreen\u201d.\n\n"
)
QUERY = "Now complete the following example -\nInput: early.\nOutput: "
GOLDEN = {
    "tk_official_def": DEFINITION + QUERY,
    "tk_official_pos_2": POSITIVE_2 + QUERY,
    "tk_official_def_pos_1": DEFINITION + POSITIVE[: POSITIVE.index(" Positive Example 2")] + QUERY,
    "tk_official_def_pos_2": DEFINITION + POSITIVE_2 + QUERY,
    "tk_official_def_pos_4": DEFINITION + POSITIVE + QUERY,
    "tk_official_def_pos_2_neg_2": DEFINITION + POSITIVE_2 + NEGATIVE + QUERY,
    "tk_official_def_pos_2_expl": DEFINITION + POSITIVE_2_EXPLAINED + QUERY,
    "tk_official_def_pos_2_neg_2_expl": DEFINITION + POSITIVE_2_EXPLAINED + NEGATIVE_EXPLAINED + QUERY,
}


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """The file's rows, which are those of a registered task too."""
    path = tmp_path / "natural_instructions_v2" / "tasks" / "task020_mctaco_span_based_question.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(FILE))
    monkeypatch.setenv("FLAN_JAX_DATA_DIR", str(tmp_path))
    return NaturalInstructionsSource(path).rows("train")


def render(rows, number=0, **settings):
    return OfficialRenderer(**settings)(rows[number], random.Random(0), ())


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_layout_is_tk_instructs(rows, name):
    (_, example), *_ = get_task(f"{NAME}__{name}").rendered("train", [0])
    assert example.inputs() == GOLDEN[name]
    assert example.targets in ("late", "not early") and example.references == ("late", "not early")


def test_empty_inputs_and_the_instance_among_the_examples_stay_as_published(rows):
    assert render(rows, 1).inputs().count("Input: hot.\n") == 2
    assert render(rows, 2).query == "Now complete the following example -\nInput: .\nOutput: "


def test_formats_reach_the_layout(rows):
    def text(form):
        (_, example), *_ = get_task(f"{NAME}__tk_official_def_pos_2{form}").rendered("train", [0])
        return example.inputs()

    assert text("__noinst") == GOLDEN["tk_official_pos_2"]
    for form, problem in (
        ("__fewshot_3", "takes the whole input"),
        ("__noopt", "free-form"),
        ("__trigger", "without a rationale"),
        ("__def_pos_2", "disagree on wording"),
    ):
        with pytest.raises(TaskError, match=problem):
            text(form)
    for form, problem in (
        (Format(options=HIDDEN), "has neither options"),
        (Format(shots=(Shots((1, 2)),)), "one number"),
    ):
        with pytest.raises(TaskError, match=problem):
            OfficialRenderer().in_format(form)


NO_ROW = {"first_definition": "Count.", "input": "3", "outputs": ("3",)}


def words(texts):
    return [len(text.split()) for text in texts]


class Words:
    """A vocabulary of words, which counts as many tokens."""

    def encode_batch(self, texts):
        return [list(range(num)) for num in words(texts)]


def fitted(example, longest):
    """What a benchmark asks for, once a cache has been seen to keep the same exemplars."""
    _, (kept,) = fit_exemplars([example], Words(), longest + 1)  # with EOS
    task = OneRow(example)
    format = generated_format("x", lambda *_: task, ("exact_match",), 4)
    prompt = format.open("one", "test")(questions(task, "test")[0])
    (fit,) = fit_prompts([prompt], ["last"], [longest], words)
    if not fit.is_trimmed:
        assert fit.prefix + fit.query == example.inputs_with(kept)
    return fit


@dataclasses.dataclass(frozen=True)
class OneRow:
    """A task whose only row renders so."""

    example: Rendered
    name: str = "one"

    def rendered(self, split):
        return [(0, self.example)]


def test_negative_examples_are_tried_where_a_positive_one_did_not_fit():
    """Tk-Instruct breaks off at the first positive example that is too long, and goes on with the negative ones."""
    example = Rendered(
        query="q", targets="t", preamble="d ", exemplars=("1 ", "2 " * 50, "-1 ", "-2 "), groups=(2, 2), keeps="start"
    )
    texts = {longest: fitted(example, longest) for longest in (54, 53, 55, 5, 4, 3, 2)}
    assert (texts[55].prefix, texts[55].num_dropped) == ("d 1 " + "2 " * 50 + "-1 -2 ", 0)
    assert texts[54].prefix == "d 1 " + "2 " * 50 + "-1 "
    assert texts[53].prefix == "d 1 " + "2 " * 50
    assert (texts[5].prefix, texts[5].num_exemplars, texts[5].num_dropped) == ("d 1 -1 -2 ", 3, 1)
    assert texts[4].prefix == "d 1 -1 " and texts[3].prefix == "d 1 " and texts[2].prefix == "d "
    row = {**NO_ROW, "positive": (("1", "1", None), ("2 " * 50, "2", None)), "negative": (("-1", "-1", None),)}
    rendered = OfficialRenderer(num_negative=1)(row, random.Random(0), ())
    shown = fitted(rendered, 40).prefix
    assert "Positive Example 1" in shown and "Positive Example 2" not in shown and "Negative Example 1" in shown
    # A single group keeps its first ones only, as everywhere else.
    assert fitted(dataclasses.replace(example, groups=()), 5).prefix == "d 1 "


def test_what_is_too_long_without_examples_loses_its_end(rows):
    example = render(rows, num_positive=1)
    fit = fitted(example, 6)
    assert fit.is_trimmed and fit.num_dropped == 1
    assert (fit.prefix + fit.query).split() == "Definition: Say the opposite. Now complete".split()
    ours = dataclasses.replace(example, keeps="end")
    assert fitted(ours, 6).query == ours.query  # whole: the model loses its start


def test_the_recipes_train_and_judge_in_the_layout(rows):
    for mixture, split in (("tk_instruct", "train"), ("mtk_instruct", "train"), ("tk_instruct_test", "test")):
        members = {task.base: task for task in mixture_members(get_mixture(mixture))}
        assert all(task.name.endswith("__tk_official_def_pos_2") for task in members.values())
        if NAME in members:
            (_, example), *_ = members[NAME].rendered(split, [0])
            assert example.inputs() == GOLDEN["tk_official_def_pos_2"]
    benchmark = get_benchmark("tk_instruct_eval")
    assert benchmark.formats[0].name == "tk_official_def_pos_2"
    assert {published.format for published in benchmark.published} <= set(OFFICIAL)
