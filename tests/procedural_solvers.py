"""Independent solvers of the procedural families: each answers a row from its *text* fields alone, by another route
than the generator took (which made the text from the answer)."""

import itertools
import re
from collections.abc import Callable, Mapping
from typing import Any

from flan_jax.tasks.procedural import lexicon as lx

Row = Mapping[str, Any]
SOLVERS: dict[str, Callable[[Row], str]] = {}


def solves(name: str):
    def add(fn: Callable[[Row], str]) -> Callable[[Row], str]:
        SOLVERS[name] = fn
        return fn

    return add


def kind_of(word: str) -> str:
    (kind,) = [kind for kind, words in lx.CATEGORIES.items() if word in words]
    return kind


def singular(plural: str) -> str:
    return {"fruits": "fruit"}.get(plural, plural[:-1])


def sentences(text: str) -> list[list[str]]:
    return [part.split() for part in text.replace("!", ".").split(".") if part.strip()]


def clean(text: str) -> list[str]:
    return re.sub(r"[^\w\s+\-]", " ", text).split()


def evaluate_boolean(expression: str) -> bool:
    return eval(expression.replace("true", "True").replace("false", "False"), {"__builtins__": {}})


@solves("boolean_expression")
def _(row):
    return str(evaluate_boolean(row["expression"])).lower()


@solves("boolean_facts")
def _(row):
    known = {" ".join(words).lower() for words in sentences(row["facts"])}
    link = " and " if " and " in row["claim"] else " or "
    parts = [part in known for part in row["claim"].split(link)]
    return "yes" if (all if link == " and " else any)(parts) else "no"


@solves("larger_number")
def _(row):
    return {"larger": max, "smaller": min}[row["word"]]((row["a"], row["b"]), key=int)


def opposite(word: str) -> str:
    return next(b if word == a else a for a, b in lx.TALL if word in (a, b))


@solves("compare_people")
def _(row):
    a, _, word, _, b = clean(row["fact"])
    return a if row["word"] == word else b


@solves("count_word")
def _(row):
    return str(sum(word == row["word"] for word in row["words"].split()))


@solves("count_category")
def _(row):
    return str(sum(kind_of(word) == singular(row["plural"]) for word in row["words"].split()))


@solves("sort_numbers")
def _(row):
    numbers = sorted(map(int, row["numbers"].split()))
    if row["order"] == "largest first":
        numbers = numbers[::-1]
    return " ".join(map(str, numbers))


@solves("rank_people")
def _(row):
    facts = [(words[0], words[2], words[4]) for words in sentences(row["facts"])]
    wins = {name: 0 for fact in facts for name in (fact[0], fact[2])}
    for a, _, b in facts:
        wins[a] += 1
        wins[b] -= 1
    top, bottom = max(wins, key=wins.get), min(wins, key=wins.get)
    return top if row["superlative"] == lx.SUPERLATIVES[facts[0][1]] else bottom


@solves("key_value")
def _(row):
    for pair in re.split(r" [;,|] ", row["table"]):
        key, value = re.split(r" (?::|=|is) ", pair)
        if row["query"] == key:
            return value
        if row["query"] == value:
            return key
    raise AssertionError(row)


@solves("who_has")
def _(row):
    for name, verb, _, thing in sentences(row["facts"]):
        if row["question"] == f"Who {verb} the {thing}?":
            return name
        if row["question"] == f"What is it that {name} {verb}?":
            return thing
    raise AssertionError(row)


@solves("colour_of")
def _(row):
    asked = clean(row["question"])[-1]
    for _, thing, _, colour in sentences(row["facts"]):
        if asked in (thing, colour):
            return colour if asked == thing else thing
    raise AssertionError(row)


@solves("price_list")
def _(row):
    asked = clean(row["question"])[-1]
    for part in row["prices"].split(", "):
        _, thing, _, price = part.split()
        if asked in (thing, price):
            return price if asked == thing else thing
    raise AssertionError(row)


@solves("bought")
def _(row):
    from flan_jax.tasks.procedural.lookup.bought import VERBS

    plain = dict(VERBS)
    words = clean(row["question"])
    for name, verb, _, thing in sentences(row["facts"]):
        if words[:2] == ["Who", verb]:
            return name
        if words == ["What", "was", verb] or words == ["What", "did", name, plain[verb]]:
            return thing
        if words == ["What", "did", name, "do", "with", "the", thing]:
            return verb
    raise AssertionError(row)


@solves("turn_around")
def _(row):
    words = clean(row["story"])
    x, y = {"north": (0, 1), "east": (1, 0), "south": (0, -1), "west": (-1, 0)}[words[2]]
    for word in words[4:]:
        if word == "right":
            x, y = y, -x
        elif word == "left":
            x, y = -y, x
        elif word == "around":
            x, y = -x, -y
    return {(0, 1): "north", (1, 0): "east", (0, -1): "south", (-1, 0): "west"}[x, y]


@solves("walk_steps")
def _(row):
    a, b = re.findall(r"\d+", row["story"])
    return "yes" if a == b else "no"


@solves("swap_things")
def _(row):
    holds: dict[str, str] = {}
    for words in sentences(row["story"]):
        if words[1] == "has":
            holds[words[0]] = words[3]
        else:
            holds[words[0]], holds[words[2]] = holds[words[2]], holds[words[0]]
    return holds[row["name"]]


@solves("moved_thing")
def _(row):
    where = {}
    for words in sentences(row["story"]):
        thing = words[words.index("is") - 1] if "is" in words else words[words.index("goes") - 1]
        where[thing] = words[-2]
    return where[row["thing"]]


@solves("same_fact")
def _(row):
    return str(row["statement"].strip(".") in [" ".join(words) for words in sentences(row["text"])]).lower()


@solves("labelled_fact")
def _(row):
    holds = row["statement"].strip(".") in [" ".join(words) for words in sentences(row["text"])]
    return row["true_label"] if holds else row["false_label"]


SOLVERS["fact_new_labels"] = SOLVERS["labelled_fact"]


@solves("all_are")
def _(row):
    *rules, member = sentences(row["facts"])
    colour = {words[1]: words[3] for words in rules}[member[3]]
    return "yes" if clean(row["question"])[-1] == colour else "no"


def is_good(text: str) -> bool:
    words = clean(text)
    good, bad = sum(w in lx.GOOD_WORDS for w in words), sum(w in lx.BAD_WORDS for w in words)
    assert (good > 0) != (bad > 0), text
    return good > 0


@solves("review_sentiment")
def _(row):
    return "positive" if is_good(row["review"]) else "negative"


@solves("review_aspect")
def _(row):
    (clause,) = [c for c in row["review"].lower().split(" but ") if f"the {row['aspect']} was" in c]
    return "positive" if is_good(clause) else "negative"


@solves("labelled_review")
def _(row):
    return row["good_label"] if is_good(row["review"]) else row["bad_label"]


SOLVERS["review_new_labels"] = SOLVERS["labelled_review"]


@solves("day_shift")
def _(row):
    num, _, side = row["shift"].split()
    i = lx.DAYS.index(row["day"])
    return (lx.DAYS * 3)[7 + i + (int(num) if side == "later" else -int(num))]


@solves("month_neighbour")
def _(row):
    i = lx.MONTHS.index(row["month"])
    return (lx.MONTHS * 3)[12 + i + (1 if row["side"] == "after" else -1)]


@solves("gain_and_loss")
def _(row):
    total = 0
    for words in sentences(row["story"]):
        total += int(words[2]) * (-1 if words[1] == "loses" else 1)
    return str(total)


@solves("small_sum")
def _(row):
    a, sign, b = row["sum"].split()
    assert row["words"].split() == [a, {"+": "plus", "-": "minus"}[sign], b]
    return str(int(a) + int(sign + b))


@solves("convert_units")
def _(row):
    minutes = {"centimetres": ("metres", 100), "minutes": ("hours", 60), "days": ("weeks", 7), "pieces": ("pairs", 2),
               "years": ("decades", 10), "eggs": ("dozens", 12)}  # fmt: skip
    large, factor = minutes[row["small"]]
    assert large == row["large"]
    return str(sum(factor for _ in range(int(row["num"]))))


@solves("next_number")
def _(row):
    *_, a, b = map(int, row["numbers"].split())
    return str(2 * b - a)


@solves("repeat_pattern")
def _(row):
    words = row["words"].split()
    period = len(set(words))
    return words[-period]


@solves("code_words")
def _(row):
    pairs = [pair.split(" means ") for pair in row["code"].split(", ")]
    both = dict(pairs) | {plain: made for made, plain in pairs}
    return " ".join(both[word] for word in row["line"].split())


@solves("repeat_commands")
def _(row):
    def expand(part: str) -> list[str]:
        words = part.split()
        return [words[0]] * {"twice": 2, "thrice": 3}.get(words[-1], 1)

    if " after " in row["command"]:
        late, early = row["command"].split(" after ")
        return " ".join(expand(early) + expand(late))
    return " ".join(word for part in row["command"].split(" and ") for word in expand(part))


@solves("nth_word")
def _(row):
    return row["words"].split()[{"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}[row["position"]]]


@solves("word_neighbour")
def _(row):
    words = row["words"].split()
    return words[words.index(row["anchor"]) + (1 if row["side"] == "after" else -1)]


@solves("say_word")
def _(row):
    order = row["order"]
    for pattern, result in (
        (r"write (\w+)", r"\1"),
        (r"write (\w+) twice", r"\1 \1"),
        (r"write (\w+) three times", r"\1 \1 \1"),
        (r"write (\w+) and then (\w+)", r"\1 \2"),
        (r"write (\w+) but before it (\w+)", r"\2 \1"),
        (r"write (\w+) and not \w+", r"\1"),
        (r"do not write \w+ but (\w+)", r"\1"),
        (r"write (\w+) twice and then (\w+)", r"\1 \1 \2"),
    ):
        match = re.fullmatch(pattern, order)
        if match:
            return match.expand(result)
    raise AssertionError(order)


@solves("reverse_list")
def _(row):
    return " ".join(row["words"].split()[::-1])


@solves("remove_item")
def _(row):
    return re.sub(rf"\b{row['gone']}\b ?", "", row["words"]).strip()


@solves("keep_category")
def _(row):
    assert singular(row["plural"]) == row["category"]
    return " ".join(word for word in row["words"].split() if kind_of(word) == row["category"])


@solves("add_item")
def _(row):
    return f"{row['words']} {row['new']}" if row["where"] == "end" else f"{row['new']} {row['words']}"


@solves("replace_item")
def _(row):
    return re.sub(rf"\b{row['old']}\b", row["new"], row["words"])


@solves("category_of")
def _(row):
    (kind,) = {kind_of(word) for word in row["word"].split(" , ")}
    assert kind in row["kinds"].split(", ")
    return kind


@solves("odd_one_out")
def _(row):
    kinds = [kind_of(word) for word in row["words"].split()]
    (odd,) = [word for word, kind in zip(row["words"].split(), kinds, strict=True) if kinds.count(kind) == 1]
    return odd


@solves("pick_member")
def _(row):
    (word,) = [word for word in row["words"].split() if kind_of(word) == row["kind"]]
    assert row["category"].split()[1] == row["kind"]
    return word


@solves("pronoun_person")
def _(row):
    group = {"she": lx.WOMEN, "he": lx.MEN}[row["pronoun"]]
    (name,) = [word for word in clean(row["sentence"]) if word in group]
    return name


@solves("giver_taker")
def _(row):
    words = clean(row["sentence"])
    names = [word for word in words if word in lx.NAMES]
    (thing,) = [word for word in words if word in lx.THINGS]
    giver, taker = names[::-1] if "from" in words else names
    asked = clean(row["question"])
    return {"gave": giver, "sent": giver, "got": taker, "was": thing}[asked[1]]


@solves("extract_field")
def _(row):
    return dict(part.split(" : ") for part in row["record"].split(" ; "))[row["field"]]


@solves("extract_category")
def _(row):
    (word,) = [word for word in clean(row["sentence"]) if word in lx.CATEGORIES[row["category"]]]
    return word


@solves("story_where")
def _(row):
    (place,) = [words[-1] for words in sentences(row["story"]) if words[0] == row["name"]]
    return place


@solves("story_who")
def _(row):
    (name,) = [words[0] for words in sentences(row["story"]) if words[-1] == row["place"]]
    return name


@solves("dialogue_who")
def _(row):
    (name,) = [words[0] for words in sentences(row["lines"]) if words[-1] == row["food"]]
    return name


@solves("dialogue_what")
def _(row):
    (food,) = [words[-1] for words in sentences(row["lines"]) if words[0] == row["name"]]
    return food


@solves("row_neighbour")
def _(row):
    things = row["row"].split()
    return things[things.index(row["anchor"]) + (1 if row["side"] == "right" else -1)]


@solves("row_end")
def _(row):
    return row["row"].split()[0 if row["side"] == "left" else -1]


@solves("remove_then_last")
def _(row):
    return SOLVERS["remove_item"](row).split()[-1]


@solves("filter_then_first")
def _(row):
    found = [word for word in row["words"].split() if kind_of(word) == row["category"]]
    return found[0 if row["position"] == "first" else -1]


@solves("add_then_first")
def _(row):
    return SOLVERS["add_item"](row).split()[0 if row["position"] == "first" else -1]


@solves("owner_then_colour")
def _(row):
    facts = sentences(row["facts"])
    (thing,) = [words[3] for words in facts if words[0] == row["name"]]
    (colour,) = [words[3] for words in facts if words[0] == "The" and words[1] == thing]
    return colour


# ----------------------------------------------------------------------------------------------------------------
# Rationales: each checks that every step holds by the row's text, and that the last one gives the answer.

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
