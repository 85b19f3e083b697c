"""Checks of the procedural families' rationales: each step holds by the row's text, the last one gives the answer."""

import itertools
import re
from collections.abc import Callable

from procedural_solvers import SOLVERS, Row, clean, evaluate_boolean, is_good, kind_of, opposite, sentences, singular

from flan_jax.tasks.procedural import lexicon as lx

RATIONALES: dict[str, Callable[[Row], None]] = {}


def checks(name: str):
    def add(fn: Callable[[Row], None]) -> Callable[[Row], None]:
        RATIONALES[name] = fn
        return fn

    return add


@checks("boolean_expression")
def _(row):
    for step in row["rationale"].rstrip(".").split(". "):
        left, value = step.split(" is ")
        assert evaluate_boolean(left) == evaluate_boolean(value), step
    assert value == row["answer"]
    assert left.split(" ")[1] == ("and" if " and " in row["expression"] else "or")


@checks("boolean_facts")
def _(row):
    left, value = row["rationale"].rstrip(".").split(" is ")
    assert evaluate_boolean(left) == evaluate_boolean(value)
    assert (value == "true") == (row["answer"] == "yes")
    known = row["facts"].lower()
    link = " and " if " and " in row["claim"] else " or "
    assert left == link.join(str(part in known).lower() for part in row["claim"].split(link))


@checks("larger_number")
def _(row):
    a, _, word, _, b = clean(row["rationale"])
    assert {a, b} == {row["a"], row["b"]} and a == row["answer"]
    assert (int(a) > int(b)) == (word == "more")


@checks("compare_people")
def _(row):
    a, _, word, _, b = clean(row["rationale"])
    x, _, stated, _, y = clean(row["fact"])
    assert (a, b, word) in ((x, y, stated), (y, x, opposite(stated)))
    assert (a, word) == (row["answer"], row["word"])


@checks("count_word")
def _(row):
    steps = [step.split() for step in row["rationale"].rstrip(".").split(", ")]
    assert [int(num) for _, num in steps] == list(range(1, int(row["answer"]) + 1))
    assert {word for word, _ in steps} == {row["word"]}


@checks("count_category")
def _(row):
    steps = [step.split() for step in row["rationale"].rstrip(".").split(", ")]
    assert [int(num) for _, num in steps] == list(range(1, int(row["answer"]) + 1))
    assert [word for word, _ in steps] == [w for w in row["words"].split() if kind_of(w) == singular(row["plural"])]


@checks("rank_people")
def _(row):
    _, first, _, last, a, b, c = clean(row["rationale"])
    word = next(more for more, most in lx.SUPERLATIVES.items() if most == first)
    assert lx.SUPERLATIVES[opposite(word)] == last
    assert {f"{a} is {word} than {b}", f"{b} is {word} than {c}"} == {" ".join(f) for f in sentences(row["facts"])}
    assert row["answer"] == {first: a, last: c}[row["superlative"]]


@checks("who_has")
def _(row):
    assert row["rationale"] in row["facts"] and row["answer"] in clean(row["rationale"])
    assert any(word in clean(row["rationale"]) for word in clean(row["question"])[-3:])


@checks("turn_around")
def _(row):
    turns = re.findall(r"turns (\w+) to (\w+)", row["rationale"])
    name, _, facing = clean(row["story"])[:3]
    for turn, now in turns:
        facing = SOLVERS["turn_around"]({"story": f"{name} looks {facing} and turns {turn}."})
        assert facing == now
    assert [turn for turn, _ in turns] == [w for w in clean(row["story"])[4:] if w in ("left", "right", "around")]
    assert facing == row["answer"]


@checks("walk_steps")
def _(row):
    a, b = re.findall(r"\d+", row["rationale"])
    assert [a, b] == re.findall(r"\d+", row["story"])
    assert ("not" not in row["rationale"]) == (a == b) == (row["answer"] == "yes")


@checks("swap_things")
def _(row):
    story = row["story"].split(". ")
    for i, step in enumerate(row["rationale"].rstrip(".").split(". ")):
        upto = ". ".join(story[: 3 + i + 1]).rstrip(".") + "."
        for name, thing in re.findall(r"(\w+) has the (\w+)", step):
            assert SOLVERS["swap_things"]({"story": upto, "name": name}) == thing
    assert f"{row['name']} has the {row['answer']}" in step


@checks("moved_thing")
def _(row):
    fact = row["rationale"].removeprefix("The ").rstrip(".")
    assert fact in row["story"] and fact.startswith(row["thing"]) and row["answer"] in clean(fact)


@checks("all_are")
def _(row):
    member, rule = row["rationale"].rstrip(".").split(". ")
    assert member in row["facts"] and rule in row["facts"]
    assert member.split()[3] == rule.split()[1]
    assert (rule.split()[3] == clean(row["question"])[-1]) == (row["answer"] == "yes")


@checks("review_aspect")
def _(row):
    said = row["rationale"].lower().rstrip(".")
    assert said in row["review"].lower() and row["aspect"] in said
    assert is_good(said) == (row["answer"] == "positive")


@checks("day_shift")
def _(row):
    run = clean(row["rationale"])
    num, _, side = row["shift"].split()
    assert len(run) == int(num) + 1 and (run[0], run[-1]) == (row["day"], row["answer"])
    if side != "later":
        run = run[::-1]
    assert all((lx.DAYS * 2)[lx.DAYS.index(a) + 1] == b for a, b in itertools.pairwise(run))


def _sums_hold(text: str) -> list[int]:
    results = []
    for a, sign, b, c in re.findall(r"(\d+) ([+-]) (\d+) = (\d+)", text):
        assert int(a) + int(sign + b) == int(c), text
        results.append(int(c))
    return results


@checks("gain_and_loss")
def _(row):
    results = _sums_hold(row["rationale"])
    assert str(results[-1]) == row["answer"] and len(results) == len(sentences(row["story"])) - 1


@checks("next_number")
def _(row):
    assert _sums_hold(row["rationale"]) == [int(row["answer"])]
    numbers = list(map(int, row["numbers"].split()))
    assert row["rationale"].startswith(f"The step is {abs(numbers[1] - numbers[0])}. {numbers[-1]} ")


@checks("convert_units")
def _(row):
    a, b, c = map(int, re.fullmatch(r"(\d+) times (\d+) is (\d+)\.", row["rationale"]).groups())
    assert a * b == c and str(a) == row["num"] and str(c) == row["answer"]


@checks("code_words")
def _(row):
    steps = [step.split(" is ") for step in row["rationale"].rstrip(".").split(", ")]
    assert " ".join(a for a, _ in steps) == row["line"] and " ".join(b for _, b in steps) == row["answer"]
    assert all(f"{a} means {b}" in row["code"] or f"{b} means {a}" in row["code"] for a, b in steps)


@checks("odd_one_out")
def _(row):
    words = clean(row["rationale"])
    odd, kind = words[words.index("but") + 1], words[-1]
    others = [word for word in row["words"].split() if word != odd]
    assert odd == row["answer"] and kind_of(odd) == kind
    assert {kind_of(word) for word in others} == {singular(words[3])}


@checks("pronoun_person")
def _(row):
    _, _, pronoun, _, _, kind, _, name, _, _, again = clean(row["rationale"])
    assert pronoun == row["pronoun"] and name == row["answer"] and kind == again
    assert name in {"woman": lx.WOMEN, "man": lx.MEN}[kind] and {"she": "woman", "he": "man"}[pronoun] == kind
