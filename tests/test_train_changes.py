"""A run that goes on with other settings says which, and is not judged by two rules."""

import pytest

from flan_jax.core.errors import ConfigError
from flan_jax.train.changes import changed_settings, read_config, refuse_other_evaluations, save_config
from flan_jax.workflows.training import with_code

BEFORE = """# Macros:
# =====
EVAL_LIMIT = 40
LEARNING_RATE = 0.001
MODEL_DIR = 'a'
TASK_FEATURE_LENGTHS = \\
    {'inputs': 128,
     'targets': 16}
TRAIN_STEPS = 10
WIDTH = 3

EvalConfig.limit = %EVAL_LIMIT
EvalConfig.report = ('x',)
EvalConfig.selection = ('y',)
EvalConfig.suite = ()
EvalConfig.stop = ()
EvalConfig.suite_limit = 20
"""


def test_what_has_changed_is_named_with_both_values():
    now = (
        BEFORE.replace("0.001", "1e-09")
        .replace("MODEL_DIR = 'a'", "MODEL_DIR = 'b'")
        .replace("STEPS = 10", "STEPS = 20")
    )
    now = now.replace("'inputs': 128", "'inputs': 64").replace("WIDTH = 3\n", "")
    assert changed_settings(BEFORE, now) == [
        "LEARNING_RATE is 1e-09, was 0.001",
        "TASK_FEATURE_LENGTHS is {'inputs': 64, 'targets': 16}, was {'inputs': 128, 'targets': 16}",
        "WIDTH is not set, was 3",
    ]
    assert changed_settings(BEFORE, BEFORE.replace("\\\n    {", "{")) == []


def test_other_code_of_an_own_schedule_is_a_change():
    assert with_code(BEFORE, "") == BEFORE and with_code("", "aa") == ""
    assert changed_settings(with_code(BEFORE, "aa" * 32), with_code(BEFORE, "aa" * 32)) == []
    assert changed_settings(with_code(BEFORE, "aa" * 32), with_code(BEFORE, "bb" * 32)) == [
        f"optimizer_code is {'bb' * 8}, was {'aa' * 8}"
    ]
    assert changed_settings(BEFORE, with_code(BEFORE, "cc" * 32)) == [f"optimizer_code is {'cc' * 8}, was not set"]


def test_a_cosine_that_ends_with_the_run_follows_its_length():
    constant = BEFORE + "\nConstantSchedule.value = None\n"
    assert changed_settings(constant, constant.replace("STEPS = 10", "STEPS = 20")) == []
    cosine = BEFORE + "\nLEARNING_RATE/CosineSchedule.total_steps = None\n"
    (told,) = changed_settings(cosine, cosine.replace("STEPS = 10", "STEPS = 20"))
    assert told == ("TRAIN_STEPS is 20, was 10 (which LEARNING_RATE/CosineSchedule.total_steps follows: other rates)")
    own = BEFORE + "\nLinearSchedule.total_steps = %TRAIN_STEPS\nTrainConfig.train_steps = %TRAIN_STEPS\n"
    (told,) = changed_settings(own, own.replace("STEPS = 10", "STEPS = 20"))
    assert told == "TRAIN_STEPS is 20, was 10 (which LinearSchedule.total_steps follows: other rates)"
    fixed = cosine.replace("total_steps = None", "total_steps = 40")
    assert changed_settings(fixed, fixed.replace("STEPS = 10", "STEPS = 20")) == []


def test_a_judged_run_is_judged_alike_to_its_end():
    message = r"EvalConfig.limit is 20, and was 40 when this run was judged, up to step 8: .*; set it back, or train in"
    with pytest.raises(ConfigError, match=message):
        refuse_other_evaluations(BEFORE, BEFORE.replace("EVAL_LIMIT = 40", "EVAL_LIMIT = 20"), 8)
    with pytest.raises(ConfigError, match=r"EvalConfig.stop is \(.z.,\), and was \(\) when"):
        refuse_other_evaluations(BEFORE, BEFORE.replace("stop = ()", "stop = ('z',)"), 8)
    with pytest.raises(ConfigError, match=r"EvalConfig.selection is \('z',\)"):
        refuse_other_evaluations(BEFORE, BEFORE.replace("'y'", "'z'"), 8)
    suite = BEFORE.replace("suite = ()", "suite = ('mmlu',)")
    with pytest.raises(ConfigError, match=r"EvalConfig.suite_limit is 5, and was 20"):
        refuse_other_evaluations(suite, suite.replace("suite_limit = 20", "suite_limit = 5"), 8)
    # What was not asked, and what is only shown.
    refuse_other_evaluations(BEFORE, BEFORE.replace("suite_limit = 20", "suite_limit = 5").replace("'x'", "'z'"), 8)
    refuse_other_evaluations(BEFORE, BEFORE.replace("EVAL_LIMIT = 40", "MOST = 40").replace("%EVAL_LIMIT", "%MOST"), 8)


def test_the_settings_before_are_kept(tmp_path):
    assert read_config(tmp_path) == ""
    save_config(tmp_path, BEFORE, 0)
    save_config(tmp_path, BEFORE, 4)
    assert [path.name for path in tmp_path.iterdir()] == ["config.gin"]
    now = BEFORE.replace("0.001", "1e-09")
    save_config(tmp_path, now, 8)
    assert read_config(tmp_path) == now and (tmp_path / "config.until_step_8.gin").read_text() == BEFORE
