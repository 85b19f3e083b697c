"""Commands such as "jump twice and walk" turned into the actions."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.phrases import coin

ACTIONS = ("jump", "walk", "run", "sing", "sit", "turn", "look", "stop", "swim", "dance", "clap", "wave")
TIMES = {"": 1, " twice": 2, " thrice": 3}


def generate(rng: random.Random) -> Row:
    """Two actions, each up to three times, joined by "and" or the turned-around "after"."""
    parts = [(action, rng.choice(tuple(TIMES))) for action in rng.sample(ACTIONS, 2)]
    said = [action + times for action, times in parts]
    done = [" ".join([action] * TIMES[times]) for action, times in parts]
    if coin(rng):
        return {"command": f"{said[0]} and {said[1]}", "answer": f"{done[0]} {done[1]}"}
    return {"command": f"{said[0]} after {said[1]}", "answer": f"{done[1]} {done[0]}"}


register_family(
    Family(
        name="repeat_commands",
        cluster="pattern_translation",
        generate=generate,
        fields=("command", "answer"),
        templates=(
            Template("Write out the actions: {command}"),
            Template("Command: {command}\nActions:"),
            Template("{command}", instruction="Turn each command into single actions.\n"),
            Template("What does a robot do when told to {command}?"),
            Template("Somebody says {command}. List the actions in order."),
            Template("Spell out the command {command}, one action at a time."),
            Template("A robot hears: {command}. What are its actions?"),
            Template("Translate the command {command} into actions."),
        ),
    )
)
