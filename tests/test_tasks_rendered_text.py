"""What a reader of rendered text would mark: doubled marks, holes, options that run into each other, answers that the
source cut. Judged on the real samples, in every wording of every task that templates render."""

import dataclasses
import random
import re

import pytest
from flan2021_rows import ROWS
from shared import shared_path

import flan_jax.tasks  # noqa: F401
from flan_jax.core.errors import TaskError
from flan_jax.declare.exemplars import folded
from flan_jax.declare.formatted import format_task, refusal
from flan_jax.declare.registry import all_tasks, get_task
from flan_jax.declare.styles import MANY_OPTION_STYLES, OPTION_STYLES, PLAIN_OPTIONS, shuffled_options
from flan_jax.declare.task import Task, missing_source
from flan_jax.declare.templates import Choice, Template, TemplateRenderer
from flan_jax.sources import MemorySource
from flan_jax.sources.data_dir import VARIABLE
from flan_jax.sources.tidy import tidy
from flan_jax.tasks.flan2021.dataset import DATASETS, unless_cut

NUM_ROWS = 24
# A field's value is masked but for its first and last character, so that what is found is the template's doing.
MASK = "\u00a7"
FAULTS = {
    "a mark twice": re.compile(r"(?<!\.)[.!?][\"\u201d')]*[.,;](?!\.)|[,;:] ?[,;:!?]|\?[\"\u201d]?\?"),
    "two spaces": re.compile(r"\S  +\S"),
    "a space at a line's end": re.compile(r"[ \t]\n|\s$|^\s"),
    "empty lines": re.compile(r"\n\n\n"),
    "a word twice": re.compile(r"\b([a-z]+) \1\b", re.IGNORECASE),
}


def templated(prefix):
    return [t.name for t in all_tasks() if t.name.startswith(prefix) and isinstance(t.render, TemplateRenderer)]


def some_rows(task, count=NUM_ROWS):
    rows = task.source.rows(task.train_split or task.eval_split)
    return [rows[len(rows) * i // min(count, len(rows))] for i in range(min(count, len(rows)))]


def worded(render, row):
    """(masked text, name of the wording) of every template that fits the row."""
    values = {v for v in (*row.values(), *row.get("options", ())) if isinstance(v, str) and len(v) > 2}
    longest_first = sorted(values, key=len, reverse=True)
    for name, templates in {"written": render.templates, **render.wordings}.items():
        for number, template in enumerate(templates):
            if not template.fits(row):
                continue
            alone = dataclasses.replace(render, templates=(template,), template_ids=None, wordings={})
            turn = alone.turn(row, 0, Choice(option_style=PLAIN_OPTIONS), random.Random(0))
            for text in (turn.instruction + turn.inputs, turn.targets):
                for value in longest_first:
                    # A value that begins or ends with a mark of its own is not the template's fault.
                    text = text.replace(value, re.sub(r"^\W?", "", value[:1]) + MASK + value[-1:])
                yield text, f"{name} {number}"


def faults(task, rows):
    return {
        (what, wording, found[0], text[max(0, found.start() - 40) : found.end() + 40])
        for row in rows
        for text, wording in worded(task.render, row)
        for what, pattern in FAULTS.items()
        if (found := pattern.search(text))
    }


@pytest.mark.parametrize("name", ROWS)
def test_wordings_of_flan2021_on_rows_made_up_for_them(name):
    task = get_task(f"flan2021_{name}")
    assert faults(task, [DATASETS[task.name].fields_of(ROWS[name])]) == set()


@pytest.mark.parametrize("name", templated(("flan2021_", "cot_")))
def test_wordings_and_rows_of_the_real_samples(name, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(shared_path("data")))
    task = get_task(name)
    if missing_source(task):
        pytest.skip("no rows of this set here")
    rows = some_rows(task)
    assert faults(task, rows) == set()
    for row in rows:
        texts = [value for value in row.values() if isinstance(value, str)]
        assert all(text == tidy(text) for text in texts), row
        options = [folded(option) for option in row.get("options", ())]
        assert len(set(options)) == len(options), options


@pytest.mark.parametrize("form", ["zsopt", "zsnoopt", "fsopt", "fsnoopt"])
def test_every_format_of_the_real_samples(form, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(shared_path("data")))
    seen = 0
    for name in templated(("flan2021_", "cot_")):
        task = get_task(name)
        if missing_source(task) or refusal(task, form):
            continue
        task = get_task(f"{name}__{form}")
        split = task.train_split or task.eval_split
        for _, example in task.rendered(split, range(min(4, len(task.source.rows(split))))):
            seen += 1
            text = example.inputs()
            assert example.targets.strip() == example.targets != "", name
            assert not re.search(r"[ \t]\n|^\s|[ \t]$|\n{5}", text), (name, text)
            if example.options:
                assert example.targets in example.options, name
            listed = re.findall(r"^.*\b(?:Choose from|Choices|Options|OPTIONS|Pick one): ?(\S.*)$", text, re.MULTILINE)
            assert not any(re.search(r"[.!?][,;|/] |[.!?] [|/] ", line) for line in listed), (name, listed)
    assert seen > 100


def test_procedural_wordings():
    found = {}
    for task in all_tasks():
        is_generated = getattr(task.source, "description", "").startswith("generated: flan_jax.tasks")
        if is_generated and task.cluster != "documents":
            # Their words stand apart from every mark, and a word may follow itself in a list.
            marks = {fault for fault in faults(task, some_rows(task, 2)) if fault[0] != "a word twice"}
            found |= {task.name: marks} if marks else {}
    assert found == {}


SENTENCES = ("He ran, then slept.", "She sat down.", "It rained; we read.")


@pytest.mark.parametrize(
    ("options", "stays_in_a_row"),
    [
        (("red", "dark green", "blue"), True),
        (("St Louis", "U.S.A"), True),
        (SENTENCES, False),
        (("Fargo, North Dakota", "Fargo"), False),
        (("Is it?", "no"), False),
        (('He said "go."', "no"), False),
        (("one\ntwo", "three"), False),
    ],
)
def test_options_stand_line_by_line_where_they_would_run_into_each_other(options, stays_in_a_row):
    for style in (*OPTION_STYLES, *MANY_OPTION_STYLES):
        block = style.for_options(options).block(options)
        if stays_in_a_row:
            assert style.for_options(options) == style
            continue
        head, *lines = block.split("\n")
        assert head == style.head and len(lines) == len("\n".join(options).split("\n")), block
        assert not block.endswith("..") and not re.search(r"[.?][,;]", block), block
        answers = style.for_options(options).answers(options)
        assert bool(style.names) == (answers[options[0]] != options[0])  # names are kept
    mark = re.compile(r" (;|\||/|,) ")
    assert all(not mark.search(style.for_options(("a;b", "c|d/e")).block(("a;b", "c|d/e"))) for style in OPTION_STYLES)


def test_what_speaks_of_the_other_options_stands_last():
    options = ("None of the above choices .", "all of these", "none of it worked", "a", "b")
    orders = {tuple(shuffled_options(options, random.Random(i))) for i in range(200)}
    assert {frozenset(order[3:]) for order in orders} == {frozenset(options[:2])}
    assert len({order[0] for order in orders}) == 3
    assert shuffled_options(options[2:], random.Random(3)) != shuffled_options(options[2:], random.Random(4))


def test_a_question_that_says_the_options_is_answered_by_them_and_by_no_letter():
    rows = [{"x": f"x{i}", "answer": "yes", "options": ("yes", "no")} for i in range(9)]
    for words, is_said in (
        ("{x}: yes or no?", True),
        ("Is {x}?\n{options}\nWrite Yes, or write No.", True),
        ("{x}\n{options}", False),
    ):
        render = TemplateRenderer((Template(words),))
        task = Task("said", "words", MemorySource({"train": rows}), render, eval_split=None)
        task = format_task(task, "fewshot_2__opt")
        targets = [example.targets for number in range(9) for _, example in task.rendered("train", None, number)]
        assert (set(targets) == {"yes"}) == is_said, words
    assert Template("{answer} is the same meaning", "{x}").says(("the same meaning",))
    assert not Template("Is {yes} no?").says(("yes", "no")) and not Template("{x}").says(())


def test_a_row_that_lacks_a_field_is_put_into_a_wording_without_it():
    render = TemplateRenderer(
        (Template("On {title}: {text}"), Template("Read {text}"), Template("{answer}?", "{title}"))
    )
    rows = [{"title": "" if i % 2 else f"T{i}", "text": f"text {i}", "answer": f"a{i}"} for i in range(12)]
    for few_shot in (render, dataclasses.replace(render, num_exemplars=3)):
        for row in rows:
            for seed in range(20):
                example = few_shot(row, random.Random(seed), [other for other in rows if other != row])
                assert "On :" not in example.inputs() and example.targets
                assert row["title"] or "Read" in example.query
    single = TemplateRenderer(render.templates[:1])
    assert single(rows[1], random.Random(0), ()).query == "On : text 1"  # there is no other wording
    assert "On : text" in single(rows[3], random.Random(0), ()).query
    with pytest.raises(TaskError, match="no field 'title'; it has text"):
        single({"text": "no title at all"}, random.Random(0), ())


@pytest.mark.parametrize("name", ["flan2021_xsum", "flan2021_cnn_dailymail"])
def test_no_report_that_its_source_cut_is_asked_for(name, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(shared_path("data")))
    turned = cut = 0
    for form in ("", "__zsopt", "__fewshot_2"):
        task = get_task(name + form)
        rows = task.source.rows("train")
        cut += sum(unless_cut(row.get("document", row.get("article"))) == "" for row in rows)
        for index, example in task.rendered("train"):
            assert example.targets and not example.targets.endswith(("...", "\u2026"))
            turned += example.targets != rows[index]["answer"]
            assert not any(re.search(r"\.\.\.\s*$", shown) for shown in example.exemplars)
    assert turned > 10 and cut > 50


def test_squad_names_no_title_where_there_is_none(monkeypatch):
    monkeypatch.setenv(VARIABLE, str(shared_path("data")))
    for name in ("flan2021_squad_v1", "flan2021_squad_v2"):
        task = get_task(f"{name}__epochs_20")
        for rendering in range(20):
            for _, example in task.rendered("train", rendering=rendering):
                assert not re.search(r"Article:|article on|^About", example.query), example.query


def test_exemplars_of_a_query_that_asks_for_another_field_ask_for_it_too(monkeypatch):
    monkeypatch.setenv(VARIABLE, str(shared_path("data")))
    task = get_task("flan2021_copa__fsopt")
    rows = task.source.rows("train")
    asked_for = [row["premise"] for row in rows]
    seen = 0
    for index, example in task.rendered("train"):
        if example.targets == rows[index]["premise"]:
            seen += 1
            shown = [exemplar.rstrip("\n=+- ") for exemplar in example.exemplars]
            assert all(any(text.endswith(premise) for premise in asked_for) for text in shown), example.exemplars
    assert seen > 20
