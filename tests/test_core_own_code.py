"""The code that a score is of: another body, helper or constant is another, the same text is the same anywhere."""

import functools
import os
import subprocess
import sys

import pytest

from flan_jax.core.own_code import own_code
from flan_jax.evaluate.extract import get_extractor
from flan_jax.evaluate.metrics import METRICS

TEXT = """
import re
LIMIT = 3
WORDS = {"yes", "no"}
NUMBER = re.compile("[0-9]+")

def helper(text):
    return len(text) < LIMIT

def metric(text, references, *, floor=0.0):
    if NUMBER.search(text):
        return 0.5
    return float(helper(text) and text in WORDS) + floor
"""


def made(text=TEXT):
    space: dict = {"__name__": "mine"}
    exec(text, space)
    return space["metric"]


def test_what_ships_has_none():
    assert own_code(metric.fn for metric in METRICS.values()) == ""
    assert own_code([get_extractor("number"), len]) == ""


def test_the_same_text_is_the_same_function():
    assert own_code([made()]) == own_code([made()]) == own_code([made("\n\n" + TEXT)]) != ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return 0.5", "return 0.25"),
        ("len(text) < LIMIT", "len(text) > LIMIT"),
        ("LIMIT = 3", "LIMIT = 4"),
        ('{"yes", "no"}', '{"yes", "never"}'),
        ("[0-9]+", "[1-9]+"),
        ("floor=0.0", "floor=0.1"),
    ],
)
def test_another_body_helper_constant_or_default_is_another(old, new):
    assert old in TEXT
    assert own_code([made(TEXT.replace(old, new))]) != own_code([made()])


def test_partial_arguments_closures_and_callable_objects_count():
    metric = made()

    def closed(scale):
        return lambda text, references: scale * metric(text, references)

    class Scorer:
        def __call__(self, text, references):
            return 1.0

    found = [own_code([functools.partial(metric, floor=floor)]) for floor in (0.1, 0.2)]
    found += [own_code([closed(1.0)]), own_code([closed(0.5)]), own_code([Scorer()]), own_code([metric])]
    assert len(set(found)) == len(found) and "" not in found


def test_it_is_the_same_in_every_process():
    program = f"{TEXT}\nfrom flan_jax.core.own_code import own_code\nprint(own_code([metric]))"
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(found) == 1
