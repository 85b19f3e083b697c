"""Lists of words, and what can be said of them."""

import random

from flan_jax.tasks.procedural import lexicon as lx
from flan_jax.tasks.procedural.documents.document import Document, register_document
from flan_jax.tasks.procedural.phrases import article, draw_words


@register_document()
def repeated_list(rng: random.Random) -> Document:
    """A list again, backwards, its ends, its neighbours."""
    words = draw_words(rng, lx.LIST_WORDS, 3, 6)
    i = rng.randrange(len(words) - 1)
    remarks = [
        f"The same list again: {' '.join(words)}.",
        f"Backwards it is {' '.join(reversed(words))}.",
        f"The first word is {words[0]} and the last word is {words[-1]}.",
        f"The last one is {words[-1]}.",
        f"The first one is {words[0]}.",
        f"After {words[i]} comes {words[i + 1]}.",
        f"Before {words[i + 1]} stands {words[i]}.",
        f"The second word is {words[1]} and the third one is {words[2]}.",
        f"Without {words[i]} it is {' '.join(w for w in words if w != words[i])}.",
        f"There are {len(words)} words in the list.",
    ]
    return Document(f"The list is {' '.join(words)}.", " ".join(rng.sample(remarks, 4)))


@register_document()
def edited_list(rng: random.Random) -> Document:
    """A list that grows, shrinks and changes."""
    *words, new, newer = rng.sample(lx.LIST_WORDS, rng.randint(5, 6))
    told = f"At first the list was {' '.join(words)}."
    text = []
    for _ in range(3):
        match rng.randrange(5):
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
            case 3 if newer not in words:
                gone = rng.choice(words)
                words = [newer if word == gone else word for word in words]
                text.append(f"Then {newer} took the place of {gone}: {' '.join(words)}.")
            case _:  # also where a word is in the list already, or the list is short
                words = words[::-1]
                text.append(f"Then the order was reversed: {' '.join(words)}.")
    return Document(told, " ".join([*text, f"So now the list is {' '.join(words)}."]))


@register_document()
def rows_of_things(rng: random.Random) -> Document:
    """Things side by side, and who is left or right of whom."""
    things = draw_words(rng, lx.THINGS + lx.FRUITS + lx.ANIMALS, 3, 5)
    i, j = rng.randrange(len(things) - 1), rng.randrange(len(things) - 1)
    remarks = [
        f"the {things[i]} is left of the {things[i + 1]}.",
        f"the {things[i + 1]} is right of the {things[i]}.",
        f"left of the {things[j + 1]} is the {things[j]}.",
        f"right of the {things[j]} is the {things[j + 1]}.",
        f"on the far left is the {things[0]}.",
        f"on the far right is the {things[-1]}.",
        f"the left end is the {things[0]}.",
        f"the right end is the {things[-1]}.",
        f"right after the {things[i]} is the {things[i + 1]}.",
    ]
    return Document(f"From left to right there are {' '.join(things)}. We see:", " ".join(rng.sample(remarks, 4)))


@register_document()
def sorted_kinds(rng: random.Random) -> Document:
    """How a mixed list falls apart into kinds."""
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
        f"The first {kind} is {mine[0]}.",
        f"The last {other} is {theirs[-1]}.",
        f"There are {len(mine)} of the kind {kind}.",
    ]
    told = f"In {' '.join(mixed)} we see {lx.PLURALS[kind]} and {lx.PLURALS[other]}."
    return Document(told, " ".join(rng.sample(remarks, 4)))


@register_document()
def hidden_kinds(rng: random.Random) -> Document:
    """A sentence with words of several kinds, and which of them is of which kind."""
    kinds = rng.sample([*lx.CATEGORY_NAMES, "place", "city", "job", "food", "name"], 3)
    lists = {**lx.CATEGORIES, "place": lx.PLACES, "city": lx.CITIES, "job": lx.JOBS, "food": lx.FOODS, "name": lx.NAMES}
    words = [rng.choice(lists[kind]) for kind in kinds]
    form = rng.choice(
        ("We saw {} and {} with {}.", "Words: {} {} {}.", "There was {} near {}, and also {}.", "{}, {}, {}.")
    )
    again = [f"the {kind} is {word}." for kind, word in zip(kinds, words, strict=True)]
    return Document(form.format(*words), " ".join(rng.sample(again, 3)))


@register_document()
def counted_words(rng: random.Random) -> Document:
    """A list in which words come back, and how often each is there."""
    words = rng.sample(lx.LIST_WORDS, 3)
    counts = [rng.randint(1, 4) for _ in words]
    mixed = [word for word, count in zip(words, counts, strict=True) for _ in range(count)]
    rng.shuffle(mixed)
    again = [f"{word} is there {count} times." for word, count in zip(words, counts, strict=True)]
    return Document(f"{' '.join(mixed)}.", " ".join(rng.sample(again, 3)))


@register_document()
def patterns(rng: random.Random) -> Document:
    """Words that come round again."""
    unit = draw_words(rng, lx.EVERY_WORD, 2, 3)
    shown = unit * 4
    num = rng.randint(len(unit) * 2, len(unit) * 3)
    other = rng.choice(lx.EVERY_WORD)
    return Document(
        f"{' '.join(shown[:num])}.",
        f"Next is {shown[num]}. The pattern is {' '.join(unit)}. Then {other} {other}, twice {other}.",
    )
