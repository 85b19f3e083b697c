"""What is so everywhere: kinds, numbers, days, good and bad, true and false."""

import random
from collections.abc import Sequence

from flan_jax.tasks.procedural import lexicon as lx
from flan_jax.tasks.procedural.documents.document import Document, register_document
from flan_jax.tasks.procedural.phrases import article, coin, listing


def _told_in_halves(sentences: Sequence[str]) -> Document:
    """Facts that follow from nothing said before: a cut between them is as good as any."""
    half = len(sentences) // 2
    return Document(" ".join(sentences[:half]), " ".join(sentences[half:]))


@register_document(8_000)
def plain_categories(rng: random.Random) -> Document:
    """Several facts of the kind "a cat is an animal"."""
    facts = []
    for kind in rng.choices(lx.CATEGORY_NAMES, k=6):
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
    return _told_in_halves(facts)


@register_document(8_000)
def number_lines(rng: random.Random) -> Document:
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
        f"Of {low} and {high} the larger one is {high}.",
        f"The numbers {' '.join(map(str, numbers))} in order are {' '.join(map(str, sorted(numbers)))}.",
        f"After {start} comes {start + 1}, before it {start - 1}." if start else "After 0 comes 1.",
    ]
    return _told_in_halves(rng.sample(remarks, 4))


@register_document(8_000)
def sums(rng: random.Random) -> Document:
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
    return _told_in_halves(text)


@register_document(6_000)
def calendar(rng: random.Random) -> Document:
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
    rng.shuffle(remarks)
    return Document(f"{' '.join(run)}. {remarks[0]}", " ".join(remarks[1:]))


@register_document()
def opinions(rng: random.Random) -> Document:
    """Praise and blame, and what they amount to."""
    told, again = [], []
    for _ in range(2):
        good = coin(rng)
        words = rng.sample(lx.GOOD_WORDS if good else lx.BAD_WORDS, 2)
        thing, name = rng.choice(lx.REVIEWED + lx.ASPECTS), rng.choice(lx.NAMES)
        verdict = rng.choice(("good", "positive", "happy")) if good else rng.choice(("bad", "negative", "sad"))
        told.append(
            rng.choice(
                [
                    f"The {thing} was {words[0]}.",
                    f"{name} called the {thing} {words[0]} and {words[1]}.",
                    f"What {article(words[0])} {thing}!",
                    f"The {thing} was {words[0]} and we found it {words[1]}.",
                ]
            )
        )
        again.append(
            rng.choice([f"of the {thing} we hear that it is {verdict}.", f"on the {thing} the word is {verdict}."])
        )
    if coin(rng):
        again.reverse()
    return Document(f"{' '.join(told)} So", " ".join(again))


@register_document(30_000)
def own_words(rng: random.Random) -> Document:
    """Somebody chooses two words for good and bad, or for true and false, and uses them."""
    first, second = rng.sample(lx.OWN_LABELS, 2)
    meant = ("good", "bad") if coin(rng) else ("true", "false")
    says = rng.choice(("{} is said as {}", "{} means {}", "for {} we write {}", "{} = {}", "the word for {} is {}"))
    pairs = [(meant[0], first), (meant[1], second)]
    rng.shuffle(pairs)
    key = f"{says.format(*pairs[0])}, {says.format(*pairs[1])}."
    right = [coin(rng) for _ in range(2)]
    told, again = [], []
    if meant[0] == "good":
        for is_good, thing in zip(right, rng.sample(lx.REVIEWED + lx.ASPECTS, 2), strict=True):
            told.append(f"The {thing} was {rng.choice(lx.GOOD_WORDS if is_good else lx.BAD_WORDS)}.")
            again.append(f"the {thing} : {first if is_good else second}.")
    else:
        names, places = rng.sample(lx.NAMES, 2), rng.sample(lx.PLACES, 3)
        told = [f"{n} is in the {p}." for n, p in zip(names, places, strict=False)]
        for is_right, n, p in zip(right, names, places, strict=False):
            where = p if is_right else rng.choice([place for place in places if place != p])
            again.append(f"{n} is in the {where} : {first if is_right else second}.")
    parts = [key, " ".join(told)]
    if coin(rng):
        parts.reverse()
    return Document(f"{' '.join(parts)} So", " ".join(again))


@register_document(8_000)
def same_or_not(rng: random.Random) -> Document:
    """Facts, and lines that agree with them or do not."""
    names, places = rng.sample(lx.NAMES, 3), rng.sample(lx.PLACES, 3)
    told = " ".join(f"{n} is in the {p}." for n, p in zip(names, places, strict=True))
    again = []
    for n, p in rng.sample(list(zip(names, places, strict=True)), 2):
        is_right = coin(rng)
        where = p if is_right else rng.choice([place for place in places if place != p])
        word = rng.choice(("true", "yes")) if is_right else rng.choice(("false", "no"))
        again.append(f"{n} in the {where} : {word}.")
    return Document(f"{told} Now", " ".join(again))


@register_document(6_000)
def logic(rng: random.Random) -> Document:
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
    return _told_in_halves(text)


@register_document(6_000)
def word_lists(rng: random.Random) -> Document:
    """Words of one kind after another, so that every word of the lexicon is met among its like."""
    kinds: dict[str, Sequence[str]] = {
        "names": lx.NAMES, "places": lx.PLACES, "cities": lx.CITIES, "jobs": lx.JOBS, "foods": lx.FOODS,
        "weather": lx.WEATHER, "directions": lx.DIRECTIONS, "things": lx.THINGS,
        "words": lx.TRAIN_LABELS + lx.NEW_LABELS,
    }  # fmt: skip
    chosen = {kind: rng.sample(kinds[kind], 4) for kind in rng.sample(tuple(kinds), 3)}
    told = " ".join(f"Some {kind}: {listing(words)}." for kind, words in chosen.items())
    again = [f"Again the {kind}: {listing(words)}." for kind, words in chosen.items()]
    return Document(told, " ".join(rng.sample(again, 2)))
