"""Every recipe of a paper against the facts: each number of its row of finetune_hparams.csv, through the command line's
own reader of gin."""

import csv
import dataclasses
import re

import pytest
from shared import ROOT, shared_path

import flan_jax.tasks  # noqa: F401  # registers mixtures
from flan_jax.checkpoints.lineage import TrainedOn
from flan_jax.cli import gin_config
from flan_jax.declare.registry import get_mixture
from flan_jax.evaluate.in_training import SuiteEvaluator
from flan_jax.models import DecoderConfig, T5Config, count_params
from flan_jax.optim import AdafactorConfig, AdamWConfig, CosineSchedule, RsqrtSchedule, for_run

SET = ["MODEL_DIR = 'runs/test'", "INITIAL_CHECKPOINT_PATH = 'weights'"]

# recipe -> (row of finetune_hparams.csv, rows of architectures.csv, mixture)
RECIPES = {
    "flan_t5_small": ("Flan-T5-Small", "T5 1.1 small", "flan2022"),
    "flan_t5_base": ("Flan-T5-Base", "T5 1.1 base", "flan2022"),
    "flan_t5_large": ("Flan-T5-Large", "T5 1.1 large", "flan2022"),
    "flan_t5_xl": ("Flan-T5-XL", "T5 1.1 XL", "flan2022"),
    "flan_t5_xxl": ("Flan-T5-XXL", "T5 1.1 XXL", "flan2022"),
    # Z_disagreements.md, 6: these two are the models of the scaling studies, in proportions A.
    "flan_palm_8b": ("Flan-PaLM 8B", "PaLM 8B", "flan2022_a"),
    "flan_palm_62b": ("Flan-PaLM 62B", "PaLM 62B", "flan2022_a"),
    "flan_palm_540b": ("Flan-PaLM 540B", "PaLM 540B", "flan2022"),
    "flan_cont_palm_62b": ("Flan-cont-PaLM 62B", "PaLM 62B", "flan2022"),
    "flan_u_palm_540b": ("Flan-U-PaLM 540B", "PaLM 540B", "flan2022"),
    "flan_137b": ("FLAN 137B", None, "flan2021"),
    "t0_3b": ("T0 3B", "T5 1.1 XL", "t0"),
    "t0_11b": ("T0/T0+/T0++ 11B", "T5 1.1 XXL", "t0"),
    "t0p_11b": ("T0/T0+/T0++ 11B", "T5 1.1 XXL", "t0p"),
    "t0pp_11b": ("T0/T0+/T0++ 11B", "T5 1.1 XXL", "t0pp"),
    "tk_instruct_11b": ("Tk-Instruct 11B", "T5 1.1 XXL", "tk_instruct"),
    "tk_instruct_3b": ("repo script 3B", "T5 1.1 XL", "tk_instruct"),
    "mtk_instruct_3b": ("mTk-Instruct", "mT5 XL", "mtk_instruct"),
    "mtk_instruct_13b": ("mTk-Instruct", "mT5 XXL", "mtk_instruct"),
    "instructgpt_sft_1_3b": ("SFT 1.3B", "GPT-3 1.3B (16 heads x 128, d_model = heads x head_dim)", "instructgpt_sft"),
    "instructgpt_sft_6b": ("SFT 6B", 'GPT-3 6.7B (InstructGPT "6B")', "instructgpt_sft"),
    "instructgpt_sft_175b": ("SFT 175B", "GPT-3 175B", "instructgpt_sft"),
}
GPUS = 8  # of tk_instruct_3b, whose batch is "2 x GPUs"


def rows_of(file):
    with open(shared_path(f"facts/{file}")) as lines:
        return {row["model"]: row for row in csv.DictReader(lines)}


def load(recipe, *bindings):
    return gin_config.load([f"gin/recipes/{recipe}.gin"], [*SET, *bindings])


@pytest.fixture(autouse=True)
def _at_root(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_has_its_papers_numbers(recipe):
    fact = rows_of("finetune_hparams.csv")[RECIPES[recipe][0]]
    run = load(recipe)
    train, model, optimizer = run.train, run.model, run.optimizer
    is_adam = fact["optimizer"].startswith("Adam") and not fact["optimizer"].startswith("Adafactor")
    assert isinstance(optimizer, AdamWConfig if is_adam else AdafactorConfig)
    if "b1" in fact["optimizer"]:
        assert (optimizer.b1, optimizer.b2) == (0.9, 0.95) and "b1 .9 b2 .95" in fact["optimizer"]

    rate, schedule = float(fact["learning_rate"]), for_run(optimizer, 1000).schedule()
    assert float(schedule(0)) == pytest.approx(rate, rel=1e-6)
    end = 0.1 if fact["lr_schedule"].startswith("cosine to 10%") else 1.0
    assert float(schedule(1000)) == pytest.approx(rate * end, rel=1e-6)
    if fact["lr_schedule"].startswith("cosine"):
        assert "no warmup" in fact["lr_schedule"] and optimizer.learning_rate.warmup_steps == 0

    inputs_length = int(fact["input_len"]) if fact["input_len"].isdigit() else 1024
    targets_length = int(fact["target_len"]) if fact["target_len"].isdigit() else 1024
    assert train.feature_lengths == {"inputs": inputs_length, "targets": targets_length}
    if fact["input_len"].startswith("2048 context"):
        assert inputs_length + targets_length == 2048 == model.max_positions
        assert "prompt up to 1k" in fact["input_len"] and "up to 1k response" in fact["target_len"]

    batch = fact["batch"]
    if fact["batch_unit"].startswith("tokens"):  # T0 and FLAN count a batch's tokens by its inputs
        assert train.batch_size * inputs_length == int(batch)
    else:
        assert train.batch_size == (2 * GPUS if batch == "2 x GPUs" else int(batch))
    if "accumulation 2" in fact["batch_unit"]:
        assert train.microbatches == 2 and train.mesh.fsdp * train.mesh.data == GPUS

    # T5X's finetune.gin where the paper says nothing (C_finetuning.md).
    assert model.dropout_rate == float(re.match(r"[\d.]*", fact["dropout"])[0] or 0.1)
    if "residual" in fact["dropout"]:
        assert model.dropout_sites == "residual"
    if match := re.fullmatch(r"([\d.]+) epochs", fact["steps"]):
        assert (train.train_steps, train.train_epochs) == (0, float(match[1]))
    else:
        assert train.train_steps == int(re.match(r"\d+", fact["steps"])[0]) and train.train_epochs is None
    assert train.z_loss == 1e-4 and train.label_smoothing == 0.0 and run.tuning.method == "full"


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_has_its_papers_model_and_mixture(recipe):
    _, architecture, mixture = RECIPES[recipe]
    run = load(recipe)
    assert run.train.mixture == mixture and get_mixture(mixture).members
    if architecture is not None:
        parameters = int(rows_of("architectures.csv")[architecture]["parameters"])
        padding = 50304 - 50257 if run.model.vocab_size == 50304 else 0
        assert count_params(run.model) == parameters + padding * run.model.emb_dim
    else:  # LaMDA-PT 137B, of which the facts give what is not embedding
        facts = rows_of("architectures.csv")["LaMDA-PT 137B"]
        table = run.model.vocab_size * run.model.emb_dim
        assert count_params(run.model) - table == pytest.approx(int(facts["parameters"]), rel=1e-4)
    assert isinstance(
        run.model, DecoderConfig if "palm" in recipe or "gpt" in recipe or recipe == "flan_137b" else T5Config
    )


PAPER_DEVICES = {
    "flan_palm_540b": 512,
    "flan_u_palm_540b": 512,
    "flan_137b": 128,
    "t0_11b": 512,
    "tk_instruct_11b": 256,
}


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipes_mesh_divides_its_batch_and_its_model(recipe):
    run = load(recipe)
    mesh = run.train.mesh
    rows = mesh.fsdp * max(1, mesh.data)
    assert run.train.batch_size % (rows * run.train.microbatches) == 0
    for size in (run.model.num_heads, run.model.vocab_size, run.model.mlp_dim):
        assert size % mesh.model == 0
    if recipe in PAPER_DEVICES:
        assert rows * mesh.model == PAPER_DEVICES[recipe]


@pytest.mark.parametrize(
    ("recipe", "mixture"), [("instructgpt_flan_175b", "flan2021"), ("instructgpt_t0_175b", "t0pp")]
)
def test_what_demonstrations_are_compared_with_is_the_papers(recipe, mixture):
    fact = rows_of("finetune_hparams.csv")["FLAN or T0 baseline on GPT-3 175B"]
    run, demonstrations = load(recipe), load("instructgpt_sft_175b")
    assert run.train.mixture == mixture and run.model == dataclasses.replace(demonstrations.model, dropout_rate=0.1)
    schedule = for_run(run.optimizer, run.train.train_steps).schedule()
    assert float(schedule(0)) == pytest.approx(float(fact["learning_rate"]), rel=1e-6)
    assert float(schedule(run.train.train_steps)) == pytest.approx(4e-7, rel=1e-6)  # a tenth, as the others'
    # Sequences are examples there, of which about eight are packed in a row here.
    assert fact["steps"] == "896k examples" and fact["batch"].startswith("64 ")
    assert run.train.train_steps * 64 == 896_000 and run.train.batch_size * 8 == 64 and run.train.train_epochs is None
    assert run.train.feature_lengths == demonstrations.train.feature_lengths


def test_every_recipe_of_a_paper_is_in_the_table():
    papers = ("flan_", "t0", "tk_", "mtk_", "instructgpt_")
    ours = {path.stem for path in (ROOT / "gin/recipes").glob("*.gin") if path.stem.startswith(papers)}
    # Of the ablation of scale, with the 137B's settings; and what InstructGPT is compared with, below.
    assert ours - set(RECIPES) == {"flan_8b", "flan_2b", "instructgpt_flan_175b", "instructgpt_t0_175b"}
    for name in ("flan_8b", "flan_2b"):
        small, large = load(name), load("flan_137b")
        assert small.optimizer == large.optimizer and small.train.train_steps == large.train.train_steps


def test_the_operative_configuration_gives_the_same_run(tmp_path):
    for recipe in ("instructgpt_sft_175b", "flan_t5_xl", "tk_instruct_3b"):
        run = load(recipe, "TUNING = 'lora'", "TuningConfig.lora_rank = 4")
        (tmp_path / "again.gin").write_text(run.operative)
        again = gin_config.load([str(tmp_path / "again.gin")])
        assert (again.train, again.model, again.optimizer, again.tuning) == (
            run.train,
            run.model,
            run.optimizer,
            run.tuning,
        )
        assert again.tuning.lora_rank == 4


def test_variants_for_after_a_recipe():
    palm = gin_config.load(["gin/recipes/flan_palm_8b.gin", "gin/runs/adafactor_palm.gin"], SET).optimizer
    assert (palm.min_dim_size_to_factor, palm.momentum, palm.squared_rate_decay, palm.max_grad_norm) == (
        None,
        0.9,
        1.0,
        1.0,
    )
    rsqrt = gin_config.load(["gin/recipes/flan_palm_8b.gin", "gin/runs/rsqrt.gin"], SET).optimizer
    assert rsqrt.learning_rate == RsqrtSchedule(1.0, 10_000)
    u_palm = gin_config.load(
        ["gin/models/palm_540b.gin", "gin/runs/u_palm.gin"], [*SET, "MIXTURE_OR_TASK_NAME = 'procedural_prefix'"]
    )
    assert u_palm.optimizer.learning_rate == CosineSchedule(1e-4, 1e-6)
    assert (u_palm.train.batch_size, u_palm.train.train_steps) == (32, 20_000)


FLAN_2022 = [recipe for recipe, (_, _, mixture) in RECIPES.items() if mixture.startswith("flan2022")]


@pytest.mark.parametrize("recipe", FLAN_2022)
def test_a_flan_run_picks_its_checkpoint_on_what_it_holds_out(recipe):
    run = load(recipe)
    assert run.evaluation.suite_selection == ("mmlu",)
    # "Every 2k to 10k steps, depending on the model's size" (section 2.2); what is picked has been saved.
    assert 2_000 <= run.train.eval_period <= 10_000 and run.train.eval_period % run.train.checkpoint.period == 0
    assert run.train.train_steps >= 5 * run.train.eval_period
    trained_on = TrainedOn((), (run.train.mixture,))  # nothing that it asks is trained on, or this raises
    suite = SuiteEvaluator(run.evaluation, run.model, None, ROOT, trained_on, run.train.train_steps)
    assert not any("mmlu" in note for note in suite.notes)


def test_a_setting_of_an_optimizer_that_is_not_chosen_is_refused():
    with pytest.raises(gin_config.ConfigError, match=r"AdamWConfig\.b1 is never used"):
        load("flan_t5_xl", "AdamWConfig.b1 = 0.8")
    with pytest.raises(gin_config.ConfigError, match=r"AdafactorConfig\.learning_rate is never used"):
        load("tk_instruct_3b", "AdafactorConfig.learning_rate = 0.1")


def test_steps_and_epochs_are_one_or_the_other():
    with pytest.raises(gin_config.ConfigError, match="train_steps 100 and train_epochs 2"):
        load("tk_instruct_3b", "TRAIN_STEPS = 100")
    with pytest.raises(gin_config.ConfigError, match="TRAIN_STEPS is 0: give a whole number of at least 1"):
        load("flan_t5_xl", "TRAIN_STEPS = 0")
