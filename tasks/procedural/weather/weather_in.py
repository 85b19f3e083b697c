"""Cities and their weather."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import CITIES, WEATHER
from flan_jax.tasks.procedural.phrases import tell_pairs

FORMS = ("{} : {}", "{} has {}", "in {} there is {}")


def generate(rng: random.Random) -> Row:
    """Three or four cities."""
    num = rng.randint(3, 4)
    told, cities, skies = tell_pairs(rng, CITIES, WEATHER, FORMS, num, ", ")
    i = rng.randrange(num)
    return {
        "report": told,
        "city": cities[i],
        "answer": skies[i],
        "options": tuple(skies),
    }


register_family(
    Family(
        name="weather_in",
        cluster="weather",
        generate=generate,
        fields=("report", "city", "answer", "options"),
        chance=7 / 24,
        templates=(
            Template("The weather: {report}. How is it in {city}?"),
            Template("{report}.\nWeather in {city}:"),
            Template("{report}. City: {city}", instruction="Give the weather of the city.\n"),
            Template("I go to {city}. What must I expect? {report}."),
            Template("{report}. What do they have in {city}?\n{options}"),
            Template("Today we have this: {report}. So in {city} we see"),
            Template("Weather report. {report}. Say what it is like in {city}."),
            Template("What about {city}? The weather is as follows. {report}."),
        ),
    )
)
