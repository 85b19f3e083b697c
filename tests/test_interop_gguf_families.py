"""gguf files of Gemma, Qwen and Llama 3.1: folders of tests/data/families as llama.cpp would write them."""

import json
import pathlib

import numpy as np
import pytest
from safetensors.numpy import load_file
from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2
from test_interop_gguf import add_bpe, neighbours_from_halves

from flan_jax.core.errors import CheckpointError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.interop.gguf import open_gguf
from flan_jax.interop.hugging_face import open_hugging_face

gguf = pytest.importorskip("gguf", reason="the gguf package is not installed (flan_jax[hf])")
tokenizers = pytest.importorskip("tokenizers", reason="the tokenizers package is not installed (flan_jax[hf])")

FOLDERS = pathlib.Path(__file__).parent / "data" / "families"
NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
NORMS = {
    "gemma": {
        "post_attention_layernorm": "post_attention_norm",
        "pre_feedforward_layernorm": "ffn_norm",
        "post_feedforward_layernorm": "post_ffw_norm",
    },
    "others": {"post_attention_layernorm": "ffn_norm"},
}
TOP = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def write(path: pathlib.Path, family: str, architecture: str, tensors=None, tokenizer=add_bpe, **fields) -> None:
    """The folder of `family` as a gguf."""
    settings = json.loads((FOLDERS / family / "config.json").read_text())
    out = gguf.GGUFWriter(str(path), architecture)
    sizes = {
        "vocab_size": settings["vocab_size"],
        "block_count": settings["num_hidden_layers"],
        "context_length": settings["max_position_embeddings"],
        "embedding_length": settings["hidden_size"],
        "feed_forward_length": settings["intermediate_size"],
        "attention.head_count": settings["num_attention_heads"],
        "attention.head_count_kv": settings["num_key_value_heads"],
        "attention.layer_norm_rms_epsilon": settings["rms_norm_eps"],
        "attention.key_length": settings.get("head_dim"),
        **fields,
    }
    for name, value in sizes.items():
        if value is not None:
            add = {str: out.add_string, float: out.add_float32, int: out.add_uint32}[type(value)]
            add(f"{architecture}.{name}", value)
    tokenizer(out)
    is_gemma = family.startswith("gemma")
    names = NAMES | NORMS["gemma" if is_gemma else "others"]
    for name, array in load_file(FOLDERS / family / "model.safetensors").items():
        module, _, end = name.rpartition(".")
        array = array.astype(np.float32)
        if is_gemma and module.endswith("norm"):
            array = array + 1
        if module in TOP:
            theirs = TOP[module]
        else:
            _, _, layer, part = module.split(".", 3)
            theirs = f"blk.{layer}.{names[part]}"
            heads = {"attn_q": 4, "attn_k": 2}.get(names[part])
            if heads and architecture == "llama":
                array = neighbours_from_halves(array, heads)
        out.add_tensor(f"{theirs}.{end}", np.ascontiguousarray(array))
    for name, array in (tensors or {}).items():
        out.add_tensor(name, array)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


@pytest.mark.parametrize(
    ("family", "architecture", "fields", "changes"),
    [
        ("qwen2", "qwen2", {"rope.freq_base": 10000.0}, {}),
        ("qwen3", "qwen3", {"rope.freq_base": 10000.0}, {"window": None}),
        (
            "gemma3",
            "gemma3",
            {"attention.sliding_window": 5, "rope.scaling.type": "linear", "rope.scaling.factor": 4.0},
            {"global_every": 6, "query_scalar": None},  # llama.cpp's, and no file says otherwise
        ),
        (
            "gemma2",
            "gemma2",
            {"attention.sliding_window": 5, "attn_logit_softcapping": 3.0, "final_logit_softcapping": 4.0},
            {},
        ),
        ("llama3", "llama", {"rope.freq_base": 100.0}, {"rope_scaling": "none", "rope_factor": 1.0}),
    ],
)
def test_a_float_file_is_the_hugging_face_folder_it_was_made_of(family, architecture, fields, changes, tmp_path):
    write(tmp_path / "model.gguf", family, architecture, **fields)
    theirs, ours = open_hugging_face(FOLDERS / family), open_gguf(tmp_path / "model.gguf")
    expected = theirs.config.replace(**changes, start_id=ours.config.start_id)
    assert ours.config.replace(rope_original_positions=expected.rope_original_positions) == expected
    by_name = {(p.ours, p.layer): p for p in theirs.pieces}
    assert len(ours.pieces) == len(by_name)
    for piece in ours.pieces:
        other = by_name[piece.ours, piece.layer]
        there = other.turn(theirs.tensors.read(other.theirs)).astype(np.float32)
        # float16 has more digits below 1 than float32 keeps after 1 was added.
        np.testing.assert_allclose(piece.turn(ours.tensors.read(piece.theirs)), there, atol=1e-7)


def llama31_factors(theta: float, head_dim: int, factor: float, low: float = 1.0) -> np.ndarray:
    """As llama.cpp's converter computes them."""
    found = []
    for i in range(0, head_dim, 2):
        wavelength = 2 * np.pi * theta ** (i / head_dim)
        if wavelength < 8192 / 4:
            found.append(1.0)
        elif wavelength > 8192 / low:
            found.append(factor)
        else:
            smooth = (8192 / wavelength - low) / (4 - low)
            found.append(1 / ((1 - smooth) / factor + smooth))
    return np.array(found, np.float32)


def test_llama_31s_scaling_is_recognised_by_its_factors(tmp_path):
    for theta, factor in ((500000.0, 32.0), (9000.0, 8.0)):
        factors = llama31_factors(theta, 12, factor)
        write(tmp_path / "m.gguf", "llama3", "llama", {"rope_freqs.weight": factors}, **{"rope.freq_base": theta})
        config = open_gguf(tmp_path / "m.gguf").config
        assert (config.rope_scaling, config.rope_original_positions) == ("llama3", 8192)
        assert config.rope_factor == pytest.approx(factors.max(), rel=1e-5)
        (tmp_path / "m.gguf").unlink()


@pytest.mark.parametrize(
    ("fields", "factor"),
    [
        ({"rope.scaling.factor": 4.0}, 4.0),  # linear, where nothing says of what kind
        ({"rope.scale_linear": 2.5}, 2.5),  # its name in older files
        ({"rope.scaling.type": "linear", "rope.scale_linear": 4.0}, 4.0),
        ({"rope.scaling.factor": 4.0, "rope.scale_linear": 4.0}, 4.0),
        ({"rope.scaling.factor": 1.0}, 1.0),
        ({"rope.scaling.factor": 0.0}, 1.0),
        ({"rope.scaling.type": "none", "rope.scaling.factor": 1.0}, 1.0),
    ],
)
def test_a_factor_without_a_type_is_linear_as_in_llama_cpp(fields, factor, tmp_path):
    write(tmp_path / "model.gguf", "llama3", "llama", **{"rope.freq_base": 100.0, **fields})
    config = open_gguf(tmp_path / "model.gguf").config
    assert (config.rope_scaling, config.rope_factor) == ("none" if factor == 1 else "linear", factor)


@pytest.mark.parametrize(
    ("family", "architecture", "options", "words"),
    [
        ("llama3", "llama", {"tensors": {"rope_freqs.weight": np.full(6, 3, np.float32)}}, ["rope_freqs", "hf:"]),
        ("llama3", "llama", {"rope.scaling.type": "yarn"}, ["as yarn", "linear scaling"]),
        ("llama3", "llama", {"rope.scaling.type": "linear"}, ["no llama.rope.scaling.factor"]),
        (
            "llama3",
            "llama",
            {"rope.scaling.type": "none", "rope.scaling.factor": 2.0},
            ["scaling.factor 2.0, and", "none"],
        ),
        ("llama3", "llama", {"rope.scaling.factor": 2.0, "rope.scale_linear": 3.0}, ["factor 2.0 and", "linear 3.0"]),
        ("llama3", "llama", {"rope.scaling.attn_factor": 1.5}, ["llama.rope.scaling.attn_factor 1.5", "have 1"]),
        (
            "llama3",
            "llama",
            {"rope.scaling.factor": 2.0, "tensors": {"rope_freqs.weight": np.full(6, 3, np.float32)}},
            ["twice, by rope_freqs.weight and by a factor of 2.0", "hf:"],
        ),
        ("qwen2", "qwen2", {"attention.sliding_window": 8}, ["qwen2.attention.sliding_window 8", "hf:"]),
        ("gemma3", "gemma3", {"attn_logit_softcapping": 50.0}, ["gemma3.attn_logit_softcapping 50.0"]),
        ("qwen3", "qwen2", {}, ["attn_q_norm.weight: not in this model", "attn_q.bias: expected [48], missing"]),
    ],
)
def test_a_file_that_ours_cannot_be_is_refused_with_its_reason(family, architecture, options, words, tmp_path):
    write(tmp_path / "model.gguf", family, architecture, **options)
    with pytest.raises(CheckpointError) as error:
        open_gguf(tmp_path / "model.gguf")
    assert all(word in str(error.value) for word in words), error.value


def test_gemmas_sentencepiece_becomes_a_tokenizer_json_that_cuts_as_it_does(tmp_path):
    """Pieces by score, runs of line breaks and spaces as pieces of their own, bytes, and the tokens of chats."""
    kinds = sentencepiece_model_pb2.ModelProto.SentencePiece
    model = sentencepiece_model_pb2.ModelProto()
    for text in ("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>"):
        model.pieces.add(piece=text, score=0.0, type=kinds.UNKNOWN if text == "<unk>" else kinds.CONTROL)
    for text in ("\n", "\n\n", "\u2581\u2581", "\u2581\u2581\u2581"):
        model.pieces.add(piece=text, score=0.0, type=kinds.USER_DEFINED)
    for byte in range(256):
        model.pieces.add(piece=f"<0x{byte:02X}>", score=0.0, type=kinds.BYTE)
    letters = "\u2581abcdehlnorst"
    words = [
        "he",
        "\u2581t",
        "\u2581the",
        "th",
        "or",
        "an",
        "\u2581a",
        "\u2581and",
        "nd",
        "er",
        "\u2581th",
        "ll",
        "hell",
    ]
    for rank, text in enumerate([*words, *letters]):
        model.pieces.add(piece=text, score=-float(rank))
    trainer, normaliser = model.trainer_spec, model.normalizer_spec
    trainer.model_type, trainer.byte_fallback = sentencepiece_model_pb2.TrainerSpec.BPE, True
    trainer.pad_id, trainer.eos_id, trainer.bos_id, trainer.unk_id = 0, 1, 2, 3
    normaliser.name, normaliser.add_dummy_prefix, normaliser.remove_extra_whitespaces = "identity", False, False
    theirs = SentencePieceProcessor(model_proto=model.SerializeToString())

    def add_gemmas(out):
        out.add_tokenizer_model("llama")
        # llama.cpp's converter writes user-defined spaces as spaces, and <unk> as a control token.
        out.add_token_list(
            [p.piece.replace("\u2581", " ") if p.type == kinds.USER_DEFINED else p.piece for p in model.pieces]
        )
        out.add_token_scores([p.score for p in model.pieces])
        out.add_token_types([kinds.CONTROL if p.type == kinds.UNKNOWN else p.type for p in model.pieces])
        out.add_bos_token_id(2)
        out.add_eos_token_id(1)
        out.add_unk_token_id(3)
        # The converter writes the latter; BOS is what llama.cpp puts in front by itself.
        out.add_add_space_prefix(False)

    write(tmp_path / "model.gguf", "gemma2", "gemma2", tokenizer=add_gemmas, **{"attention.sliding_window": 5})
    for name, content in open_gguf(tmp_path / "model.gguf").vocab_files.items():
        (tmp_path / name).write_bytes(content)
    ours = load_vocabulary(str(tmp_path / "tokenizer.json"))
    assert (ours.eos_id, ours.start_id, ours.size) == (1, 2, len(model.pieces))
    for text in ("hello and the others", " the   land\n\n\nthe hell", "\u00e9\U0001f600 b", "", "and  a"):
        assert ours.encode(text) == theirs.encode(text), text
        assert ours.decode(ours.encode(text)) == text
    assert ours.encode("<start_of_turn>and")[0] == 4
