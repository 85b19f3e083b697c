"""Plain text for pretraining: stories, lists, tables and facts in the vocabulary of the tasks, without instructions.

Each kind restates what it says (a fact again at the end, a list again, backwards or in part), because copying from
context is the skill that instruction following builds on. No document contains a question or an order.
"""

import random
from collections.abc import Callable, Sequence

from flan_jax.declare.example import Rendered
from flan_jax.declare.registry import add_task
from flan_jax.declare.task import Task
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural import lexicon as lx
from flan_jax.tasks.procedural.family import ProceduralSource
from flan_jax.tasks.procedural.phrases import and_list, article, coin, draw_words, listing

Write = Callable[[random.Random], str]
SIZES = {"train": 12_000, "validation": 128}


def repeated_list(rng: random.Random) -> str:
    """A list and what can be said of it: again, backwards, its ends, its neighbours."""
    words = draw_words(rng, lx.LIST_WORDS, 3, 6)
    i = rng.randrange(len(words) - 1)
    remarks = [
        f"The same list again: {' '.join(words)}.",
        f"Backwards it is {' '.join(reversed(words))}.",
        f"The first word is {words[0]} and the last word is {words[-1]}.",
        f"After {words[i]} comes {words[i + 1]}.",
        f"Before {words[i + 1]} stands {words[i]}.",
        f"The second word is {words[1]} and the third one is {words[2]}.",
        f"Without {words[i]} it is {' '.join(w for w in words if w != words[i])}.",
        f"There are {len(words)} words in the list.",
    ]
    return f"The list is {' '.join(words)}. {' '.join(rng.sample(remarks, 4))}"


def edited_list(rng: random.Random) -> str:
    """A list that grows, shrinks and changes."""
    *words, new, newer = rng.sample(lx.LIST_WORDS, rng.randint(5, 6))
    text = [f"At first the list was {' '.join(words)}."]
    for _ in range(3):
        match rng.randrange(4):
            case 0 if new not in words:
                words = [*words, new]
                text.append(f"Then {new} was added at the end: {' '.join(words)}.")
            case 1 if newer not in words:
                words = [newer, *words]
                text.append(f"Then {newer} was put at the front: {' '.join(words)}.")
            case 2 if len(words) > 2:
                gone = rng.choice(words)
                words = [word for word in words if word != gone]
                text.append(f"Then {gone} was removed: {' '.join(words)}.")
            case _:  # also where a word is in the list already, or the list is short
                words = words[::-1]
                text.append(f"Then the order was reversed: {' '.join(words)}.")
    return " ".join([*text, f"So now the list is {' '.join(words)}."])


def category_facts(rng: random.Random) -> str:
    """What is a kind of what, and how a mixed list falls apart into kinds."""
    kind, other = rng.sample(lx.CATEGORY_NAMES, 2)
    mine = rng.sample(lx.CATEGORIES[kind], rng.randint(1, 3))
    theirs = rng.sample(lx.CATEGORIES[other], rng.randint(1, 3))
    mixed = mine + theirs
    rng.shuffle(mixed)
    mine.sort(key=mixed.index)
    theirs.sort(key=mixed.index)
    remarks = [
        f"{'An' if mine[0][0] in 'aeiou' else 'A'} {mine[0]} is {article(kind)}.",
        f"The word {theirs[0]} names {article(other)}.",
        f"The {lx.PLURALS[kind]} are {' '.join(mine)}.",
        f"The {lx.PLURALS[other]} are {' '.join(theirs)}.",
        f"The first {kind} is {mine[0]}." if coin(rng) else f"The last {other} is {theirs[-1]}.",
        f"There are {len(mine)} of the kind {kind}.",
    ]
    return f"In {' '.join(mixed)} we see {lx.PLURALS[kind]} and {lx.PLURALS[other]}. {' '.join(rng.sample(remarks, 4))}"


def plain_categories(rng: random.Random) -> str:
    """Several facts of the kind "a cat is an animal"."""
    facts = []
    for kind in rng.choices(lx.CATEGORY_NAMES, k=5):
        word, another = rng.sample(lx.CATEGORIES[kind], 2)
        facts.append(
            rng.choice(
                [
                    f"{word} is {article(kind)}.",
                    f"{word} and {another} are {lx.PLURALS[kind]}.",
                    f"{word} is {article(kind)} and so is {another}.",
                    f"among {lx.PLURALS[kind]} we know {word}.",
                ]
            )
        )
    return " ".join(facts)


_VERBS = (
    "has", "owns", "holds", "carries", "bought", "sold", "found", "lost", "painted", "mended", "washed", "cleaned",
    "took", "kept", "drew",
)  # fmt: skip


def owners(rng: random.Random) -> str:
    """People and things, told once and told again in another order, with the verb or turned around."""
    num = rng.randint(3, 4)
    names, things = rng.sample(lx.NAMES, num), rng.sample(lx.THINGS + lx.TOOLS + lx.GARMENTS, num)
    verbs = rng.sample(_VERBS, num)
    triples = list(zip(names, verbs, things, strict=True))
    text = " ".join(f"{n} {v} the {t}." for n, v, t in triples)
    again = [
        rng.choice(
            [
                f"the {t} is with {n}." if v in _VERBS[:4] else f"it was {n} who {v} the {t}.",
                f"{n} {v} the {t}.",
                f"what {n} {v} is the {t}.",
            ]
        )
        for n, v, t in rng.sample(triples, 3)
    ]
    return f"{text} So {' And '.join(again)}"


def coloured_things(rng: random.Random) -> str:
    """Things and colours, told and retold."""
    num = rng.randint(3, 4)
    things, colours = rng.sample(lx.THINGS + lx.GARMENTS + lx.FRUITS, num), rng.sample(lx.COLOURS, num)
    pairs = list(zip(things, colours, strict=True))
    told = " ".join(f"The {t} is {c}." for t, c in pairs)
    again = []
    for t, c in rng.sample(pairs, 3):
        again.append(
            rng.choice([f"the colour of the {t} is {c}.", f"the {c} thing is the {t}.", f"we see {article(c)} {t}."])
        )
    return f"{told} In short: {' '.join(again)}"


def tables(rng: random.Random) -> str:
    """Pairs in several layouts, the same pairs again in another."""
    keys = rng.sample(lx.LIST_WORDS, rng.randint(3, 4))
    values = [str(n) for n in rng.sample(range(1, 60), len(keys))]
    if coin(rng):
        values = rng.sample([word for word in lx.LIST_WORDS if word not in keys], len(keys))
    pairs = list(zip(keys, values, strict=True))
    layouts = (
        lambda p: " ; ".join(f"{k} : {v}" for k, v in p),
        lambda p: " | ".join(f"{k} = {v}" for k, v in p),
        lambda p: " ".join(f"next to {k} is {v}." for k, v in p),
        lambda p: " ".join(f"{v} goes with {k}." for k, v in p),
        lambda p: "\n".join(f"* {k} is {v}" for k, v in p),
    )
    first, second = rng.sample(layouts, 2)
    return f"Table: {first(pairs)}\nAgain: {second(rng.sample(pairs, len(pairs)))}"


def records(rng: random.Random) -> str:
    """A person in one line of facts, and in sentences."""
    name, city, job = rng.choice(lx.NAMES), rng.choice(lx.CITIES), rng.choice(lx.JOBS)
    food, day = rng.choice(lx.FOODS), rng.choice(lx.DAYS)
    lines = [f"city : {city}", f"job : {job}", f"food : {food}", f"day : {day}", f"name : {name}"]
    said = [
        f"{name} lives in {city}.",
        f"{name} is {article(job)}.",
        f"the form says {food} in the field food.",
        f"in the form the job is {job}.",
        f"{name} likes {food}.",
        f"the day is {day}.",
        f"the city is {city} and the job is {job}.",
    ]
    return f"{' ; '.join(rng.sample(lines, 5))}. {' '.join(rng.sample(said, 3))}"


def places(rng: random.Random) -> str:
    """People in places, told and retold; one may move."""
    num = rng.randint(3, 4)
    names, where = rng.sample(lx.NAMES, num), rng.sample(lx.PLACES, num + 1)
    at = dict(zip(names, where, strict=False))
    verbs = ("went to", "ran to", "drove to", "walked to", "is in", "stays in", "moved to")
    text = [f"{n} {rng.choice(verbs)} the {p}." for n, p in at.items()]
    if coin(rng):
        mover = rng.choice(names)
        at[mover] = where[-1]
        text.append(f"Then {mover} {rng.choice(verbs[:4])} the {where[-1]}.")
    now = [
        rng.choice([f"{n} is in the {p}.", f"in the {p} we find {n}.", f"the {p} is where {n} is."])
        for n, p in rng.sample(list(at.items()), 3)
    ]
    return f"{' '.join(text)} Now {' and '.join(now)}"


def dialogues(rng: random.Random) -> str:
    """People say what they like; a report repeats it."""
    names, liked = rng.sample(lx.NAMES, 3), rng.sample(lx.FOODS + lx.FRUITS, 3)
    pairs = list(zip(names, liked, strict=True))
    told = "\n".join(f"{n} : I {rng.choice(('like', 'want', 'love'))} {t}." for n, t in pairs)
    return f"{told}\nSo {' '.join(f'{n} spoke of {t}.' for n, t in rng.sample(pairs, 2))}"


def rows_of_things(rng: random.Random) -> str:
    """Things side by side, and who is left or right of whom."""
    things = draw_words(rng, lx.THINGS + lx.FRUITS + lx.ANIMALS, 3, 5)
    i = rng.randrange(len(things) - 1)
    remarks = [
        f"the {things[i]} is left of the {things[i + 1]}.",
        f"the {things[i + 1]} is right of the {things[i]}.",
        f"on the far left is the {things[0]}.",
        f"on the far right is the {things[-1]}.",
        f"from right to left they are {' '.join(reversed(things))}.",
        f"right after the {things[i]} is the {things[i + 1]}.",
    ]
    return f"From left to right there are {' '.join(things)}. We see: {' '.join(rng.sample(remarks, 3))}"


def number_lines(rng: random.Random) -> str:
    """Counting up and down, what is more, and sorted numbers."""
    start, step = rng.randint(0, 20), rng.choice((1, 1, 1, 2, 3, 5, 10))
    up = [start + step * i for i in range(rng.randint(4, 6))]
    numbers = rng.sample(range(1, 50), 4)
    low, high = sorted(rng.sample(range(1, 50), 2))
    remarks = [
        f"Counting by {step}: {' '.join(map(str, up))}.",
        f"Counting down: {' '.join(map(str, reversed(up)))}.",
        f"{high} is more than {low}.",
        f"{low} is less than {high}.",
        f"The numbers {' '.join(map(str, numbers))} in order are {' '.join(map(str, sorted(numbers)))}.",
        f"After {start} comes {start + 1}, before it {start - 1}." if start else "After 0 comes 1.",
    ]
    return " ".join(rng.sample(remarks, 4))


def sums(rng: random.Random) -> str:
    """Small sums, in digits and as things that come and go."""
    text = []
    for _ in range(4):
        a, b = rng.randint(1, 12), rng.randint(1, 9)
        thing = rng.choice(lx.THINGS)
        text.append(
            rng.choice(
                [
                    f"{a} + {b} = {a + b}.",
                    f"{a + b} - {b} = {a}.",
                    f"{a} and {b} make {a + b}.",
                    f"With {a} of a {thing} and {b} more there are {a + b}.",
                    f"Of {a + b} lose {b} and {a} are left.",
                ]
            )
        )
    return " ".join(text)


def calendar(rng: random.Random) -> str:
    """Days and months in their order."""
    names: Sequence[str] = lx.DAYS if coin(rng) else lx.MONTHS
    kind = "day" if names is lx.DAYS else "month"
    start = rng.randrange(len(names))
    run = [names[(start + i) % len(names)] for i in range(rng.randint(4, 6))]
    i = rng.randrange(len(run) - 2)
    remarks = [
        f"The {kind} after {run[i]} is {run[i + 1]}.",
        f"The {kind} before {run[i + 1]} is {run[i]}.",
        f"Two {kind}s after {run[i]} comes {run[i + 2]}.",
        f"If today is {run[i]} then next is {run[i + 1]}." if kind == "day" else f"{run[i]} comes before {run[i + 1]}.",
    ]
    return f"{' '.join(run)}. {' '.join(rng.sample(remarks, 3))}"


def opinions(rng: random.Random) -> str:
    """Praise and blame, and what they amount to."""
    text = []
    for _ in range(3):
        good = coin(rng)
        words = rng.sample(lx.GOOD_WORDS if good else lx.BAD_WORDS, 2)
        thing, name = rng.choice(lx.REVIEWED + lx.ASPECTS), rng.choice(lx.NAMES)
        verdict = rng.choice(("good", "positive")) if good else rng.choice(("bad", "negative"))
        text.append(
            rng.choice(
                [
                    f"The {thing} was {words[0]}, so the review is {verdict}.",
                    f"{name} called the {thing} {words[0]} and {words[1]}: a {verdict} opinion.",
                    f"What {article(words[0])} {thing}! That sounds {verdict}.",
                    f"{words[0]} and {words[1]} are {verdict} words.",
                ]
            )
        )
    return " ".join(text)


def patterns(rng: random.Random) -> str:
    """Words that come round again."""
    unit = draw_words(rng, lx.LIST_WORDS + lx.TRAIN_LABELS + lx.NEW_LABELS + lx.NONSENSE, 2, 3)
    num = rng.randint(2, 3)
    other = rng.choice(lx.LIST_WORDS + lx.NAMES)
    return (
        f"{' '.join(unit * (num + 1))}. The pattern is {' '.join(unit)}. Then {other} {other}, twice {other}. "
        f"Once more: {' '.join(unit)}."
    )


def codes(rng: random.Random) -> str:
    """Made-up words with meanings, and lines in both languages."""
    made, plain = rng.sample(lx.NONSENSE, 3), rng.sample(lx.LIST_WORDS, 3)
    meaning = dict(zip(made, plain, strict=True))
    line = rng.choices(made, k=rng.randint(2, 3))
    told = ", ".join(f"{m} means {p}" for m, p in meaning.items())
    return f"In this language {told}. So {' '.join(line)} says {' '.join(meaning[word] for word in line)}."


def swaps(rng: random.Random) -> str:
    """Things change hands."""
    names, things = rng.sample(lx.NAMES, 3), rng.sample(lx.THINGS, 3)
    holds = dict(zip(names, things, strict=True))
    text = [f"{n} has the {t}." for n, t in holds.items()]
    for _ in range(rng.randint(1, 2)):
        a, b = rng.sample(names, 2)
        holds[a], holds[b] = holds[b], holds[a]
        text.append(f"{a} and {b} swap: now {a} has the {holds[a]} and {b} has the {holds[b]}.")
    return f"{' '.join(text)} At the end {and_list([f'{n} has the {t}' for n, t in holds.items()])}."


def logic(rng: random.Random) -> str:
    """true, false, yes and no."""
    text = []
    for _ in range(4):
        a, b = coin(rng), coin(rng)
        word = {True: "true", False: "false"}
        text.append(
            rng.choice(
                [
                    f"{word[a]} and {word[b]} is {word[a and b]}.",
                    f"{word[a]} or {word[b]} is {word[a or b]}.",
                    f"not {word[a]} is {word[not a]}.",
                    f"not {word[a]} and {word[b]} is {word[(not a) and b]}.",
                    f"yes means {word[True]} and no means {word[False]}.",
                ]
            )
        )
    return " ".join(text)


def relations(rng: random.Random) -> str:
    """Who is taller than whom, told from both ends."""
    names = rng.sample(lx.NAMES, 3)
    more, less = rng.choice(lx.TALL)
    if coin(rng):
        more, less = less, more
    return (
        f"{names[0]} is {more} than {names[1]}. {names[1]} is {more} than {names[2]}. So {names[2]} is {less} than "
        f"{names[0]}, {names[0]} is the {lx.SUPERLATIVES[more]} and {names[2]} is the {lx.SUPERLATIVES[less]}."
    )


def word_lists(rng: random.Random) -> str:
    """Words of one kind after another, so that every word of the lexicon is met."""
    kinds: dict[str, Sequence[str]] = {
        "names": lx.NAMES, "places": lx.PLACES, "cities": lx.CITIES, "jobs": lx.JOBS, "foods": lx.FOODS,
        "directions": lx.DIRECTIONS, "things": lx.THINGS, "words": lx.TRAIN_LABELS + lx.NEW_LABELS,
    }  # fmt: skip
    lines = []
    for kind in rng.sample(tuple(kinds), 3):
        words = rng.sample(kinds[kind], 4)
        lines.append(f"Some {kind}: {listing(words)}.")
        lines.append(f"Again the {kind}: {listing(words)}.")
    return " ".join(lines)


DOCUMENT_KINDS: tuple[Write, ...] = (
    repeated_list, edited_list, category_facts, plain_categories, owners, coloured_things, tables, records, places,
    dialogues, rows_of_things, number_lines, sums, calendar, opinions, patterns, codes, swaps, logic, relations,
    word_lists,
)  # fmt: skip
OBJECTIVES = {"span": "span_corruption", "prefix": "prefix_lm"}


class _DocumentRow:
    """Makes a row of a document (a class, so that a source can be sent to another process)."""

    def __init__(self, write: Write):
        self.write = write
        self.__module__ = write.__module__
        self.__qualname__ = write.__qualname__

    def __call__(self, rng: random.Random) -> Row:
        return {"text": self.write(rng)}


def render_document(row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
    """The document as targets; the objective makes inputs of it."""
    del rng, pool
    return Rendered(query="", targets=row["text"])


for _kind in DOCUMENT_KINDS:
    for _suffix, _objective in OBJECTIVES.items():
        add_task(
            Task(
                name=f"documents_{_kind.__name__}_{_suffix}",
                cluster="documents",
                source=ProceduralSource(f"documents_{_kind.__name__}", _DocumentRow(_kind), SIZES),
                render=render_document,
                metrics=(),
                train_split="train",
                eval_split=None,
                objective=_objective,
                dataset=f"documents_{_kind.__name__}",
            )
        )
