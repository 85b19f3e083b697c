"""Decoder-only models as gin gives them: the papers' parameter counts, and what a wrong setting says."""

import csv

import pytest
from shared import shared_path

from flan_jax.cli import gin_config
from flan_jax.core.errors import ConfigError
from flan_jax.models import DecoderConfig, count_params, param_shapes

RUN = """
include 'gin/models/{model}.gin'
include 'gin/runs/pretrain.gin'
MODEL_DIR = 'runs/test'
MIXTURE_OR_TASK_NAME = 'procedural_train'
TASK_FEATURE_LENGTHS = {{'inputs': 64, 'targets': 32}}
TRAIN_STEPS = 1
EVAL_INPUTS_LENGTH = 64
EVAL_TARGETS_LENGTH = 32
"""
# Row of facts/architectures.csv -> gin file.
MODELS = {
    "PaLM 8B": "palm_8b",
    "PaLM 62B": "palm_62b",
    "PaLM 540B": "palm_540b",
    "LaMDA 2B": "lamda_pt_2b",
    "LaMDA 8B": "lamda_pt_8b",
    "LaMDA-PT 137B": "lamda_pt_137b",
    "GPT-3 1.3B (paper table: 24 heads x 128)": "gpt3_1_3b_24_heads",
    "GPT-3 1.3B (16 heads x 128, d_model = heads x head_dim)": "gpt3_1_3b",
    'GPT-3 6.7B (InstructGPT "6B")': "gpt3_6_7b",
    "GPT-3 175B": "gpt3_175b",
}


def model_of(tmp_path, name: str) -> DecoderConfig:
    path = tmp_path / "run.gin"
    path.write_text(RUN.format(model=name))
    model = gin_config.load([str(path)]).model
    assert isinstance(model, DecoderConfig)
    return model


@pytest.mark.parametrize("row_name", MODELS)
def test_the_papers_models_have_their_sizes_and_parameter_counts(tmp_path, row_name):
    lines = shared_path("facts/architectures.csv").read_text().splitlines()
    row = {row["model"]: row for row in csv.DictReader(lines)}[row_name]
    model = model_of(tmp_path, MODELS[row_name])
    sizes = (model.num_layers, model.emb_dim, model.num_heads, model.head_dim, model.num_kv_heads, model.mlp_dim)
    columns = ("layers", "d_model", "heads", "head_dim", "kv_heads", "d_ff")
    assert sizes == tuple(int(row[column]) for column in columns) and model.vocab_size == int(row["vocab"])
    if row["parameter_count_kind"] == "non-embedding":
        layers = param_shapes(model)["decoder"]["layers"]
        shapes = [module["kernel"].shape for part in ("attention", "mlp") for module in layers[part].values()]
        assert sum(n * d * f for n, d, f in shapes) == int(row["parameters"])
    else:
        assert count_params(model) == int(row["parameters"])


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("llama_135m", 134_515_008),
        ("llama_1b", 1_235_814_400),
        ("llama3_2_1b", 1_235_814_400),
        ("gemma3_270m", 268_098_176),
        ("gemma3_1b", 999_885_952),
        ("gemma3_4b", 3_880_263_168),
        ("qwen2_5_0_5b", 494_032_768),
        ("qwen2_5_1_5b", 1_543_714_304),
        ("qwen3_0_6b", 596_049_920),
    ],
)
def test_models_have_the_published_counts(tmp_path, name, count):
    assert count_params(model_of(tmp_path, name)) == count


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"norm": "rms"}, ["norm", "rms", "rmsnorm"]),
        ({"num_heads": 9, "num_kv_heads": 2}, ["num_kv_heads 2", "num_heads 9", "1, 3, 9"]),
        ({"head_dim": 63}, ["63", "even"]),
        ({"emb_dim": 0}, ["emb_dim", "0", "at least 1"]),
        ({"dropout_rate": 1.0}, ["1.0", "[0, 1)"]),
        ({"start_id": 49152}, ["49152", "49152 rows"]),
        ({"position": "relative", "relative_attention_max_distance": 16}, ["16", "128"]),
        ({"rope_theta": 0}, ["rope_theta", "above 0"]),
        ({"global_every": 6}, ["global_every is 6", "no layer has a window"]),
        ({"local_rope_theta": 1e4}, ["local_rope_theta is 10000.0", "no layer has a window"]),
        ({"window": 8, "global_every": 1}, ["global_every", "1", "at least 2"]),
        ({"rope_scaling": "linear", "position": "learned"}, ["rope_scaling is linear", "learned turns nothing"]),
        ({"rope_factor": 8.0}, ["rope_factor is 8.0", "nothing is scaled"]),
        ({"rope_scaling": "llama3", "rope_low_freq_factor": 4.0}, ["rope_low_freq_factor is 4.0", "below"]),
        ({"norm_sides": "around", "block": "parallel"}, ["norm_sides is around", "block sequential"]),
    ],
)
def test_a_wrong_setting_says_what_is_allowed(changes, words):
    with pytest.raises(ConfigError) as error:
        DecoderConfig(**changes)
    assert all(word in str(error.value) for word in words), error.value


def test_bindings_of_the_family_that_is_not_chosen_are_refused(tmp_path):
    path = tmp_path / "run.gin"
    path.write_text(RUN.format(model="palm_8b") + "T5Config.emb_dim = 64\n")
    with pytest.raises(ConfigError, match=r"T5Config\.emb_dim is never used"):
        gin_config.load([str(path)])
