"""Settings are what their annotations say, or an error that names setting, value and limit."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
import pytest

from flan_jax.checkpoints.checkpoint import CheckpointConfig
from flan_jax.core.errors import ConfigError, Setting, TaskError
from flan_jax.core.settings import (
    Above,
    AtLeast,
    AtMost,
    Below,
    Count,
    PathText,
    Seed,
    SlipAbove,
    checked_arguments,
    settle,
    shown,
)
from flan_jax.declare.benchmark import SampleSettings
from flan_jax.declare.task import Member, Mixture
from flan_jax.decode import BeamSearch, Sampling
from flan_jax.evaluate import EvalConfig, SuiteConfig
from flan_jax.models import DecoderConfig, T5Config
from flan_jax.models.tuning import TuningConfig
from flan_jax.optim import AdafactorConfig, AdamWConfig, ConstantSchedule, CosineSchedule, RsqrtSchedule
from flan_jax.train.config import MeshConfig, TrainConfig
from flan_jax.workflows.config import TaskConfig

INF, NAN = float("inf"), float("nan")


@dataclasses.dataclass(frozen=True)
class Job:
    """A field of each kind."""

    count: Count = 1
    optional: Annotated[Count, "which is all"] | None = None
    whole: int = 0
    seed: Seed = 0
    slip: Annotated[int, AtLeast(1), SlipAbove(100)] = 1
    share: Annotated[float, AtLeast(0), Below(1), "such as 0.1"] = 0.0
    rate: Annotated[float, Above(0)] | Callable[[int], float] = 1.0
    path: PathText = "a"
    name: str = ""
    flag: bool = False
    kind: Literal["float32", "bfloat16"] = "float32"
    dims: Literal[1, 2] = 1
    names: tuple[str, ...] = ()
    steps: tuple[Count, Count] | None = None
    lengths: Mapping[str, Annotated[int, AtLeast(2)]] = dataclasses.field(default_factory=dict)
    rules: Sequence[tuple[str, str | tuple[str, ...] | None]] = ()
    mesh: MeshConfig | None = None

    def __post_init__(self):
        settle(self)


@pytest.mark.parametrize(
    ("field", "values", "wanted"),
    [
        ("count", (True, 2.5, 64.9, 1.0, INF, NAN, -1, 0, None, [], ["1"], "1", ""), "a whole number of at least 1"),
        ("count", (10**30, 2**31), "a whole number from 1 to 2,147,483,647"),
        ("optional", (True, 2.5, 0, "None", []), "a whole number of at least 1, or None, which is all"),
        ("whole", (True, 0.0, None), "a whole number"),
        ("whole", (10**30, -(10**30)), "a whole number from -2,147,483,647 to 2,147,483,647"),
        ("seed", (-1, 2**31, 0.0), "a whole number from 0 to 2,147,483,647"),
        ("slip", (101,), "a whole number from 1 to 100"),
        ("slip", (0, "x"), "a whole number of at least 1"),
        ("share", (True, -0.1, 1, 10**30, None, "0.1", [0.1]), "a number in [0, 1), such as 0.1"),
        ("share", (INF, NAN, -INF), "a finite number in [0, 1), such as 0.1"),
        ("rate", (True, 0, -1, "1", None, int), "a number above 0, or a function"),
        ("rate", (10**30, 10**400), "a number in (0, 1e+12], or a function"),
        ("path", (True, 0, None, "", [], ["a"], ("a",)), "a path"),
        ("path", ("a\0b",), "a path without NUL characters"),
        ("path", ("a\udcff",), "a path that is UTF-8"),
        ("name", (0, None, ["a"], True, b"a"), "a text"),
        ("flag", (0, 1, None, "True", "", []), "True or False"),
        ("kind", ("float16x", 32, None, ["float32"]), "one of float32, bfloat16"),
        ("dims", (True, 3, 1.0, "1"), "one of 1, 2"),
        ("names", (1, None, True, {"a": 1}, {"a"}), "a list of texts"),
        ("steps", (1, [1], (1, 2, 3), "ab"), "(a whole number of at least 1, a whole number of at least 1), or None"),
        ("lengths", (1, ["a"], "a", None), "a dict of a text to a whole number of at least 2"),
        ("mesh", (1, "MeshConfig", MeshConfig, {}), "a MeshConfig, or None"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_with_value_and_limit(field, values, wanted):
    for value in values:
        with pytest.raises(ConfigError) as told:
            Job(**{field: value})
        text = str(told.value)
        assert text.startswith(f"Job.{field} is {shown(value)}") and text.endswith(f": give {wanted}"), text
        assert told.value.args[0] == f"Job.{field}" and isinstance(told.value.args[0], Setting)


def test_what_is_inside_is_named_by_its_place():
    for field, value, words in (
        ("names", ["a", 1], "Job.names[1] is 1: give a text"),
        ("lengths", {"a": 1}, "Job.lengths['a'] is 1: give a whole number of at least 2"),
        ("lengths", {3: 4}, "Job.lengths key 3 is 3: give a text"),
        ("steps", (1, 2.5), "Job.steps[1] is 2.5: give a whole number of at least 1"),
        ("rules", [("a", "b"), ("a", 1)], "Job.rules[1][1] is 1: give a text, or a list of texts, or None"),
        ("kind", "float23", "Job.kind is 'float23'; did you mean float32, bfloat16: give one of float32, bfloat16"),
    ):
        with pytest.raises(ConfigError) as told:
            Job(**{field: value})
        assert str(told.value) == words


def test_what_fits_is_kept_as_the_annotation_has_it():
    job = Job(
        count=np.int64(3),
        share=np.float32(0.5),
        names="a",
        steps=[1, 2],
        rules=[["a", ["b", "c"]], ("d", None)],
        lengths={"a": np.int32(7)},
    )
    assert (job.count, type(job.count), job.share, type(job.share)) == (3, int, 0.5, float)
    assert (job.names, job.steps, job.rules) == (("a",), (1, 2), (("a", ("b", "c")), ("d", None)))
    assert job.lengths == {"a": 7} and type(job.lengths["a"]) is int
    assert Job(rate=math.sqrt).rate is math.sqrt and hash(Job(names=["a"]).names)


def test_a_value_is_shown_in_one_short_line():
    assert shown(10**5000) == "a whole number of some 5,000 digits"
    assert len(shown("a\nb" * 100)) == 80 and shown("a\nb" * 100).endswith("…")
    assert "\n" not in shown(np.zeros((3, 3)))


def test_arguments_are_checked_by_their_annotations():
    def job(what, steps: Count, *, share: Annotated[float, AtMost(1)] = 5.0, others: Sequence[str] = ()):
        return what, steps, share, others

    check = checked_arguments(job)
    check("x", 1)
    check(None, 1, others=3)  # what is no plain setting is the function's to check
    check("x")  # Python itself says what is missing
    with pytest.raises(ConfigError, match=r"^steps is True: give a whole number of at least 1$"):
        check("x", True)
    with pytest.raises(ConfigError, match=r"^share is 2: give a number of at most 1$"):
        check("x", 1, share=2)


CONFIGS = (
    *(TrainConfig, MeshConfig, CheckpointConfig, EvalConfig, SuiteConfig, TaskConfig, TuningConfig, T5Config),
    *(DecoderConfig, AdafactorConfig, AdamWConfig, ConstantSchedule, CosineSchedule, RsqrtSchedule),
    *(SampleSettings, Sampling, BeamSearch),
)
NEEDED = {
    "model_dir": "a",
    "mixture": "b",
    "cache_dir": "c",
    "feature_lengths": {"inputs": 8, "targets": 8},
    "batch_size": 4,
    "train_steps": 3,
    "names": ("mmlu",),
    "rate": 1.0,
    "peak": 1.0,
    "final": 0.0,
}


@pytest.mark.parametrize("cls", CONFIGS, ids=lambda cls: cls.__name__)
def test_every_configuration_refuses_what_no_setting_is(cls):
    """Of every field: nothing that is neither its kind nor near it is taken."""
    fields = [field for field in dataclasses.fields(cls) if field.init]
    given = {field.name: NEEDED[field.name] for field in fields if field.default is field.default_factory}
    for field in fields:
        default = given.get(field.name, field.default)
        wrong = [INF, NAN, 10**30, object(), b"a", "\0", -(10**30)]
        wrong += [] if isinstance(default, bool) else [True]
        wrong += ["no such name"] if isinstance(default, (bool, int, float)) else [2.5, 0] * (default is not None)
        for value in wrong:
            with pytest.raises((ConfigError, TaskError)) as told:
                cls(**{**given, field.name: value})
            assert type(told.value) is (TaskError if cls is SampleSettings else ConfigError)
            assert "\n" not in str(told.value) and " is " in str(told.value), (field.name, value, str(told.value))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cap": 0}, r"^mixture m: cap is 0: give a whole number of at least 1, or None"),
        ({"cap": -3}, "cap is -3"),
        ({"cap": 2.5}, "cap is 2.5"),
        ({"temperature": 0}, r"^mixture m: temperature is 0: give a number in \[0\.1, 1e\+09\]"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"temperature": 1e-9}, "temperature is 1e-09"),
        ({"temperature": INF}, "temperature is inf"),
        ({"temperature": True}, "temperature is True"),
    ],
)
def test_a_mixture_with_a_cap_or_a_temperature_that_means_nothing_is_refused(options, words):
    with pytest.raises(TaskError, match=words):
        Mixture("m", (Member("a"),), **options)


@pytest.mark.parametrize("rate", [-1, "examples", NAN, INF, True, None, 10**30])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(TaskError, match=r"^mixture member a: rate is .*: give a .*number .*, or one of num_examples"):
        Member("a", rate)
