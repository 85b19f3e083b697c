"""A query is never its own exemplar, nor is a row that asks the same but for case and spaces, on any road."""

import random

import pytest

import flan_jax.tasks  # noqa: F401
from flan_jax.cache.native import Tally, blank_manifest, tokenise
from flan_jax.cache.trace import trace
from flan_jax.core import assets
from flan_jax.core.errors import TaskError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare.example import JUDGED_FIELD, Rendered
from flan_jax.declare.exemplars import ExemplarPool, first_others, same
from flan_jax.declare.formatted import format_task
from flan_jax.declare.task import Task
from flan_jax.declare.templates import Template, TemplateRenderer
from flan_jax.sources import MemorySource
from flan_jax.tasks.demonstrations.curate import Demonstration, Pair, examples
from flan_jax.tasks.niv2.encodings import ENCODINGS

# The query in other capitals, with other spaces, with a field that nothing reads, and as it is; then six other rows.
SAME = (
    {"q": "Which  way\nis up?", "answer": "secret"},
    {"q": "which way is UP? ", "answer": "Secret"},
    {"q": "Which way is up?", "answer": "secret", "id": "7"},
    {"q": "Which way is up?", "answer": "secret"},
)
OTHERS = tuple({"q": f"Which way is door {i}?", "answer": f"left {i}"} for i in range(6))
QUERY = {"q": "Which way is up?", "answer": "secret"}
READS_Q = (Template("Tell me: {q}"), Template("{q}\nSay it.", instruction="Directions.\n"), Template("Q {q}"))


def task(render, rows=SAME + OTHERS, **changes):
    source = MemorySource({"train": list(rows), "validation": [QUERY | {JUDGED_FIELD: True}]})
    return Task("ways", "directions", source, render, exemplar_split="train", **changes)


def plain(row, rng, pool):
    shown = tuple(f"{other['q']} {other['answer']}\n" for other in rng.sample(list(pool), 2)) if pool else ()
    return Rendered(f"Q {row['q']}", row["answer"], exemplars=shown)


@pytest.mark.parametrize(
    ("render", "form"),
    [
        (TemplateRenderer(READS_Q, num_exemplars=2), ""),
        (TemplateRenderer(READS_Q), "fewshot_5"),
        (TemplateRenderer(READS_Q), "fewshot"),
        (TemplateRenderer(READS_Q), "fsopt"),  # some exemplars in other templates than the query's
        (TemplateRenderer((Template("Ask for {answer}", "{q}"),)), "fewshot_5"),
        (plain, ""),
        (plain, "fewshot_5"),
    ],
)
@pytest.mark.parametrize("split", ["validation", "train"])
def test_the_query_is_never_shown_whoever_draws(render, form, split):
    rows = [row for row in SAME + OTHERS if "id" not in row] if (render, form) == (plain, "") else SAME + OTHERS
    asked = format_task(task(render, rows), form) if form else task(render, rows)
    for rendering in range(30):
        for index, example in asked.rendered(split, None if split == "validation" else range(3), rendering):
            assert example.exemplars and not any("secret" in shown.lower() for shown in example.exemplars)
            if render is not plain or form:
                origin = trace(asked, split, index, rendering)
                shown_rows = [asked.source.rows("train")[row]["answer"] for row in origin.exemplar_rows]
                assert all(a in shown for a, shown in zip(shown_rows, example.exemplars, strict=True))


def test_rows_that_share_a_label_may_stand_beside_each_other():
    rows = [{"q": f"text {i}", "answer": "good" if i % 2 else "bad"} for i in range(12)]
    turned = format_task(task(TemplateRenderer((Template("Write a {answer} text.", "{q}"),)), rows), "fewshot_5")
    shown = [sum(example.query.split()[-2] in s for s in example.exemplars) for _, example in turned.rendered("train")]
    assert sum(shown) > 0  # as long as their texts differ
    # A question that is its options alone is told by these, in whatever order they stand.
    odd = [{"answer": "a", "options": ("b", "a", "c")}, {"answer": "a", "options": ("A", "c", "b")}]
    render = TemplateRenderer((Template("Which one?\n{options}"),), num_exemplars=1)
    with pytest.raises(TaskError, match="the pool of 1 row has 0 that ask something else than the query"):
        render(odd[0], random.Random(0), odd[1:])
    assert render(odd[0], random.Random(0), [odd[1], {"answer": "d", "options": ("d", "e")}]).exemplars


@pytest.mark.parametrize(("render", "form"), [(TemplateRenderer(READS_Q, num_exemplars=7), ""), (plain, "fewshot_7")])
def test_a_number_that_cannot_be_had_is_an_error(render, form):
    asked = format_task(task(render), form) if form else task(render)
    with pytest.raises(TaskError, match=r"7 exemplars are asked for, the pool of 7 rows has 6 that ask something else"):
        list(asked.rendered("validation"))


def test_fewer_than_a_mixed_number_are_counted():
    asked = format_task(task(TemplateRenderer(READS_Q), OTHERS, renderings=20), "fewshot")
    found = [example for rendering in range(20) for _, example in asked.rendered("train", None, rendering)]
    assert {len(example.exemplars) for example in found} == {1, 2, 3, 4, 5}
    missing = sum(example.exemplars_missing for example in found)
    assert missing > 0 and all(1 <= len(e.exemplars) + e.exemplars_missing <= 16 for e in found)
    tally, vocabulary = Tally(), load_vocabulary(str(assets.EMBEDDED_VOCAB))
    list(tokenise(asked, "train", vocabulary, None, tally))
    assert tally.exemplars_missing == missing
    assert blank_manifest(asked, "train", vocabulary, None, "", tally).exemplars_missing == missing


def test_collections_with_exemplars_of_their_own_follow_the_rule():
    row = {"definition": "Say it.", "input": "Up?", "outputs": ("secret",), "negative": ()}
    row["positive"] = ((" UP?", "secret", None), ("Down?", "no", None))
    example = ENCODINGS["def_pos_2"](row, random.Random(0), ())
    assert len(example.exemplars) == 1 and example.exemplars_missing == 1 and "secret" not in example.inputs()
    pairs = (Pair("Up?", "secret"), Pair("up ?", "no"), Pair("UP? ", "secret"), Pair("Down?", "yes"))
    first, *_ = examples(Demonstration("1", "u", "few_shot", "Say it.", pairs))
    assert first["shown"] == (("up ?", "no"), ("Down?", "yes"))


def test_the_first_shots_that_ask_something_else():
    shots = ("Is it?", "is  IT?", "Was it?", "Will it?")
    assert first_others("is it?", shots, 2, str, "set") == ("Was it?", "Will it?")
    with pytest.raises(TaskError, match="set has 2 exemplars that ask something else than 'is it\\?'; 3 are needed"):
        first_others("is it?", shots, 3, str, "set")


def test_what_is_equal():
    assert same(" Straße\n ist", "STRASSE ist") and not same("a b", "ab") and not same("1", 1)
    assert same("x" + " " * 99 + "y" * 20, "X " + "Y" * 20) and not same("x" * 20 + "y", "x" * 20 + "z")
    pool = ExemplarPool(
        [{"n": 1, "deep": [{"t": "A"}]}, {"n": 2, "deep": [{"t": "a"}]}, {"n": 1, "deep": ({"t": "a "},)}]
    )
    assert pool.places_beside({"n": 1, "deep": [{"t": "a"}], JUDGED_FIELD: True}, None) == [1]
    assert pool.places_beside({"n": 3, "deep": []}, 1) == [0, 2]
