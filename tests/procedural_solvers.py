"""Independent solvers of the procedural families: each answers a row from its *text* fields alone, by another route
than the generator took (which made the text from the answer)."""

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


@solves("same_fact")
def _(row):
    return str(row["statement"].strip(".") in [" ".join(words) for words in sentences(row["text"])]).lower()


@solves("labelled_fact")
def _(row):
    holds = row["statement"].strip(".") in [" ".join(words) for words in sentences(row["text"])]
    return row["true_label"] if holds else row["false_label"]


SOLVERS["fact_new_labels"] = SOLVERS["labelled_fact"]


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


@solves("extract_category")
def _(row):
    (word,) = [word for word in clean(row["sentence"]) if word in lx.CATEGORIES[row["category"]]]
    return word


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


@solves("finish_place")
def _(row):
    names = row["order"].split(", ")
    return {**dict(zip(lx.ORDINALS, names, strict=True)), "last": names[-1]}[row["place"]]


@solves("came_in_next")
def _(row):
    pair = {"after": rf"{row['name']}, (\w+)", "before": rf"(\w+), {row['name']}\b"}[row["word"]]
    return re.search(pair, row["order"])[1]


@solves("queue_neighbour")
def _(row):
    pair = {"behind": rf"{row['name']} (\w+)", "in front of": rf"(\w+) {row['name']}\b"}[row["word"]]
    return re.search(pair, row["queue"])[1]


@solves("queue_end")
def _(row):
    return re.search({"front": r"^\w+", "back": r"\w+$"}[row["end"]], row["queue"])[0]
