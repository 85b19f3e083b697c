"""gguf files made here by the package that llama.cpp's converter uses: what is read, and what is refused."""

import json
import pathlib

import numpy as np
import pytest
from safetensors.numpy import load_file
from sentencepiece import SentencePieceTrainer
from shared import shared_path

from flan_jax.checkpoints.find import find_weights
from flan_jax.cli.main import main
from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.interop.gguf import open_gguf
from flan_jax.interop.hugging_face import open_hugging_face

gguf = pytest.importorskip("gguf", reason="the gguf package is not installed (flan_jax[hf])")
tokenizers = pytest.importorskip("tokenizers", reason="the tokenizers package is not installed (flan_jax[hf])")

LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
FIELDS = {
    "vocab_size": 512,
    "block_count": 3,
    "context_length": 512,
    "embedding_length": 64,
    "feed_forward_length": 96,
    "attention.head_count": 4,
    "attention.head_count_kv": 2,
    "rope.freq_base": 10000.0,
    "attention.layer_norm_rms_epsilon": 1e-5,
    "rope.dimension_count": 16,
}
TEXTS = ["The year 2048: it's 3.5 km,\n\n\tnot  4!", "naïve café — 日本語 😀", "<|im_start|>user\nHi<|im_end|>\n", ""]


def neighbours_from_halves(array: np.ndarray, num_heads: int) -> np.ndarray:
    """Rows as llama.cpp turns them: element i of a head's first half, then element i of its second."""
    heads = array.reshape(num_heads, 2, -1, array.shape[-1])
    return np.stack([heads[:, 0], heads[:, 1]], axis=2).reshape(array.shape)


def write(path: pathlib.Path, quantisation=None, architecture="llama", tensors=None, tokenizer=None, **fields) -> None:
    """The reference Llama as a gguf."""
    theirs = load_file(shared_path("peers/hf/llama/model.safetensors"))
    out = gguf.GGUFWriter(str(path), architecture)
    for name, value in {**FIELDS, **fields}.items():
        if value is not None:
            (out.add_float32 if isinstance(value, float) else out.add_uint32)(f"{architecture}.{name}", value)
    (tokenizer or add_bpe)(out)
    found = {
        "token_embd.weight": theirs["model.embed_tokens.weight"],
        "output_norm.weight": theirs["model.norm.weight"],
        "output.weight": theirs["lm_head.weight"],
    }
    for i in range(3):
        for name, short in LAYER.items():
            array = theirs[f"model.layers.{i}.{name}.weight"]
            heads = {"attn_q": 4, "attn_k": 2}.get(short)
            found[f"blk.{i}.{short}.weight"] = neighbours_from_halves(array, heads) if heads else array
    for name, array in (found | (tensors or {})).items():
        if array is None:
            continue
        if quantisation is not None and array.ndim == 2:
            out.add_tensor(name, gguf.quantize(array, quantisation), raw_dtype=quantisation)
        else:
            out.add_tensor(name, np.ascontiguousarray(array))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def bpe_vocabulary() -> tuple[list[str], list[str]]:
    """512 ids at most: the bytes, a few special tokens, and merges learnt from a text."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([pathlib.Path(__file__).read_text()], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    return tokens, [" ".join(pair) for pair in model["merges"]]


def add_bpe(out, pre="smollm", template="{{ messages[0]['content'] }}|{{ add_generation_prompt }}") -> None:
    tokens, merges = bpe_vocabulary()
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre(pre)
    out.add_token_list(tokens)
    out.add_token_types([3, 3, 3] + [1] * (len(tokens) - 3))
    out.add_token_merges(merges)
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_chat_template(template)


def import_gguf(path: pathlib.Path, out: pathlib.Path) -> None:
    assert main(["import", f"gguf:{path}", "--out", str(out), "--skip_certificate"]) == 0


def test_a_float_file_is_the_hugging_face_folder_it_was_made_of(tmp_path):
    write(tmp_path / "model.gguf")
    theirs, ours = open_hugging_face(shared_path("peers/hf/llama")), open_gguf(tmp_path / "model.gguf")
    assert ours.config == theirs.config
    by_name = {(p.ours, p.layer): p for p in theirs.pieces}
    for piece in ours.pieces:
        other = by_name[piece.ours, piece.layer]
        np.testing.assert_array_equal(
            piece.turn(ours.tensors.read(piece.theirs)), other.turn(theirs.tensors.read(other.theirs))
        )


@pytest.mark.parametrize(("name", "limit"), [("Q8_0", 0.01), ("Q4_0", 0.2), ("F16", 1e-3)])
def test_quantised_files_are_dequantised(name, limit, tmp_path):
    write(tmp_path / "model.gguf", gguf.GGMLQuantizationType[name])
    exact, ours = open_hugging_face(shared_path("peers/hf/llama")), open_gguf(tmp_path / "model.gguf")
    assert ours.notes == (f"dequantised from {', '.join(sorted(['F32', name]))}",)
    by_name = {(p.ours, p.layer): p for p in exact.pieces}
    for piece in ours.pieces:
        other = by_name[piece.ours, piece.layer]
        expected = other.turn(exact.tensors.read(other.theirs))
        found = piece.turn(ours.tensors.read(piece.theirs))
        assert np.abs(found - expected).max() <= limit * np.abs(expected).max()


def test_the_tokenizer_is_rebuilt_with_its_special_tokens_and_chat_template(tmp_path):
    write(tmp_path / "model.gguf")
    import_gguf(tmp_path / "model.gguf", tmp_path / "ours")
    source = find_weights(tmp_path / "ours")
    assert source.vocab_path is not None
    vocabulary = load_vocabulary(str(source.vocab_path))
    assert (vocabulary.eos_id, vocabulary.start_id, vocabulary.num_sentinels) == (2, None, 0)
    assert source.model_config().start_id is None and vocabulary.fingerprint == source.vocab_fingerprint
    for text in TEXTS[:2]:
        assert vocabulary.decode(vocabulary.encode(text)) == text
    ids = vocabulary.encode("<|im_start|>a<|im_end|>")
    assert ids[0] == 1 and ids[-1] == 2 and vocabulary.decode(ids) == "a"
    digits = [vocabulary.piece(i) for i in vocabulary.encode("2048")]
    assert digits == ["2", "0", "4", "8"]  # SmolLM cuts numbers into digits
    assert vocabulary.chat_prompt("Hello") == "Hello|True"
    assert vocabulary.render_chat([{"role": "user", "content": "Hi"}], add_generation_prompt=False) == "Hi|False"
    vocabulary.copy_to(tmp_path)
    assert load_vocabulary(str(tmp_path / "tokenizer.json")).fingerprint == vocabulary.fingerprint


def test_a_vocabulary_of_hugging_face_goes_through_import_and_export(tmp_path):
    write(tmp_path / "model.gguf")
    import_gguf(tmp_path / "model.gguf", tmp_path / "ours")
    export = ["export", "--checkpoint", str(tmp_path / "ours"), "--to", "hf", "--out", str(tmp_path / "theirs")]
    assert main(export) == 0
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (tmp_path / "theirs" / name).read_bytes() == (tmp_path / "ours" / name).read_bytes()
    settings = json.loads((tmp_path / "theirs/config.json").read_text())
    assert settings["eos_token_id"] == 2 and "bos_token_id" not in settings
    assert main(["import", f"hf:{tmp_path / 'theirs'}", "--out", str(tmp_path / "b"), "--skip_certificate"]) == 0
    again, first = find_weights(tmp_path / "b"), find_weights(tmp_path / "ours")
    assert again.vocab_fingerprint == first.vocab_fingerprint and again.model_config() == first.model_config()


@pytest.fixture(scope="module")
def llamas_sentencepiece(tmp_path_factory):
    """(a vocabulary of SentencePiece in Llama's convention, what puts it into a gguf)."""
    folder = tmp_path_factory.mktemp("sentencepiece")
    (folder / "text.txt").write_text(pathlib.Path(__file__).read_text())
    SentencePieceTrainer.train(
        input=str(folder / "text.txt"),
        model_prefix=str(folder / "sp"),
        vocab_size=480,
        model_type="bpe",
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        minloglevel=2,
    )
    made = load_vocabulary(str(folder / "sp.model"))
    assert (made.eos_id, made.start_id, made.num_sentinels) == (2, 1, 0)

    def add_sentencepiece(out, extra=()):
        processor = made._processor
        ids = range(made.size)
        kinds = [
            2 if processor.is_unknown(i) else 3 if processor.is_control(i) else 6 if processor.is_byte(i) else 1
            for i in ids
        ]
        out.add_tokenizer_model("llama")
        out.add_token_list([processor.id_to_piece(i) for i in ids] + [text for text, _ in extra])
        out.add_token_scores([processor.get_score(i) for i in ids] + [0.0] * len(extra))
        out.add_token_types(kinds + [kind for _, kind in extra])

    return made, add_sentencepiece


def vocabulary_in(path: pathlib.Path, folder: pathlib.Path):
    """(the vocabulary of a gguf, the model's start id, what is told of it)."""
    model = open_gguf(path)
    folder.mkdir()
    for name, content in model.vocab_files.items():
        (folder / name).write_bytes(content)
    return load_vocabulary(str(folder / next(iter(model.vocab_files)))), model.config.start_id, model.vocab_notes


def test_llamas_sentencepiece_is_rebuilt_and_its_bos_begins_prompts(llamas_sentencepiece, tmp_path):
    made, add_sentencepiece = llamas_sentencepiece
    write(tmp_path / "model.gguf", tokenizer=add_sentencepiece)
    import_gguf(tmp_path / "model.gguf", tmp_path / "ours")
    found = find_weights(tmp_path / "ours")
    vocabulary = load_vocabulary(str(found.vocab_path))
    assert found.model_config().start_id == vocabulary.start_id == 1 and found.vocab_path.name == "tokenizer.model"
    for text in TEXTS:
        assert vocabulary.encode(text) == made.encode(text)
        assert vocabulary.decode(vocabulary.encode(text)) == text


@pytest.mark.parametrize(
    ("add", "start_id", "eos_ids"),
    [
        (lambda out: out.add_add_bos_token(False), None, (2,)),
        (lambda out: out.add_chat_template("{{ messages[0]['content'] }}</s>"), 1, (2,)),
        (lambda out: out.add_eot_token_id(300), 1, (2, 300)),
    ],
)
def test_what_a_sentencepiece_model_does_not_hold_is_in_a_tokenizer_json(
    add, start_id, eos_ids, llamas_sentencepiece, tmp_path
):
    made, add_sentencepiece = llamas_sentencepiece
    write(tmp_path / "model.gguf", tokenizer=lambda out: (add_sentencepiece(out), add(out)))
    vocabulary, started, _ = vocabulary_in(tmp_path / "model.gguf", tmp_path / "ours")
    assert (vocabulary.start_id, started, vocabulary.eos_ids) == (start_id, start_id, eos_ids)
    assert (vocabulary.eos_id, vocabulary.bos_id, vocabulary.size) == (2, 1, made.size)
    for text in (*TEXTS, " a", "   spaces  before and after  ", "\u2581", "\n\n", "import numpy as np\n    return x"):
        assert vocabulary.encode(text) == made.encode(text), text
        if not set(made.encode(text)) & set(eos_ids) and not text.startswith("\u2581"):
            assert vocabulary.decode(vocabulary.encode(text)) == made.decode(made.encode(text)) == text
    if start_id and eos_ids == (2,):
        assert vocabulary.chat_prompt("Hello") == "Hello</s>"
        assert vocabulary.encode("Hello</s>") == [*made.encode("Hello"), 2]


def test_chats_tokens_of_llamas_sentencepiece_end_turns_and_are_found_as_written(llamas_sentencepiece, tmp_path):
    made, add_sentencepiece = llamas_sentencepiece
    extra = [("<|im_start|>", 3), ("<|im_end|>", 4), ("   ", 4)]
    write(tmp_path / "model.gguf", tokenizer=lambda out: add_sentencepiece(out, extra))
    vocabulary, _, notes = vocabulary_in(tmp_path / "model.gguf", tmp_path / "ours")
    first = made.size
    assert vocabulary.eos_ids == (2, first + 1)
    assert notes == ("each of </s>, <|im_end|> ends an answer, as in llama.cpp",)
    # As llama.cpp cuts: each stretch between such tokens begins with a space.
    expected = [first, *made.encode("user"), first + 1, *made.encode("a"), first + 2, *made.encode("b")]
    assert vocabulary.encode("<|im_start|>user<|im_end|>a   b") == expected


def test_end_of_turn_ends_answers_too(tmp_path, capsys):
    def add(out, **ids):
        add_bpe(out)
        for name, number in ids.items():
            getattr(out, f"add_{name}_token_id")(number)

    for i, (ids, ends) in enumerate(
        [({"eot": 0}, (2, 0)), ({"eot": 0, "eom": 1}, (2, 0, 1)), ({"eot": 2}, (2,)), ({}, (2,))]
    ):
        write(tmp_path / f"{i}.gguf", tokenizer=lambda out, ids=ids: add(out, **ids))
        import_gguf(tmp_path / f"{i}.gguf", tmp_path / f"ours{i}")
        told = capsys.readouterr().out
        found = load_vocabulary(str(find_weights(tmp_path / f"ours{i}").vocab_path))
        assert found.eos_ids == ends
        assert ("each of <|im_end|>, <|endoftext|>" in told) == (len(ends) > 1), told


def test_llama_3s_words_are_tokens_whatever_the_merges_say_and_texts_begin_with_bos(tmp_path):
    tokens, merges = bpe_vocabulary()
    word = next(token for token in reversed(tokens) if token.isascii() and token.isalpha() and len(token) > 3)
    kept = [merge for merge in merges if merge.replace(" ", "") != word]
    assert len(kept) < len(merges)

    def add(out, pre, adds_bos=None, bos=1):
        out.add_tokenizer_model("gpt2")
        out.add_tokenizer_pre(pre)
        out.add_token_list(tokens)
        out.add_token_types([3, 3, 3] + [1] * (len(tokens) - 3))
        out.add_token_merges(kept)
        out.add_eos_token_id(2)
        if bos is not None:
            out.add_bos_token_id(bos)
        if adds_bos is not None:
            out.add_add_bos_token(adds_bos)

    for i, (pre, adds_bos, bos, is_whole, start_id) in enumerate(
        [
            ("llama-bpe", None, 1, True, 1),
            ("llama3", None, 1, True, 1),
            ("llama-bpe", False, 1, True, None),
            ("llama-bpe", None, None, True, None),
            ("qwen2", None, 1, False, None),
            ("qwen2", True, 1, False, 1),
        ]
    ):
        write(tmp_path / f"{i}.gguf", tokenizer=lambda out, case=(pre, adds_bos, bos): add(out, *case))
        vocabulary, started, notes = vocabulary_in(tmp_path / f"{i}.gguf", tmp_path / f"ours{i}")
        assert (vocabulary.encode(word) == [tokens.index(word)]) == is_whole, pre
        assert vocabulary.decode(vocabulary.encode(word)) == word
        assert vocabulary.start_id == started == start_id
        assert [note for note in notes if "which token that is" in note] == ([*notes] if bos is None else [])
        assert bool(notes) == (bos is None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"architecture": "falcon"}, ["'falcon'", "llama", "hf:"]),
        ({"tensors": {"output_norm.weight": None}}, ["output_norm.weight: expected [64], missing"]),
        ({"tensors": {"blk.0.attn_q.bias": np.zeros(64, np.float32)}}, ["attn_q.bias: not in this model, found [64]"]),
        ({"tensors": {"rope_freqs.weight": np.full(8, 2, np.float32)}}, ["rope_freqs", "hf:"]),
        ({"feed_forward_length": 80}, ["ffn_down.weight: expected [64, 80], found [64, 96]"]),
        ({"block_count": None}, ["no llama.block_count", "convert the model again"]),
        ({"attention.head_count_kv": 3}, ["num_kv_heads 3", "num_heads 4"]),
        ({"expert_count": 8}, ["mixture of experts"]),
        ({"rope.dimension_count": 8}, ["a part of each head"]),
    ],
)
def test_a_file_that_ours_cannot_be_is_refused_with_its_reason(options, words, tmp_path):
    write(tmp_path / "model.gguf", **options)
    with pytest.raises(CheckpointError) as error:
        open_gguf(tmp_path / "model.gguf")
    assert all(word in str(error.value) for word in words), error.value


def test_a_quantisation_that_the_package_does_not_know_is_named(tmp_path):
    write(tmp_path / "model.gguf", gguf.GGMLQuantizationType.Q8_0)
    model = open_gguf(tmp_path / "model.gguf")
    model.tensors._tensors["output.weight"] = model.tensors._tensors["output.weight"]._replace(
        tensor_type=gguf.GGMLQuantizationType.Q8_1
    )
    with pytest.raises(CheckpointError, match=r"output\.weight is quantised as Q8_1, which the gguf package does not"):
        model.tensors.read("output.weight")


def test_a_damaged_file_and_what_is_no_file_are_said_so(tmp_path):
    write(tmp_path / "model.gguf")
    whole = (tmp_path / "model.gguf").read_bytes()
    for size in (2, len(whole) // 3, len(whole) - 5000):
        (tmp_path / "cut.gguf").write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match=r"cut\.gguf .*copy it again"):
            open_gguf(tmp_path / "cut.gguf")
    with pytest.raises(CheckpointError, match=r"is no file: give a \.gguf file"):
        open_gguf(tmp_path)


def test_a_tokenizer_that_is_not_known_leaves_the_weights_usable(tmp_path, capsys):
    write(tmp_path / "model.gguf", tokenizer=lambda out: add_bpe(out, pre="deepseek-coder"))
    import_gguf(tmp_path / "model.gguf", tmp_path / "ours")
    text = capsys.readouterr().out
    assert "cuts text as deepseek-coder" in text and "--vocab_path" in text
    assert find_weights(tmp_path / "ours").vocab_path is None


@pytest.mark.parametrize(
    ("content", "settings", "words"),
    [
        ("{}", {"eos_token": "</s>"}, ["no tokenizer.json"]),
        (None, {}, ["names no eos_token"]),
        (None, {"eos_token": "<stop>"}, ["no token '<stop>'"]),
        (None, None, ["tokenizer_config.json does not exist"]),
    ],
)
def test_a_vocabulary_that_cannot_end_a_text_is_refused(content, settings, words, tmp_path):
    write(tmp_path / "model.gguf")
    import_gguf(tmp_path / "model.gguf", tmp_path / "ours")
    (tmp_path / "tokenizer.json").write_text(content or (tmp_path / "ours/tokenizer.json").read_text())
    if settings is not None:
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(ConfigError) as error:
        load_vocabulary(str(tmp_path / "tokenizer.json"))
    assert all(word in str(error.value) for word in words), error.value
