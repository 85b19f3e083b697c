"""GPT-2's vocab.json and merges.txt: the ids that the tokenizers library's own GPT-2 tokenizer gives."""

import json
import pathlib
import shutil

import pytest

from flan_jax.cli.main import main
from flan_jax.core.errors import CheckpointError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.interop.gpt2_vocab import byte_level_bpe_files

tokenizers = pytest.importorskip("tokenizers", reason="the tokenizers package is not installed (flan_jax[hf])")

FOLDER = pathlib.Path(__file__).parent / "data" / "gpt2_tiny"
TEXTS = ["The year 2048: it's 3.5 km,\n\n\tnot  4!", "naïve café — 日本語 😀", " leading", "", "return [a for a in b]"]


@pytest.fixture
def folder(tmp_path):
    """A GPT-2 folder whose vocabulary is in the two files, and the library's own tokenizer of them."""
    copy = shutil.copytree(FOLDER, tmp_path / "gpt2")
    reference = tokenizers.ByteLevelBPETokenizer(add_prefix_space=False)
    text = pathlib.Path(__file__).read_text()
    reference.train_from_iterator([text], 300, special_tokens=["<|endoftext|>"], show_progress=False)
    reference.save_model(str(copy))
    # The tests' model ends texts with another id, which is a letter's here.
    settings = json.loads((copy / "config.json").read_text())
    ends = {"eos_token_id": reference.token_to_id("<|endoftext|>")}
    (copy / "config.json").write_text(json.dumps(settings | ends))
    return copy, reference


def grow(folder, size):
    """The model's size in the tests' data is smaller than any byte-level vocabulary: asked for by --vocab_size."""
    return ["import", f"hf:{folder}", "--vocab_size", str(size), "--skip_certificate", "--out"]


def test_the_ids_are_those_of_the_librarys_tokenizer(folder, tmp_path):
    path, reference = folder
    assert main([*grow(path, 320), str(tmp_path / "ours")]) == 0
    vocabulary = load_vocabulary(str(tmp_path / "ours/tokenizer.json"))
    assert vocabulary.size == reference.get_vocab_size() and vocabulary.start_id is None
    assert vocabulary.eos_id == reference.token_to_id("<|endoftext|>")
    for text in TEXTS:
        ids = vocabulary.encode(text)
        assert ids == reference.encode(text).ids and vocabulary.decode(ids) == text
    assert vocabulary.encode("a<|endoftext|>")[-1] == vocabulary.eos_id
    model = json.loads((tmp_path / "ours/model.json").read_text())
    assert model["vocab_file"] == "tokenizer.json" and model["vocab_fingerprint"] == vocabulary.fingerprint


def test_added_tokens_keep_their_ids_and_settings_say_what_ends_a_text(folder, tmp_path):
    path, reference = folder
    size = reference.get_vocab_size()
    (path / "added_tokens.json").write_text(json.dumps({"<|b|>": size + 1, "<|a|>": size}))
    (path / "tokenizer_config.json").write_text(json.dumps({"eos_token": {"content": "<|a|>"}}))
    for name, content in byte_level_bpe_files(path).items():
        (tmp_path / name).write_bytes(content)
    vocabulary = load_vocabulary(str(tmp_path / "tokenizer.json"))
    assert (vocabulary.eos_id, vocabulary.size) == (size, size + 2)
    assert vocabulary.encode("x<|b|>")[-1] == size + 1
    (path / "added_tokens.json").write_text(json.dumps({"<|b|>": size + 5}))
    with pytest.raises(CheckpointError, match=rf"the id {size + 5}, vocab\.json has room for it at {size}"):
        byte_level_bpe_files(path)


def test_files_that_do_not_go_together_are_refused(folder):
    path, _ = folder
    (path / "merges.txt").write_text("#version: 0.2\nzzz qqq\n")
    with pytest.raises(CheckpointError, match=r"no vocab\.json and merges\.txt that go together"):
        byte_level_bpe_files(path)
