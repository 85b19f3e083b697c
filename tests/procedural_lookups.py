"""Independent solvers of the procedural families that look something up among facts; see `procedural_solvers`."""

import re
from collections.abc import Sequence

from procedural_solvers import clean, sentences, solves

from flan_jax.tasks.procedural import lexicon as lx


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


@solves("all_are")
def _(row):
    *rules, member = sentences(row["facts"])
    colour = {words[1]: words[3] for words in rules}[member[3]]
    return "yes" if clean(row["question"])[-1] == colour else "no"


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


@solves("owner_then_colour")
def _(row):
    facts = sentences(row["facts"])
    (thing,) = [words[3] for words in facts if words[0] == row["name"]]
    (colour,) = [words[3] for words in facts if words[0] == "The" and words[1] == thing]
    return colour


def _pairs(text: str, firsts: Sequence[str], seconds: Sequence[str]) -> list[tuple[str, str]]:
    """Each sentence's word of the one list with its word of the other."""
    found = []
    for part in re.split(r"[.,] ?", text):
        words = clean(part)
        if words:
            (first,), (second,) = [w for w in words if w in firsts], [w for w in words if w in seconds]
            found.append((first, second))
    return found


def _partner(text: str, xs: Sequence[str], ys: Sequence[str], asked: str) -> str:
    (word,) = [y if x == asked else x for x, y in _pairs(text, xs, ys) if asked in (x, y)]
    return word


@solves("job_of")
def _(row):
    return _partner(row["facts"], lx.NAMES, lx.JOBS, row["name"])


@solves("who_works_as")
def _(row):
    return _partner(row["facts"], lx.NAMES, lx.JOBS, row["job"])


@solves("home_of")
def _(row):
    words = clean(row["question"])
    asked = words[2] if words[0] == "Where" else words[-1]
    return _partner(row["facts"], lx.NAMES, lx.CITIES, asked)


@solves("weather_in")
def _(row):
    return _partner(row["report"], lx.CITIES, lx.WEATHER, row["city"])


@solves("what_stands_at")
def _(row):
    return _partner(row["facts"], lx.VEHICLES, lx.PLACES, clean(row["question"])[-1])


@solves("agenda_what")
def _(row):
    return _partner(row["plan"], lx.DAYS, lx.REVIEWED, row["day"])


@solves("agenda_when")
def _(row):
    return _partner(row["plan"], lx.DAYS, lx.REVIEWED, row["event"])


@solves("pet_called")
def _(row):
    return _partner(row["facts"], lx.ANIMALS, lx.NAMES, row["animal"])


@solves("which_pet")
def _(row):
    return _partner(row["facts"], lx.ANIMALS, lx.NAMES, row["name"])


@solves("team_of")
def _(row):
    (team,) = [words[0] for words in sentences(row["teams"]) if row["name"] in words]
    return team


@solves("mate_of")
def _(row):
    (team,) = [words for words in sentences(row["teams"]) if row["name"] in words]
    (mate,) = {team[2], team[4]} - {row["name"]}
    return mate
