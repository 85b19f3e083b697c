"""Benchmarks whose data is not on this machine: an error with what to get, or left out and said."""

import dataclasses
import io

import pytest
import train_run
from suite_benchmarks import colours

from flan_jax.core.errors import ConfigError, MissingDataError
from flan_jax.declare.benchmark import BENCHMARKS
from flan_jax.evaluate.config import EvalConfig
from flan_jax.evaluate.data_here import asked_here

GET = "/data/colours/red.csv is not there. download it from colours.example"


@pytest.fixture(autouse=True)
def benchmarks():
    """Three, of which `shades` lacks the questions of one subtask and `tints` the exemplars of all."""
    whole = colours()

    def read(subtask, split):
        if subtask == "red":
            raise MissingDataError(GET)
        return whole.read(subtask, split)

    def open_prompts(subtask, split):
        raise MissingDataError(GET)

    formats = tuple(dataclasses.replace(format, open=open_prompts) for format in whole.formats)
    added = {
        "colours": whole,
        "shades": dataclasses.replace(whole, name="shades", read=read),
        "tints": dataclasses.replace(whole, name="tints", formats=formats),
    }
    BENCHMARKS.update(added)
    yield
    for name in added:
        del BENCHMARKS[name]


def test_what_is_here_is_asked_as_it_was():
    config = EvalConfig(suite_selection=("colours",), suite=())
    assert asked_here(config, available_only=False) == (config, ())
    assert asked_here(EvalConfig(), available_only=True) == (EvalConfig(), ())


def test_what_is_not_here_is_an_error_that_says_what_to_get_and_what_else_would_do():
    config = EvalConfig(suite_selection=("shades",), suite=("colours", "tints:cot"))
    with pytest.raises(MissingDataError) as raised:
        asked_here(config, available_only=False)
    assert str(raised.value) == (
        f"benchmark shades: data of 1 of 3 subtasks is not on this machine. {GET} (and of tints). Or train without "
        f"what is not here, AVAILABLE_ONLY = True in a recipe (no benchmark picks the checkpoint then, and the run "
        f"hands over its last step)"
    )
    with pytest.raises(MissingDataError, match=r"of 3 of 3 subtasks .* in a recipe$"):
        asked_here(EvalConfig(suite_selection=("colours",), suite=("tints",)), available_only=False)


def test_what_is_not_here_is_left_out_and_said_where_that_is_wanted():
    here, lines = asked_here(EvalConfig(suite_selection=("shades",), suite=("colours", "tints")), available_only=True)
    assert (here.suite_selection, here.suite) == ((), ("colours",)) and not here.selects
    assert [line.partition(": data")[0] for line in lines] == [
        "not asked: benchmark shades",
        "not asked: benchmark tints",
        "shades: no benchmark picks the checkpoint then, and the run hands over its last step",
    ]
    here, lines = asked_here(EvalConfig(selection=("held",), suite_selection=("shades",)), available_only=True)
    assert here.selects and len(lines) == 1  # a task still picks


def test_data_that_comes_while_a_run_is_stopped_does_not_change_what_picks(tmp_path):
    train_run.build_caches(tmp_path / "cache")

    def train(steps, names):
        suite = {"suite_selection": names, "suite_limit": 1, "suite_inputs_length": 96}
        folders = tmp_path / "run", tmp_path / "cache"
        configs = train_run.configs(*folders, train_steps=steps, eval_period=2, evaluation=suite)
        train_run.train(*configs, stream=io.StringIO())

    train(2, ())
    with pytest.raises(ConfigError, match=r"judged by no benchmark, and what can be asked now .* is colours:direct: "):
        train(4, ("colours",))
    train(4, ())
