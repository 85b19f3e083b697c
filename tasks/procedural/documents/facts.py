"""People, things, places and what they have to do with each other, told and told again in other sentences."""

import dataclasses
import random
from collections.abc import Sequence

from flan_jax.tasks.procedural import lexicon as lx
from flan_jax.tasks.procedural.documents.document import Document, register_document
from flan_jax.tasks.procedural.phrases import and_list, article, coin

_OWNED = lx.THINGS + lx.TOOLS + lx.GARMENTS
_EATEN = lx.FOODS + lx.FRUITS


@dataclasses.dataclass(frozen=True)
class Relation:
    """One to one between words of two lists. tells, again: sentences with {x} and {y}."""

    xs: Sequence[str]
    ys: Sequence[str]
    tells: Sequence[str]
    again: Sequence[str]


RELATIONS = (
    Relation(
        lx.NAMES,
        _OWNED,
        ("{x} has the {y}.", "{x} owns the {y}.", "{x} holds the {y}.", "{x} carries the {y}.", "{x} kept the {y}."),
        ("the {y} is with {x}.", "{x} has the {y}.", "what {x} has is the {y}.", "the {y} belongs to {x}."),
    ),
    Relation(
        lx.NAMES,
        _OWNED + lx.INSTRUMENTS,
        (
            "{x} bought the {y}.",
            "{x} found the {y}.",
            "{x} mended the {y}.",
            "{x} painted the {y}.",
            "{x} took the {y}.",
        ),
        ("it was {x} who did so with the {y}.", "the {y} is from {x}.", "what {x} chose was the {y}."),
    ),
    Relation(
        _OWNED + lx.FRUITS,
        lx.COLOURS,
        ("The {x} is {y}.", "We see a {y} {x}.", "They painted the {x} {y}."),
        ("the colour of the {x} is {y}.", "the {y} thing is the {x}.", "we see the {y} {x}."),
    ),
    Relation(
        lx.NAMES,
        lx.PLACES,
        (
            "{x} went to the {y}.",
            "{x} ran to the {y}.",
            "{x} drove to the {y}.",
            "{x} is in the {y}.",
            "{x} walked to the {y}.",
            "{x} stays in the {y}.",
        ),
        ("{x} is in the {y}.", "in the {y} we find {x}.", "the {y} is where {x} is.", "{x} can be met in the {y}."),
    ),
    Relation(
        lx.NAMES,
        _EATEN,
        ("{x} : I like {y}.", "{x} : I want {y}.", "{x} : I love {y}.", "{x} says : we want {y}."),
        ("{x} spoke of {y}.", "{y} is for {x}.", "the one who wants {y} is {x}.", "{x} would like {y}."),
    ),
    Relation(
        lx.NAMES,
        lx.JOBS,
        ("{x} is a {y}.", "{x} works as a {y}.", "The {y} is called {x}."),
        ("the job of {x} is {y}.", "the {y} is {x}.", "as a {y} we know {x}."),
    ),
    Relation(
        lx.NAMES,
        lx.CITIES,
        ("{x} lives in {y}.", "{x} is from {y}.", "The home of {x} is {y}."),
        ("in {y} lives {x}.", "the city of {x} is {y}.", "{y} is the home of {x}."),
    ),
    Relation(
        lx.CITIES,
        lx.WEATHER,
        ("In {x} there is {y}.", "{x} : {y}.", "{x} has {y} today."),
        ("the {y} is in {x}.", "{x} sees {y}.", "where there is {y} we are in {x}."),
    ),
    Relation(
        lx.DAYS,
        lx.FOODS + lx.REVIEWED,
        ("On {x} there is {y}.", "{x} : {y}.", "The plan for {x} is {y}."),
        ("the {y} is on {x}.", "for {x} we plan {y}.", "{y} comes on {x}."),
    ),
    Relation(
        lx.ANIMALS,
        lx.NAMES,
        ("The {x} is called {y}.", "The name of the {x} is {y}.", "{y} is a {x}."),
        ("{y} is the {x}.", "the {x} has the name {y}.", "they call the {x} {y}."),
    ),
    Relation(
        lx.ANIMALS + lx.VEHICLES,
        lx.PLACES,
        ("The {x} is in the {y}.", "There is a {x} at the {y}.", "In the {y} stands the {x}."),
        ("the place of the {x} is the {y}.", "at the {y} we find the {x}.", "the {x} is kept in the {y}."),
    ),
    Relation(
        _OWNED + lx.FOODS,
        [str(n) for n in range(2, 60)],
        ("The {x} costs {y}.", "{x} : {y}.", "They sell the {x} for {y}."),
        ("the price of the {x} is {y}.", "for {y} there is the {x}.", "one pays {y} for the {x}."),
    ),
    Relation(
        lx.ORDINALS,
        lx.NAMES,
        ("The {x} one is {y}.", "{y} came in {x}.", "{x} : {y}."),
        ("{y} is the {x}.", "as the {x} came {y}.", "the {x} name is {y}."),
    ),
)


@register_document(40_000)
def relations_told(rng: random.Random) -> Document:
    """Three to five facts of one relation; then as many in other words and another order."""
    relation = rng.choice(RELATIONS)
    num = min(rng.randint(3, 5), len(relation.xs), len(relation.ys))
    pairs = list(zip(rng.sample(list(relation.xs), num), rng.sample(list(relation.ys), num), strict=True))
    tells = [rng.choice(relation.tells)] * num if coin(rng) else rng.choices(relation.tells, k=num)
    told = " ".join(tell.format(x=x, y=y) for tell, (x, y) in zip(tells, pairs, strict=True))
    again = " ".join(rng.choice(relation.again).format(x=x, y=y) for x, y in rng.sample(pairs, num))
    return Document(f"{told} So", again)


@register_document()
def two_steps(rng: random.Random) -> Document:
    """Who has what, and what that is like; then what is known of the people's things."""
    num = rng.randint(2, 3)
    names, things = rng.sample(lx.NAMES, num), rng.sample(_OWNED, num)
    values = rng.sample(lx.COLOURS, num) if coin(rng) else rng.sample(lx.PLACES, num)
    is_colour = values[0] in lx.COLOURS
    owned = [f"{n} has the {t}." for n, t in zip(names, things, strict=True)]
    said = [f"The {t} is {v}." if is_colour else f"The {t} is in the {v}." for t, v in zip(things, values, strict=True)]
    rng.shuffle(said)
    order = rng.sample(range(num), num)
    again = [
        rng.choice(
            (f"the thing of {names[i]} is {values[i]}.", f"{names[i]} has something {values[i]}.")
            if is_colour
            else (f"the thing of {names[i]} is in the {values[i]}.", f"{names[i]} has something in the {values[i]}.")
        )
        for i in order
    ]
    return Document(f"{' '.join(owned + said)} So", " ".join(again))


@register_document()
def records(rng: random.Random) -> Document:
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
        f"the field city holds {city}.",
        f"the name is {name}.",
    ]
    return Document(f"{' ; '.join(rng.sample(lines, 5))}.", " ".join(rng.sample(said, 4)))


@register_document()
def moves(rng: random.Random) -> Document:
    """People in places, one of whom moves; where they are then."""
    num = rng.randint(2, 4)
    names, where = rng.sample(lx.NAMES, num), rng.sample(lx.PLACES, num + 1)
    at = dict(zip(names, where, strict=False))
    verbs = ("went to", "ran to", "drove to", "walked to", "is in", "stays in", "moved to")
    text = [f"{n} {rng.choice(verbs)} the {p}." for n, p in at.items()]
    mover = rng.choice(names)
    at[mover] = where[-1]
    text.append(f"Then {mover} {rng.choice(verbs[:4])} the {where[-1]}.")
    now = [
        rng.choice([f"{n} is in the {p}.", f"in the {p} we find {n}.", f"the {p} is where {n} is."])
        for n, p in rng.sample(list(at.items()), num)
    ]
    return Document(f"{' '.join(text)} Now", " ".join(now))


@register_document()
def swaps(rng: random.Random) -> Document:
    """Things change hands, or boxes."""
    names, things = rng.sample(lx.NAMES, 3), rng.sample(lx.THINGS + lx.TOOLS, 3)
    holds = dict(zip(names, things, strict=True))
    text = [f"{n} has the {t}." for n, t in holds.items()]
    again = []
    for _ in range(rng.randint(1, 2)):
        a, b = rng.sample(names, 2)
        holds[a], holds[b] = holds[b], holds[a]
        again.append(f"{a} and {b} swap: now {a} has the {holds[a]} and {b} has the {holds[b]}.")
    return Document(
        " ".join(text), f"{' '.join(again)} At the end {and_list([f'{n} has the {t}' for n, t in holds.items()])}."
    )


@register_document()
def given_things(rng: random.Random) -> Document:
    """Who gave what to whom."""
    num = rng.randint(1, 2)
    names, things = rng.sample(lx.NAMES, 2 * num), rng.sample(_OWNED, num)
    triples = list(zip(names[:num], names[num:], things, strict=True))
    told = " ".join(f"{a} gave the {t} to {b}." for a, b, t in triples)
    again = []
    for a, b, t in triples:
        again += rng.sample(
            [
                f"{b} got the {t} from {a}.",
                f"the giver of the {t} is {a}.",
                f"now {b} has the {t}.",
                f"{b} took the {t}.",
            ],
            2,
        )
    return Document(f"{told} So", " ".join(rng.sample(again, len(again))))


@register_document()
def comparisons(rng: random.Random) -> Document:
    """Who is taller than whom, told from both ends."""
    names = rng.sample(lx.NAMES, 3)
    more, less = rng.choice(lx.TALL)
    if coin(rng):
        more, less = less, more
    told = [f"{names[0]} is {more} than {names[1]}.", f"{names[1]} is {more} than {names[2]}."]
    if coin(rng):
        told.reverse()
    again = [
        f"{names[2]} is {less} than {names[0]}.",
        f"{names[0]} is the {lx.SUPERLATIVES[more]}.",
        f"{names[2]} is the {lx.SUPERLATIVES[less]}.",
        f"{names[1]} is {less} than {names[0]}.",
    ]
    return Document(f"{' '.join(told)} So", " ".join(rng.sample(again, 3)))
