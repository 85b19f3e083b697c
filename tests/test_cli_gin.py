"""gin at the edge: what a misspelling, a gap or a leftover in a configuration says."""

import contextlib
import pathlib

import pytest
from shared import ROOT

from flan_jax.cli import gin_config, gin_lines
from flan_jax.cli.main import main
from flan_jax.core.errors import ConfigError, Setting

DEMO = "gin/recipes/demo.gin"
SET = ["MODEL_DIR = 'runs/test'", "INITIAL_CHECKPOINT_PATH = None"]


def write(tmp_path: pathlib.Path, text: str) -> str:
    path = tmp_path / "mine.gin"
    path.write_text(f"include '{DEMO}'\n{text}\n")
    return str(path)


def test_flags_override_files_and_reach_the_dataclasses():
    run = gin_config.load([DEMO], [*SET, "BATCH_SIZE = 48", "T5Config.num_heads = 2"])
    assert run.train.batch_size == 48 and run.train.model_dir == "runs/test"
    assert run.model.num_heads == 2 and run.optimizer.learning_rate > 0
    assert "BATCH_SIZE = 48" in run.operative


def test_bare_words_in_flags_are_strings_and_literals_are_literals():
    rest, bindings = gin_config.split_gin_flags(
        ["--x", "--gin.MODEL_DIR=runs/a", "--gin.BATCH_SIZE=8", "--gin.EVAL_PERIOD", "None", "--gin.Z=%Y"]
    )
    assert rest == ["--x"]
    assert bindings == ["MODEL_DIR = 'runs/a'", "BATCH_SIZE = 8", "EVAL_PERIOD = None", "Z = %Y"]


@pytest.mark.parametrize(
    ("bindings", "words"),
    [
        (["TRAIN_STEP = 10"], ["TRAIN_STEP", "TRAIN_STEPS", "command line"]),
        (["TrainConfig.batch_sise = 10"], ["batch_sise", "batch_size"]),
        (["T5Confg.emb_dim = 10"], ["T5Confg", "T5Config"]),
        (["LEARNING_RATE = @CosineSchedul()"], ["did you mean CosineSchedule", "`import YOUR_MODULE` in the gin file"]),
        (["LEARNING_RATE = @warm/CosineSchedul()"], ["did you mean CosineSchedule"]),
        (["RunConfig.optimizer = @mine.Nothing()"], ["'@mine.Nothing()'", "`import YOUR_MODULE` in the gin file"]),
        (["BATCH_SIZE = %BATCH"], ["BATCH", "no value"]),
        (["other/T5Config.emb_dim = 64"], ["other/T5Config.emb_dim", "never used"]),
        (["BATCH_SIZE = 0"], ["BATCH_SIZE is 0: give a whole number of at least 1"]),
        (["STEPS = 64.9", "TRAIN_STEPS = %STEPS"], ["STEPS is 64.9: give a whole number"]),
        (["TrainConfig.prefetch_batches = True"], ["TrainConfig.prefetch_batches is True: give a whole number"]),
        (["INITIAL_CHECKPOINT_PATH = ['a']"], ["INITIAL_CHECKPOINT_PATH is ['a']: give a path, or None"]),
        (["LEARNING_RATE = @CosineSchedule"], ["LEARNING_RATE is <class", "CosineSchedule", "give a number above 0"]),
        (["LEARNING_RATE = @CosineSchedule()"], ["CosineSchedule is given no peak, final: bind CosineSchedule.peak"]),
        (["RunConfig.model = 3"], ["RunConfig.model is 3: give a ModelConfig, or None"]),
        (["A = %B", "B = %A", "TRAIN_STEPS = %A"], ["a macro refers to itself, A = %B = %A: give one of them a value"]),
        (["BATCH_SIZE = ("], ["BATCH_SIZE"]),
    ],
)
def test_a_bad_binding_is_named_with_its_remedy(bindings, words):
    with pytest.raises(ConfigError) as error:
        gin_config.load([DEMO], [*SET, *bindings])
    assert all(word in str(error.value) for word in words), error.value


def test_a_misspelt_macro_in_a_file_is_named_with_file_and_line(tmp_path):
    with pytest.raises(ConfigError, match=r"mine\.gin:3: nothing uses LERNING_RATE; did you mean LEARNING_RATE"):
        gin_config.load([write(tmp_path, "\nLERNING_RATE = 1e-3")], SET)


def test_a_macro_whose_setting_was_bound_past_it_is_named_with_the_remedy():
    with pytest.raises(
        ConfigError,
        match=r"common\.gin:\d+: nothing uses DATA_AXIS, as MeshConfig\.data has another value: bind DATA_AXIS",
    ):
        gin_config.load([DEMO], [*SET, "MeshConfig.data = 2"])


def test_a_refused_value_is_named_as_it_was_written_with_file_and_line(tmp_path):
    path = write(tmp_path, "LOG_PERIOD = (\n  2.5)\nTrainConfig:\n  prefetch_batches = None")
    with pytest.raises(ConfigError, match=r"^.*mine\.gin:2: LOG_PERIOD is 2\.5: give a whole number of at least 1$"):
        gin_config.load([path], SET)
    with pytest.raises(ConfigError, match=r"^.*mine\.gin:5: TrainConfig\.prefetch_batches is None: give a"):
        gin_config.load([path], [*SET, "LOG_PERIOD = 3"])
    with pytest.raises(ConfigError, match=r"^LOG_PERIOD is None: give"):  # the command line's, no line of a file
        gin_config.load([path], [*SET, "LOG_PERIOD = None"])


def test_an_error_that_comes_later_names_what_gin_binds():
    gin_config.load([DEMO], SET)
    with pytest.raises(ConfigError, match=r"^EVAL_BATCH_SIZE 3 is not divisible; TrainConfig\.rules is not bound$"):
        with gin_lines.told_in_words_of_gin():
            late = Setting("EvalConfig.batch_size"), " 3 is not divisible; ", Setting("TrainConfig.rules")
            raise ConfigError(*late, " is not bound")


def test_a_schedule_of_ones_own_is_known_by_importing_its_module_and_its_name_is_a_near_miss(tmp_path, monkeypatch):
    (tmp_path / "my_gin_schedule.py").write_text(
        "import gin\n\n@gin.configurable\nclass Halving:\n    def __call__(self, count):\n        return 0.5**count\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    mine = f"import my_gin_schedule\ninclude '{DEMO}'\nLEARNING_RATE = @Halving()\n"
    (tmp_path / "mine.gin").write_text(mine)
    assert gin_config.load([str(tmp_path / "mine.gin")], SET).optimizer.schedule()(2) == 0.25
    (tmp_path / "mine.gin").write_text(mine.replace("@Halving", "@Halfing"))
    with pytest.raises(ConfigError, match=r"'@Halfing\(\)'.*mine\.gin.*; did you mean Halving\?"):
        gin_config.load([str(tmp_path / "mine.gin")], SET)


def test_an_unset_required_macro_is_named_with_the_flag_that_sets_it():
    with pytest.raises(ConfigError, match=r"MODEL_DIR.*--gin\.MODEL_DIR="):
        gin_config.load([DEMO])


def test_a_file_that_includes_itself_is_one_line(tmp_path):
    (tmp_path / "a.gin").write_text(f"include '{tmp_path}/b.gin'\n")
    (tmp_path / "b.gin").write_text(f"include '{tmp_path}/a.gin'\n")
    with pytest.raises(ConfigError, match=r"^gin file .*/a.gin includes itself, by way of others or not: take that"):
        gin_config.load([str(tmp_path / "a.gin")])


def test_a_missing_file_and_a_missing_include_suggest_the_nearest(tmp_path):
    with pytest.raises(ConfigError, match=r"demmo\.gin.*did you mean gin/recipes/demo\.gin"):
        gin_config.load(["gin/recipes/demmo.gin"], SET)
    with pytest.raises(ConfigError, match=r"t5_1_1_bse\.gin"):
        gin_config.load([write(tmp_path, "include 'gin/models/t5_1_1_bse.gin'")], SET)


@pytest.mark.parametrize("verb", ["", "train", "demo", "mix"])
def test_help_fits_a_terminal_and_says_how_a_name_is_set(verb, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with contextlib.suppress(SystemExit):
        main([verb, "--help"] if verb else ["--help"])
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    assert not verb or "--gin.NAME=VALUE" in said


def test_a_configuration_leaves_nothing_behind_for_the_next():
    gin_config.load([DEMO], [*SET, "BATCH_SIZE = 48"])
    assert gin_config.load([DEMO], SET).train.batch_size != 48


@pytest.mark.parametrize("recipe", sorted(p.name for p in (ROOT / "gin" / "recipes").glob("*.gin")))
def test_every_recipe_loads(recipe, monkeypatch):
    monkeypatch.chdir(ROOT)
    text = pathlib.Path(f"gin/recipes/{recipe}").read_text()
    own = ["VOCAB_PATH = 'tokenizer.json'"] if "VOCAB_PATH = %gin.REQUIRED" in text else []
    run = gin_config.load([f"gin/recipes/{recipe}"], [*SET, *own])
    again = gin_config.load([f"gin/recipes/{recipe}"], [*SET, *own])
    assert (run.train, run.model, run.optimizer) == (again.train, again.model, again.optimizer)


def test_a_macro_that_only_what_the_run_does_not_use_would_read_is_refused():
    with pytest.raises(
        ConfigError, match=r"this run does not read LEARNING_RATE, only AdamWConfig\.learning_rate would"
    ):
        gin_config.load([DEMO, "gin/runs/rsqrt.gin"], [*SET, "LEARNING_RATE = 1e-6"])
    assert gin_config.load([DEMO], [*SET, "LEARNING_RATE = 1e-6"]).optimizer.learning_rate == 1e-6


@pytest.mark.parametrize(
    "text",
    ["TASK_FEATURE_LENGTHS = {'inputs': 64, 'targets': 8, 'inputs': 9}", "TASK_FOLDERS = {\n 'a': '/x',\n 'a': '/y'}"],
)
def test_a_key_that_a_dict_has_twice_is_named(tmp_path, text):
    with pytest.raises(ConfigError, match=r"a dict has '(inputs|a)' twice: keep one"):
        gin_config.load([DEMO], [*SET, text])
    with pytest.raises(ConfigError, match=r"mine\.gin:\d: a dict has '(inputs|a)' twice"):
        gin_config.load([write(tmp_path, text)], SET)


@pytest.mark.parametrize(
    ("bindings", "words"),
    [
        (
            ["DecoderConfig.rope_high_freq_factor = 8.0"],
            "rope_high_freq_factor is 8.0, and rope_scaling none does not re",
        ),
        (
            ["DecoderConfig.rope_scaling = 'linear'", "DecoderConfig.rope_original_positions = 4096"],
            "rope_original_positions is 4096, and rope_scaling linear does not read it: use rope_scaling llama3",
        ),
        (
            ["DecoderConfig.position = 'learned'", "DecoderConfig.rope_theta = 5e5"],
            "rope_theta is 500000.0, and position learned does not read it: use position rope, or 10000.0, the default",
        ),
        (
            ["DecoderConfig.relative_attention_num_buckets = 64"],
            "num_buckets is 64, and position rope does not read it",
        ),
    ],
)
def test_a_setting_of_a_decoder_that_another_leaves_without_effect_is_refused(bindings, words):
    with pytest.raises(ConfigError, match=words):
        gin_config.load([DEMO], [*SET, "RunConfig.model = @DecoderConfig()", *bindings])


@pytest.mark.parametrize(
    ("bindings", "words"),
    [
        (
            ["EVAL_SUITE_LIMIT = 5"],
            "^EVAL_SUITE_LIMIT is 5, and the run asks no benchmark: give EVAL_SUITE or EVAL_SUITE_",
        ),
        (["EVAL_SUITE_FORCE = True"], "^EVAL_SUITE_FORCE is True, and the run asks no benchmark"),
        (
            ["AdafactorConfig.min_parameter_scale = 0.5", "AdafactorConfig.multiply_by_parameter_scale = False"],
            "min_parameter_scale is 0.5, and multiply_by_parameter_scale False: use True",
        ),
    ],
)
def test_a_setting_of_what_a_run_does_not_do_is_refused(bindings, words):
    with pytest.raises(ConfigError, match=words):
        gin_config.load([DEMO], [*SET, *bindings])
    assert gin_config.load([DEMO], [*SET, "EVAL_SUITE_LIMIT = 20"]).evaluation.suite_limit == 20
    recipe = [DEMO, "gin/runs/select_on_mmlu.gin"]  # whose benchmarks a run may take out
    bindings = [*SET, "EVAL_SUITE = ()", "EVAL_SUITE_SELECTION = ()"]
    assert gin_config.load(recipe, bindings).evaluation.suite_split == "validation"
