"""Teams named by colours; for which one does somebody play?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import COLOURS, NAMES


def generate(rng: random.Random) -> Row:
    """Two or three teams of two."""
    num = rng.randint(2, 3)
    colours, names = rng.sample(COLOURS, num), rng.sample(NAMES, 2 * num)
    teams = [names[2 * i : 2 * i + 2] for i in range(num)]
    i = rng.randrange(num)
    return {
        "teams": " ".join(f"{colour} : {a} and {b}." for colour, (a, b) in zip(colours, teams, strict=True)),
        "name": rng.choice(teams[i]),
        "answer": colours[i],
        "options": tuple(colours),
    }


register_family(
    Family(
        name="team_of",
        cluster="teams",
        kind="whole cluster",
        eval_split="test",
        generate=generate,
        fields=("teams", "name", "answer", "options"),
        chance=5 / 12,
        templates=(
            Template("{teams} Which team has {name}?"),
            Template("Teams. {teams}\nTeam of {name}:"),
            Template("{teams} Player: {name}", instruction="Write the team of the player.\n"),
            Template("For which team does {name} play? {teams}"),
            Template("{teams} The team of {name} is which?\n{options}"),
            Template("A game of teams: {teams} Say the colour of the team with {name}."),
        ),
    )
)
