"""Teams of two; who plays with somebody?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import COLOURS, NAMES


def generate(rng: random.Random) -> Row:
    """Two teams of two."""
    colours, names = rng.sample(COLOURS, 2), rng.sample(NAMES, 4)
    i = rng.randrange(4)
    return {
        "teams": f"{colours[0]} : {names[0]} and {names[1]}. {colours[1]} : {names[2]} and {names[3]}.",
        "name": names[i],
        "answer": names[i ^ 1],
        "options": tuple(name for name in names if name != names[i]),
    }


register_family(
    Family(
        name="mate_of",
        cluster="teams",
        kind="whole cluster",
        eval_split="test",
        generate=generate,
        fields=("teams", "name", "answer", "options"),
        chance=1 / 3,
        templates=(
            Template("{teams} Who plays with {name}?"),
            Template("Teams. {teams}\n{name} plays with:"),
            Template("{teams} Player: {name}", instruction="Write who is in the team with the player.\n"),
            Template("Who is in one team with {name}? {teams}"),
            Template("{teams} Who helps {name}?\n{options}"),
            Template("A game of teams: {teams} Say who stands by {name}."),
        ),
    )
)
