"""Whatever is registered by a name is refused the second time, is told of `replace=True`, and takes it."""

import importlib
import inspect
import pkgutil

import pytest

import flan_jax.declare
import flan_jax.evaluate
import flan_jax.tasks  # before `restored`, which would take back what a test is the first to import
from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import BENCHMARKS, Benchmark, Format, Question, Subtask, add_benchmark, add_collection
from flan_jax.declare.formats import Format as TaskFormat
from flan_jax.declare.formats import add_format
from flan_jax.declare.metric import METRICS, register_metric
from flan_jax.declare.names import restored
from flan_jax.declare.registry import add_mixture, add_task, get_task
from flan_jax.declare.task import Member, Mixture, Task
from flan_jax.declare.task_folders import TASK_FOLDERS, add_task_folder
from flan_jax.declare.templated import add_templated_task
from flan_jax.declare.templates import Template, TemplateRenderer
from flan_jax.evaluate.contamination.texts import EvaluationTexts, add_evaluation_texts, evaluation_texts
from flan_jax.evaluate.extract import get_extractor, register_extractor
from flan_jax.evaluate.metrics.toxicity import register_toxicity_scorer
from flan_jax.sources.memory import MemorySource

SOURCE = MemorySource({"train": [{"q": "a", "answer": "b"}]})
TEMPLATES = (Template("{q}", "{answer}"),)
NOT_BY_NAME = {"add_joint", "add_known_counts"}  # lists of functions


def benchmark(title):
    format = Format("direct", "generate", lambda subtask, split: None, ("exact_match",), "whole_text", max_tokens=1)
    questions = [Question("0", title, ("yes",))]
    return Benchmark("mine", title, "", (), lambda subtask, split: questions, (Subtask("mine"),), ("test",), (format,))


def extractor(value):
    def mine(text):
        return value

    return mine


# How each is registered under "mine" with a value, and what "mine" then is.
WAYS = {
    "add_task": (
        lambda value, **how: add_task(Task("mine", value, SOURCE, TemplateRenderer(TEMPLATES), eval_split=None), **how),
        lambda: get_task("mine").cluster,
    ),
    "add_templated_task": (
        lambda value, **how: add_templated_task("mine", SOURCE, TEMPLATES, cluster=value, eval_split=None, **how),
        lambda: get_task("mine").cluster,
    ),
    "add_mixture": (
        lambda value, **how: add_mixture(Mixture("mine", (Member("nth_word_zero_shot"),), description=value), **how),
        lambda: flan_jax.declare.get_mixture("mine").description,
    ),
    "add_format": (
        lambda value, **how: add_format("mine", TaskFormat(value), **how),
        lambda: flan_jax.declare.formats.find_format("mine").description,
    ),
    "add_benchmark": (
        lambda value, **how: add_benchmark(benchmark(value), **how),
        lambda: BENCHMARKS["mine"].title,
    ),
    "add_collection": (
        lambda value, **how: add_collection("mine", (("gsm8k", value),), **how),
        lambda: flan_jax.declare.benchmark.COLLECTIONS["mine"][0][1],
    ),
    "add_task_folder": (
        lambda value, **how: add_task_folder("mine", lambda folder: [value], **how),
        lambda: TASK_FOLDERS["mine"](None)[0],
    ),
    "register_metric": (
        lambda value, **how: register_metric("mine", "text", lambda text, references: 1.0, value, **how),
        lambda: METRICS["mine"].description,
    ),
    "register_extractor": (
        lambda value, **how: register_extractor(extractor(value), **how),
        lambda: get_extractor("mine")(""),
    ),
    "@register_extractor": (
        lambda value, **how: register_extractor(**how)(extractor(value)),
        lambda: get_extractor("mine")(""),
    ),
    "register_toxicity_scorer": (
        lambda value, **how: register_toxicity_scorer(
            "mine", lambda texts: [float(value == "cot")] * len(texts), **how
        ),
        lambda: {0.0: "direct", 1.0: "cot"}[METRICS["max_toxicity_mine"](("a",), ())],
    ),
    "add_evaluation_texts": (
        lambda value, **how: add_evaluation_texts(EvaluationTexts("mine", lambda: [value], lambda: None), **how),
        lambda: next(next(iter(texts.read())) for texts in evaluation_texts() if texts.name == "mine"),
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_second_registration_asks_for_replace_and_takes_it(way):
    register, now = WAYS[way]
    with restored():
        register("direct")
        with pytest.raises(TaskError, match="already registered: choose another name, or say replace=True"):
            register("cot")
        assert now() == "direct"
        register("cot", replace=True)
        assert now() == "cot"


def test_every_function_that_registers_by_name_takes_replace():
    found = set()
    for package in (flan_jax.declare, flan_jax.evaluate):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            names = importlib.import_module(module.name).__dict__.get("__all__", ())
            for name in names:
                if name.startswith(("add_", "register_")) and name not in NOT_BY_NAME:
                    function = getattr(importlib.import_module(module.name), name)
                    assert "replace" in inspect.signature(function).parameters, f"{module.name}.{name}"
                    found.add(name)
    assert found == {way.lstrip("@") for way in WAYS}


def test_an_extractor_without_a_name_is_refused():
    class Callable:
        def __call__(self, text):
            return text

    with pytest.raises(TaskError, match="has no name that an extractor could go by: give name="):
        register_extractor(Callable())
