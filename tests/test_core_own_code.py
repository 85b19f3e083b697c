"""The code that a score is of: another body, helper or constant is another, the same text is the same anywhere."""

import functools
import os
import subprocess
import sys

import pytest

from flan_jax.core.own_code import own_code

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
    program = (
        "from flan_jax.core.own_code import own_code\n"
        "from flan_jax.evaluate.extract import EXTRACTORS\n"
        "from flan_jax.evaluate.metrics import METRICS\n"
        "print(repr(own_code([*(metric.fn for metric in METRICS.values()), *EXTRACTORS.values(), len])), len(METRICS))"
    )  # in a process of its own: other tests register theirs
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    code, num_metrics = done.stdout.split()
    assert code == "''" and int(num_metrics) > 20


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


CACHED = "import functools\n@functools.lru_cache\ndef h(t): return {}\ndef metric(t, r): return h(t)"
WRAPPED = """
import functools
def d(g):
    @functools.wraps(g)
    def w(t, r): return g(t.{}(), r)
    return w
@d
def metric(t, r): return float(t == r[0])
"""
IN_CLASS = "class J:\n def s(self, t): return {}\ndef metric(t, r): return J().s(t)"
ATTRIBUTE = "class J:\n def __init__(s, x): s.x = x\n def __call__(s, t, r): return s.x\nmetric = J({})"
METHOD = "class J:\n def __init__(s, x): s.x = x\n def m(s, t, r): return s.x\nmetric = J({}).m"
OWN_METHOD = "class J:\n def g(s, t): return {}\n def __call__(s, t, r): return s.g(t)\nmetric = J()"
IN_DICT = "R = {{'a': lambda t: {}, 'b': lambda t: 2.0}}\ndef metric(t, r): return R['a'](t)"
IN_DICT_LAST = "R = {{'a': lambda t: 2.0, 'b': lambda t: {}}}\ndef metric(t, r): return R['a'](t)"
PARTIAL = "import functools\ndef g(x, t): return x\nh = functools.partial(g, {})\ndef metric(t, r): return h(t)"
ARRAY = "import numpy as np\nW = np.array([{}, 0.0])\ndef metric(t, r): return W[0]"
OURS_OF_IT = "from flan_jax.evaluate.metrics.matching import best_of\ndef g(t, r): return {}\nmetric = best_of(g)"


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (WRAPPED, "lower", "strip"),
        *(
            (text, "1.0", "0.5")
            for text in (
                CACHED, IN_CLASS, ATTRIBUTE, METHOD, OWN_METHOD, IN_DICT, IN_DICT_LAST, PARTIAL, ARRAY, OURS_OF_IT
            )
        ),
    ],
)  # fmt: skip
def test_wherever_it_stands(text, old, new):
    hashes = [own_code([made(text.format(part))]) for part in (old, old, new)]
    assert hashes[0] == hashes[1] != hashes[2] and "" not in hashes


def test_what_a_library_holds_does_not_count_nor_is_it_looked_through():
    text = "import types\nSEEN = types.SimpleNamespace(a=1)\nimport numpy as np\nBIG = np.zeros(2**20)\n"
    text += "from json import dumps\ndef metric(t, r):\n return dumps([SEEN.a, BIG.sum()])"
    assert own_code([made(text)]) == own_code([made(text.replace("a=1", "a=2").replace("zeros", "ones"))])


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
