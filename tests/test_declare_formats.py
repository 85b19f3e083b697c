"""Formats: one small object that any task can be put through; names resolve without copies in the registry."""

import random

import pytest

import flan_jax.tasks  # noqa: F401
from flan_jax.core.errors import TaskError
from flan_jax.declare import formats
from flan_jax.declare.example import Rendered
from flan_jax.declare.formats import Format, Shots, find_format
from flan_jax.declare.formatted import format_task, refusal
from flan_jax.declare.registry import add_mixture, all_tasks, get_task
from flan_jax.declare.styles import MANY_EXEMPLAR_STYLES, MANY_OPTION_STYLES, OPTION_NAMES, ExemplarStyle, OptionStyle
from flan_jax.declare.task import HeldOut, Member, Mixture, Task
from flan_jax.declare.templates import ORDERED_FIELD, Template, TemplateRenderer

OPTIONS = ("red", "green", "blue")
QUERY_MARK = "thing"


class ListSource:
    """Rows in memory."""

    splits = ("train", "validation")
    description = "rows in memory"

    def __init__(self, rows):
        self._rows = rows

    def rows(self, split):
        return self._rows


def colour_rows(count=40):
    return [{"thing": f"<{QUERY_MARK} {i}>", "answer": OPTIONS[i % 3], "options": OPTIONS} for i in range(count)]


COLOURS = TemplateRenderer(
    (
        Template("What colour has the {thing}?\n{options}"),
        Template("{thing}: say its colour.", instruction="Colours.\n"),
        Template("Choose one.\n{options}", needs_options=True),
        Template("Name a {answer} thing.", "{thing}"),
    )
)


def colours(rows=None, render=COLOURS, **changes):
    return Task("colours", "sight", ListSource(rows or colour_rows()), render, **changes)


def put_through(task, name):
    return format_task(task, name)


def prompts(task, split="train"):
    return [example for _, example in task.rendered(split)]


# -- names ------------------------------------------------------------------------------------------------------------


def test_a_format_is_the_same_object_each_time_and_no_copy_in_the_registry():
    before = len(all_tasks())
    task = get_task("review_sentiment_zero_shot__fewshot_5")
    assert task is get_task("review_sentiment_zero_shot__fewshot_5")
    assert (task.base, task.format) == ("review_sentiment_zero_shot", "fewshot_5")
    assert task.dataset == get_task("review_sentiment_zero_shot").dataset
    assert len(all_tasks()) == before


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("review_sentiment_zero_shot__fewsht", "did you mean fewshot"),
        ("review_sentiment_zero_shot__fewshot_0", "no format is called 'fewshot_0'"),
        ("review_sentiment_zero_shot__fewshot_99", "up to 64"),
        ("review_sentimant_zero_shot__fewshot", "no task or mixture"),
        ("small_sum_zero_shot__noopt", "answers are free-form, there are no options to leave out"),
        ("small_sum_zero_shot__fsnoopt", "answers are free-form"),
        ("small_sum_zero_shot__trigger", "without a rationale"),
        ("small_sum_zero_shot__direct", "asks for the answer without a rationale"),
        ("small_sum_zero_shot__def", "no wordings called 'def'"),
        ("small_sum_zero_shot__fewshot_2__fewshot_3", "disagree on shots"),
        ("procedural_span__fewshot", "no task or mixture"),
    ],
)
def test_what_cannot_be_had_is_said(name, problem):
    with pytest.raises(TaskError, match=problem):
        get_task(name)


def test_a_pretraining_task_has_no_format():
    task = next(task for task in all_tasks() if task.objective)
    assert "which has no format" in refusal(task, "fewshot")


def test_formats_add_up_and_contradict_each_other():
    both = find_format("noopt__fewshot_3__templates_2")
    assert (both.options, both.shots, both.max_templates) == ("hidden", (Shots((3,)),), 2)
    assert find_format("noopt__noopt").options == "hidden"
    with pytest.raises(TaskError, match="disagree on options, 'shown' and 'hidden'"):
        find_format("opt__noopt")


def test_a_format_cannot_be_registered_twice_or_under_a_name_that_cannot_be_asked_for():
    for name, problem in (("fewshot", "already registered"), ("a__b", "not a usable name"), ("a-b", "not a usable")):
        with pytest.raises(TaskError, match=problem):
            formats.add_format(name, Format())
    for arguments, problem in (
        ({"options": "maybe"}, "say 'as written'"),
        ({"max_templates": 0}, "the least is 1"),
        ({"budget": 1.5}, "share in"),
    ):
        with pytest.raises(TaskError, match=problem):
            Format(**arguments)


def test_a_held_out_task_is_held_out_in_every_format():
    held_out = HeldOut(tasks=frozenset({"review_sentiment_zero_shot"}))
    assert held_out.violation(get_task("review_sentiment_zero_shot__fewshot_2"))
    assert HeldOut(datasets=frozenset({"colours"})).violation(put_through(colours(), "zeroshot"))
    held_out = HeldOut(tasks=frozenset({"review_sentiment_zero_shot__fewshot_2"}))
    for name in ("review_sentiment_zero_shot", "review_sentiment_zero_shot__fewshot_5"):
        with pytest.raises(TaskError, match="the task is held out in another format by made_here itself: drop the"):
            add_mixture(Mixture("made_here", (Member(name),), held_out=held_out))


# -- exemplars --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fewshot", "fewshot_1", "fewshot_5", "fewshot_16", "fsopt", "fsnoopt"])
def test_the_query_is_never_its_own_exemplar(name):
    # Every thing is there twice: the row itself and another row with the same text.
    task = put_through(colours(colour_rows() * 2), name)
    seen = 0
    for row, example in zip(task.source.rows("train"), prompts(task), strict=True):
        if "{thing}" in example.query or row["thing"] not in example.query:
            continue  # the wordings that ask for the thing, or show options only
        seen += 1
        assert not any(row["thing"] in exemplar for exemplar in example.exemplars)
    assert seen > 20


def test_another_answer_to_the_same_question_is_no_exemplar():
    rows = [{"thing": f"<{QUERY_MARK} {i % 6}>", "answer": f"answer {i}"} for i in range(30)]
    task = put_through(colours(rows, TemplateRenderer((Template("Describe {thing}."),))), "fewshot_4")
    for row, example in zip(rows, prompts(task), strict=True):
        assert not any(row["thing"] in exemplar for exemplar in example.exemplars)


def test_the_query_is_never_its_own_exemplar_in_the_procedural_tasks():
    for name in ("review_sentiment_zero_shot", "colour_of_zero_shot", "small_sum_zero_shot"):
        task = get_task(f"{name}__fewshot_3__noinst")
        for _, example in task.rendered("train", range(150)):
            for style in MANY_EXEMPLAR_STYLES:
                if (query := _unformatted(style.query, example.query)) is not None:
                    leak = style.exemplar.split("{targets}")[0].format(inputs=query)
                    assert not any(exemplar.startswith(leak) for exemplar in example.exemplars), name


def _unformatted(pattern, text):
    before, after = pattern.split("{inputs}")
    fits = text.startswith(before) and text.endswith(after)
    return text[len(before) : len(text) - len(after)] if fits else None


def test_numbers_of_exemplars():
    assert {len(e.exemplars) for e in prompts(put_through(colours(), "fewshot_5"))} == {5}
    mixed = [len(e.exemplars) for e in prompts(put_through(colours(colour_rows(400)), "fewshot_mixed"))]
    assert set(mixed) == set(range(1, 17))
    assert 7 < sum(mixed) / len(mixed) < 10
    same = [len(e.exemplars) for e in prompts(put_through(colours(colour_rows(400)), "fsnoopt"))]
    assert set(same) == {1, 2, 3, 4, 5, 6}
    assert 2.3 < sum(same) / len(same) < 3.0  # the release: about 2.5


def test_a_pool_that_is_too_small_is_an_error_and_a_mixed_number_takes_what_there_is():
    small = colours(colour_rows(4))
    with pytest.raises(TaskError, match="5 exemplars are asked for, the pool of 3 rows has 3"):
        prompts(put_through(small, "fewshot_5"))
    counts = {len(e.exemplars) for i in range(20) for _, e in put_through(small, "fewshot").rendered("train", [0], i)}
    assert counts == {1, 2, 3}


def test_a_task_without_a_training_split_takes_no_exemplars():
    source = ListSource(colour_rows())
    source.splits = ("validation",)
    task = Task("colours", "sight", source, COLOURS, train_split=None)
    assert "exemplars come from the train split" in refusal(task, "fewshot")
    assert refusal(task, "zeroshot") is None


def test_delimiters_are_drawn_per_example_and_can_be_told_apart():
    queries = {e.query.split("<")[0] for e in prompts(put_through(colours(colour_rows(300)), "fewshot_1__noinst"))}
    assert len(queries) > 8
    assert len(set(MANY_EXEMPLAR_STYLES)) == len(MANY_EXEMPLAR_STYLES) > 100
    for style in MANY_EXEMPLAR_STYLES:
        before, between = style.exemplar.split("{targets}")[0].split("{inputs}")
        gap = style.exemplar.split("{targets}")[1]
        # What stands after the targets is not what stands before them, or a mark says which is which.
        assert before.strip() or between.strip() or gap.strip() or len(gap) > len(between), style
        assert style.query.endswith("{inputs}" + between.rstrip(" ")), style


def test_the_instruction_is_said_once():
    task = put_through(colours(render=TemplateRenderer(COLOURS.templates[1:2])), "fewshot_3")
    for example in prompts(task):
        assert example.preamble == "Colours.\n"
        assert example.inputs().count("Colours.") == 1


# -- options ----------------------------------------------------------------------------------------------------------


def test_no_options_leaves_none_in_the_text_and_passes_over_what_needs_them():
    for example in prompts(put_through(colours(), "noopt")):
        assert "Choose one" not in example.inputs()
        assert sum(option in example.inputs() for option in OPTIONS) <= 1  # "Name a red thing."


def test_options_are_shown_by_every_wording_and_named_options_are_answered_by_name():
    task = put_through(colours(render=TemplateRenderer(COLOURS.templates[:1])), "opt")
    kinds = set()
    for row, example in zip(colour_rows(), prompts(task), strict=True):
        assert all(option in example.inputs() for option in OPTIONS)
        assert example.targets in example.options and len(example.options) == 3
        if example.targets == row["answer"]:
            kinds.add("plain")
            continue
        kinds.add(next(kind for kind, names in OPTION_NAMES.items() if example.targets in names[:3]))
        shown = sorted(OPTIONS, key=example.query.index)
        assert example.options[shown.index(row["answer"])] == example.targets
    assert kinds >= {"plain", "upper", "number"}


def test_every_named_style_shows_its_names_in_order():
    for style in MANY_OPTION_STYLES:
        block = style.block(OPTIONS)
        places = [block.index(option) for option in OPTIONS]
        assert places == sorted(places)
        assert style.answers(OPTIONS)["green"] == (OPTION_NAMES[style.names][1] if style.names else "green")
        assert not style.names or not style.fits(27)
    assert len(set(MANY_OPTION_STYLES)) == len(MANY_OPTION_STYLES)


def test_more_options_than_names_are_listed_without_names():
    many = tuple(f"number {i}" for i in range(30))
    rows = [{"thing": f"x{i}", "answer": many[i], "options": many} for i in range(30)]
    task = put_through(colours(rows, TemplateRenderer(COLOURS.templates[:1])), "opt")
    for row, example in zip(rows, prompts(task), strict=True):
        assert example.targets == row["answer"]


@pytest.mark.parametrize("form", ["", "opt", "opt__fewshot_2"])
def test_a_scale_is_listed_in_its_order_and_answered_by_its_points(form):
    points = ("0", "1", "2", "3")
    rows = [{"thing": f"<{i}>", "answer": points[i % 4], "options": points, ORDERED_FIELD: True} for i in range(40)]
    task = colours(rows, TemplateRenderer(COLOURS.templates[:2]), exemplar_split="train")
    for row, example in zip(rows, prompts(put_through(task, form) if form else task), strict=True):
        assert example.targets == row["answer"]
        if form or "What colour" in example.query:
            shown = example.query.rpartition("<")[2].partition(">")[2]
            places = [shown.index(point) for point in points]
            assert places == sorted(places)


def test_a_wording_that_asks_for_another_field_keeps_its_text():
    task = put_through(colours(render=TemplateRenderer(COLOURS.templates[3:], wordings={})), "zeroshot")
    assert prompts(task)[0].inputs() == "Name a red thing."


# -- plain renderers --------------------------------------------------------------------------------------------------


def plain(row, rng, pool):
    return Rendered(f"Q {row['thing']}", row["answer"], options=OPTIONS)


def test_any_renderer_takes_exemplars_and_options():
    few = prompts(put_through(colours(render=plain), "fewshot_2"))[0]
    assert len(few.exemplars) == 2 and few.targets == "red"
    shown = prompts(put_through(colours(render=plain), "fewshot_2__opt"))
    assert all(option in example.query for example in shown for option in OPTIONS)
    assert "cannot be had without the instruction" in refusal(colours(render=plain), "noinst")


def with_its_own(row, rng, pool):
    own = tuple(
        f"Q {shown['thing']} {shown['answer']}\n" for shown in (pool or [{"thing": "fixed", "answer": "red"}])[:2]
    )
    return Rendered(f"Q {row['thing']}", row["answer"], exemplars=own, options=OPTIONS, budget=0.5, keeps="start")


@pytest.mark.parametrize("form", ["rows_4", "epochs_2", "heldout"])
@pytest.mark.parametrize("split", ["train", None])
def test_a_plain_renderers_own_exemplars_stay_where_nothing_is_said_of_them(form, split):
    task = put_through(colours(render=with_its_own, exemplar_split=split), form)
    example = prompts(task, task.splits()[0])[0]
    assert len(example.exemplars) == (2 if split else 1) and task.exemplar_split == split
    assert (example.budget, example.keeps, example.query) == (
        0.5,
        "start",
        f"Q {task.source.rows('train')[0]['thing']}",
    )


def test_a_plain_renderers_own_exemplars_go_where_the_format_has_some_and_list_no_options():
    assert prompts(put_through(colours(render=with_its_own), "zeroshot"))[0].exemplars == ()
    assert len(prompts(put_through(colours(render=with_its_own), "opt__fewshot_3"))[0].exemplars) == 3
    with pytest.raises(
        TaskError, match=r"has 1 exemplar of its own, which list no options .*: name a number of exempl"
    ):
        prompts(put_through(colours(render=with_its_own), "opt"))


@pytest.mark.parametrize("form", ["rows_4", "heldout"])
def test_styles_of_a_tasks_own_stay_where_nothing_is_said_of_them(form):
    own = {
        "option_styles": (OptionStyle("MINE:", " ", "; "),),
        "exemplar_styles": (ExemplarStyle("E {inputs} {targets} ", "Q {inputs}"),),
    }
    render = TemplateRenderer(COLOURS.templates[:1], num_exemplars=1, **own)
    task = put_through(colours(render=render, exemplar_split="train"), form)
    for example in prompts(task, task.splits()[0]):
        assert "MINE:" in example.query and example.query.startswith("Q ") and example.exemplars[0].startswith("E ")
        assert example.targets in OPTIONS


# -- determinism ------------------------------------------------------------------------------------------------------


def test_formats_draw_by_task_row_and_rendering():
    task = put_through(colours(), "fewshot")
    assert prompts(task) == prompts(task)
    assert prompts(task) != prompts(put_through(colours(), "fewshot_mixed"))  # another name, other draws
    again = [example for _, example in task.rendered("train", rendering=1)]
    assert again != prompts(task)
    some = [example for _, example in task.rendered("train", [7, 3])]
    assert some == [prompts(task)[7], prompts(task)[3]]
    state = random.getstate()
    prompts(task)
    assert random.getstate() == state


def test_fewer_rows_are_a_sample_of_the_training_rows_only():
    task = put_through(colours(), "rows_10")
    rows = task.source.rows("train")
    assert len(rows) == 10 and rows != colour_rows()[:10] and all(row in colour_rows() for row in rows)
    assert len(task.source.rows("validation")) == 40
    assert rows == put_through(colours(), "rows_10__epochs_2").source.rows("train")
    assert put_through(colours(), "epochs_3").renderings == 3


def test_every_format_on_every_kind_of_task():
    """A format is either refused with a reason or gives text for every row, with a target."""
    names = ["review_sentiment_zero_shot", "small_sum_zero_shot", "boolean_facts_cot", "odd_one_out_few_shot"]
    names += ["fact_new_labels_zero_shot", "sort_numbers_new_template"]
    given = 0
    for name in names:
        task = get_task(name)
        for form in [*formats.all_formats(), "fewshot_2", "templates_3", "rows_8", "epochs_2"]:
            reason = refusal(task, form)
            if reason is not None:
                assert f"task {name} cannot be put through format {form}: " in reason
                continue
            formatted = get_task(f"{name}__{form}")
            for _, example in formatted.rendered(formatted.splits()[0], range(6)):
                given += 1
                assert example.query.strip() and example.targets.strip()
                assert "{" not in example.inputs()
                if form != "half_fewshot":
                    assert bool(example.exemplars) == bool(formatted.exemplar_split), (name, form)
    assert given > 200


def test_resolving_thousands_of_names_is_cheap():
    names = [f"{task.name}__fewshot_5" for task in all_tasks() if refusal(task, "fewshot_5") is None]
    assert len(names) > 1_000
    assert len({id(get_task(name)) for name in names}) == len(names)


def test_a_name_that_a_number_already_gives_is_taken():
    with pytest.raises(TaskError, match=r"'fewshot_3' is a format already, one of fewshot_N, templates_N"):
        formats.add_format("fewshot_3", Format())
