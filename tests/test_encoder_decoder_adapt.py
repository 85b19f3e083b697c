"""Encoder-decoders made of decoders: what starts as what, the folder that `flan-jax adapt` makes, and training it."""

import functools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict
from shared import ROOT
from test_decoder_model import GEMMA, GPT3, LLAMA, PALM, SIZES, params_of
from tiny_model import VOCABULARY
from tiny_model import save as save_t5

from flan_jax.checkpoints.find import find_weights
from flan_jax.checkpoints.lineage import trained_on
from flan_jax.checkpoints.weights import load_weights, read_model_info, save_weights
from flan_jax.cli import gin_config
from flan_jax.cli.main import main
from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.declare.registry import add_task
from flan_jax.declare.task import Task
from flan_jax.interop.tensors import SafetensorsTensors
from flan_jax.models import (
    DecoderConfig,
    EncoderDecoderConfig,
    count_params,
    decode_teacher_forced,
    forward,
    param_shapes,
)
from flan_jax.models.adaptation import adapted_config, adapted_params
from flan_jax.models.attention import segment_mask
from flan_jax.models.decoder import DecoderOnly
from flan_jax.models.encoder_decoder import EncoderDecoder
from flan_jax.models.layers import apply
from flan_jax.workflows.adapting import adapt_weights

QWEN = {"num_kv_heads": 1, "biases": "qkv", "query_key_norm": "each_head", "mlp": "gelu", "embedding_init_std": 1.0}
KINDS = {"llama": LLAMA, "gemma": GEMMA, "qwen": QWEN}
each_kind = pytest.mark.parametrize("kind", KINDS)
SET = ["MODEL_DIR = 'runs/x'", "INITIAL_CHECKPOINT_PATH = 'weights'", "VOCAB_PATH = 'tokenizer.json'"]
TOKENS = np.random.default_rng(0).integers(1, 48, (2, 12)).astype(np.int32)
run = jax.jit(forward, static_argnums=0)


@functools.cache
def models(kind):
    """(decoder's configuration and parameters, the encoder-decoder's)."""
    decoder = DecoderConfig(**{**SIZES, **KINDS[kind], "dtype": "float32", "num_layers": 3})
    params = params_of(decoder)
    return decoder, params, adapted_config(decoder), adapted_params(params)


@each_kind
def test_each_array_comes_from_its_place_in_the_decoder(kind):
    decoder, params, config, adapted = models(kind)
    theirs, ours = flatten_dict(params, sep="/"), flatten_dict(adapted, sep="/")
    assert {name: leaf.shape for name, leaf in ours.items()} == {
        name: leaf.shape for name, leaf in flatten_dict(param_shapes(config), sep="/").items()
    }
    read = set()
    for name, leaf in ours.items():
        source = name
        if name.startswith("encoder/"):
            source = name.replace("encoder/", "decoder/", 1).replace("encoder_norm", "decoder_norm")
        for new in ("self_attention", "cross_attention", "encoder_decoder_attention"):
            source = source.replace(f"/{new}/", "/attention/").replace(f"_{new}_layer_norm", "_attention_layer_norm")
        assert leaf is theirs[source], name
        read.add(source)
    assert read == set(theirs)
    for field in ("num_kv_heads", "window", "rope_scaling", "query_scalar", "embeddings", "biases", "max_positions"):
        assert getattr(config, field) == getattr(decoder, field)
    assert (config.num_encoder_layers, config.num_layers, config.token_tables) == (3, 3, "shared")


@each_kind
def test_the_encoder_with_a_causal_mask_is_the_decoder(kind):
    """Its states, behind the last norm: all but the mask of the new encoder is the decoder's."""
    decoder, params, config, adapted = models(kind)
    positions, ones = np.broadcast_to(np.arange(12), (2, 12)), np.ones_like(TOKENS)
    causal = segment_mask(ones, ones, causal=True)

    @jax.jit
    def ours(adapted, mask):
        def states(model, tokens):
            return model.encoder(model.token_embedder(tokens), positions, mask, None)

        return apply(EncoderDecoder(config), adapted, TOKENS, method=states)

    @jax.jit
    def theirs(params):
        def states(model, tokens):
            masks = model_masks(causal, positions, decoder)
            return model.decoder(model.token_embedder(tokens), positions, masks, None)

        return apply(DecoderOnly(decoder), params, TOKENS, method=states)

    expected = theirs(params)
    np.testing.assert_allclose(ours(adapted, causal), expected, atol=2e-5)
    both_ways = ours(adapted, segment_mask(ones, ones, causal=False))
    assert np.abs(both_ways - expected).max() > 0.1


def model_masks(mask, positions, decoder):
    from flan_jax.models.windows import with_window

    return with_window(decoder, mask, jnp.asarray(positions), jnp.asarray(positions))


@each_kind
def test_the_decoder_without_cross_attention_is_the_decoder(kind):
    decoder, params, config, adapted = models(kind)
    layers = adapted["decoder"]["layers"]
    mute = jax.tree.map(np.zeros_like, layers["encoder_decoder_attention"]["out"])
    attention = {**layers["encoder_decoder_attention"], "out": mute}
    silent = {
        **adapted,
        "decoder": {**adapted["decoder"], "layers": {**layers, "encoder_decoder_attention": attention}},
    }
    encoded, mask = np.ones((2, 4, 32), np.float32), np.ones((2, 4), np.int32)
    decode = jax.jit(decode_teacher_forced, static_argnums=0)
    expected = run(decoder, params, {"decoder_input_tokens": TOKENS})
    np.testing.assert_allclose(decode(config, silent, encoded, mask, TOKENS), expected, atol=3e-5)
    assert np.abs(decode(config, adapted, encoded, mask, TOKENS) - expected).max() > 0.1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (GPT3, "a decoder whose position is learned cannot be adapted"),
        (PALM, "a decoder whose block is parallel cannot be adapted"),
        (None, "a model of family encoder_decoder has an encoder already: give a decoder-only one"),
    ],
)
def test_what_has_no_place_in_an_encoder_decoder_is_refused(settings, words):
    config = EncoderDecoderConfig() if settings is None else DecoderConfig(**SIZES, **settings)
    with pytest.raises(ConfigError, match=words):
        adapted_config(config)


def test_the_gin_files_of_a_size_are_of_what_is_made_of_it():
    run = gin_config.load(["gin/recipes/smollm2_encoder_decoder.gin"], SET)
    decoder = gin_config.load(["gin/recipes/smollm2_procedural.gin"], SET)
    assert run.model == adapted_config(decoder.model, 1)
    said = (ROOT / "gin/models/llama_135m_135m.gin").read_text()
    assert f"{count_params(run.model):,} parameters" in said


TINY = DecoderConfig(
    vocab_size=VOCABULARY.size, emb_dim=16, num_layers=2, num_heads=2, num_kv_heads=1, head_dim=8, mlp_dim=16,
    dtype="float32", embedding_init_std=0.3, attention="causal", start_id=None, prompt_end="nothing", window=8,
    global_every=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def decoder_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decoder")
    VOCABULARY.copy_to(folder)
    save_weights(
        folder,
        params_of(TINY),
        TINY.to_json(),
        dtype="bfloat16",
        vocab_file=VOCABULARY.path.name,
        vocab_fingerprint=VOCABULARY.fingerprint,
        trained_on={"tasks": ["a", "b"], "mixtures": ["ab"], "unknown": []},
        origin={"format": "hugging_face", "model_type": "llama"},
    )
    return folder


@pytest.fixture(scope="module")
def adapted_folder(decoder_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("adapted") / "ours"
    assert main(["adapt", "--checkpoint", str(decoder_folder), "--out", str(out)]) == 0
    return out


def test_the_folder_holds_the_model_its_vocabulary_and_its_history(decoder_folder, adapted_folder, capsys):
    source = find_weights(adapted_folder)
    assert source.model_config() == adapted_config(TINY, VOCABULARY.eos_id)  # T5's vocabulary has no BOS
    assert source.vocab_path == adapted_folder / VOCABULARY.path.name
    assert source.vocab_fingerprint == VOCABULARY.fingerprint and source.step is None
    assert trained_on(source).tasks == ("a", "b")
    info = read_model_info(adapted_folder)
    assert info["origin"] == {
        **{"format": "adapted", "name": str(decoder_folder), "recipe": "arXiv 2504.06225", "step": None},
        "decoder": {"format": "hugging_face", "model_type": "llama"},
    }
    # Stored as it was: no digit is lost, none is added.
    ours, theirs = (load_weights(folder)[0] for folder in (adapted_folder, decoder_folder))
    jax.tree.map(np.testing.assert_array_equal, ours, adapted_params(theirs))
    stored = SafetensorsTensors(adapted_folder, [adapted_folder / "weights.safetensors"]).infos.values()
    assert {info.dtype for info in stored} == {"bfloat16"}


def test_what_cannot_be_adapted_is_told(decoder_folder, adapted_folder, tmp_path):
    with pytest.raises(
        CheckpointError, match=r"weights\.safetensors is there already: delete .*, or give another --out"
    ):
        adapt_weights(str(decoder_folder), adapted_folder)
    t5 = save_t5(tmp_path / "t5")
    with pytest.raises(ConfigError, match="t5: a model of family t5 has an encoder already: give a decoder-only one"):
        adapt_weights(str(t5), tmp_path / "out")
    with pytest.raises(ConfigError, match="encoder_decoder has an encoder already"):
        adapt_weights(str(adapted_folder), tmp_path / "out")
    with pytest.raises(CheckpointError, match="is no folder"):
        adapt_weights(str(tmp_path / "absent"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


class Documents:
    """Rows of a line of words."""

    splits = ("train",)
    description = "made for a test"

    def rows(self, split):
        words = "red green blue one two three apple pear plum north south".split()
        return [{"text": " ".join(words[(i * j) % 11] for j in range(20))} for i in range(1, 25)]


def render(row, rng, pool):
    from flan_jax.declare.example import Rendered

    return Rendered("", row["text"])


def read_losses(folder):
    return [json.loads(line)["loss"] for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("objective", ["prefix_lm", "ul2"])
def test_it_is_trained_by_a_recipe_and_asked(objective, adapted_folder, tmp_path, capsys):
    """`flan-jax adapt`, `train` from a gin file and `infer`, with either objective of the recipe."""
    from flan_jax.cache.build import build_cache

    name = f"adapted_{objective}"
    add_task(Task(name, name, Documents(), render, objective=objective, eval_split=None))
    build_cache(
        name, vocabulary=VOCABULARY, cache_dir=tmp_path / "cache", max_inputs_length=24, modules=(), num_workers=1
    )
    recipe = tmp_path / "recipe.gin"
    fields = {**TINY.to_json(), "attention": "causal", "prompt_end": "eos", "start_id": VOCABULARY.eos_id}
    fields |= {"num_encoder_layers": 2}
    defaults = EncoderDecoderConfig().to_json()
    lines = [f"EncoderDecoderConfig.{n} = {v!r}" for n, v in fields.items() if n != "family" and defaults[n] != v]
    recipe.write_text(
        "include 'gin/runs/pretrain.gin'\nRunConfig.model = @EncoderDecoderConfig()\n"
        "EncoderDecoderConfig.dropout_rate = %DROPOUT_RATE\n"
        f"MIXTURE_OR_TASK_NAME = '{name}'\nINITIAL_CHECKPOINT_PATH = '{adapted_folder}'\n"
        "TASK_FEATURE_LENGTHS = {'inputs': 24, 'targets': 16}\nEVAL_INPUTS_LENGTH = 24\nEVAL_TARGETS_LENGTH = 8\n"
        "BATCH_SIZE = 8\nTRAIN_STEPS = 2\nLOG_PERIOD = 1\nLEARNING_RATE = 1e-2\n" + "\n".join(lines) + "\n"
    )
    model_dir = tmp_path / "run"
    flags = [f"--gin.MODEL_DIR={model_dir}", f"--gin.CACHE_DIR={tmp_path / 'cache'}", "--gin.RANDOM_SEED=1"]
    assert main(["train", "--gin_file", str(recipe), *flags]) == 0
    losses = read_losses(model_dir)
    assert len(losses) == 2 and np.isfinite(losses).all()
    assert find_weights(model_dir).model_config().family == "encoder_decoder"
    assert trained_on(find_weights(model_dir)).tasks == ("a", name, "b")
    capsys.readouterr()
    ask = ["infer", "--checkpoint", str(model_dir), "--prompt", "red green blue", "--max_decode_len", "4"]
    assert main([*ask, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["prompt"] == "red green blue"
