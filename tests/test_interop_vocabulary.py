"""What a Hugging Face folder says of its tokenizer beside the vocabulary: end tokens, BOS, added tokens, the chat
template. Each is kept, or refused or told."""

import json
import shutil

import pytest
from sentencepiece import sentencepiece_model_pb2
from shared import shared_path
from test_interop_untrusted import ASKED, HI, PLAIN, case, copied, edit_json, imported

from flan_jax.cli.main import main
from flan_jax.core import assets
from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.core.vocabulary import load_vocabulary, read_vocabulary
from flan_jax.decode.text import stop_of
from flan_jax.interop.importing import import_weights

NO_BOS = {"add_bos_token": False, "bos_token": None}


def test_each_end_token_ends_a_generation(tmp_path):
    made = imported(case("eos_list"), tmp_path)
    vocabulary = load_vocabulary(made.folder / "tokenizer.json")
    assert vocabulary.eos_ids == (0, 1) and vocabulary.eos_id == 0
    assert stop_of(vocabulary, ()).eos_ids == (0, 1)
    hi = vocabulary.encode("hi")
    assert vocabulary.decode([*hi, 1, *hi]) == "hi"
    assert (
        main(
            [
                "export",
                "--checkpoint",
                str(made.folder),
                "--to",
                "hf",
                "--out",
                str(tmp_path / "back"),
                "--dtype",
                "float32",
            ]
        )
        == 0
    )
    assert json.loads((tmp_path / "back/generation_config.json").read_text())["eos_token_id"] == [0, 1]


def test_end_tokens_of_config_json_and_those_that_are_none(tmp_path):
    folder = copied(case("eos_list"), tmp_path / "hf")
    (folder / "generation_config.json").unlink()
    made = imported(folder, tmp_path)
    assert read_vocabulary(made.folder / "tokenizer.json").eos_ids == (0, 1)
    assert load_vocabulary(made.folder / "tokenizer.json").eos_ids == (0, 1)
    edit_json(made.folder / "generation_config.json", eos_token_id=[0])
    assert load_vocabulary(made.folder / "tokenizer.json").eos_ids == (0,), "kept while its files stay, and no longer"
    for name, generation, ends in (
        ("one", None, (0, 3)),
        ("beside", {"do_sample": True}, (0, 3)),
        ("said", {"eos_token_id": 1}, (0, 1)),
    ):
        edit_json(folder / "config.json", eos_token_id=3)
        if generation is not None:
            (folder / "generation_config.json").write_text(json.dumps(generation))
        again = import_weights(f"hf:{folder}", tmp_path / name, certify=False)
        assert read_vocabulary(again.folder / "tokenizer.json").eos_ids == ends
        kept = json.loads((again.folder / "generation_config.json").read_text())
        assert kept.get("do_sample") == (generation or {}).get("do_sample")
    edit_json(made.folder / "generation_config.json", eos_token_id=[0, 99999])
    with pytest.raises(ConfigError, match="eos_token_id 99999; a tokenizer of"):
        read_vocabulary(made.folder / "tokenizer.json")


def test_added_tokens_beside_a_sentencepiece_model_are_not_dropped(tmp_path):
    with pytest.raises(CheckpointError, match=r"without the added tokens <\|im_start\|>, <\|im_end\|>, the end token"):
        imported(case("llama_chatml"), tmp_path)
    folder = copied(case("llama_chatml"), tmp_path / "hf")
    made = imported(folder, tmp_path, vocab_path=str(folder / "tokenizer.model"))  # asked for
    assert (made.folder / "tokenizer.model").is_file()
    shutil.rmtree(made.folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(case("eos_list") / name, folder / name)
    assert (imported(folder, tmp_path).folder / "tokenizer.json").is_file()


@pytest.fixture
def llama_folder(tmp_path):
    """A Llama whose tokenizer.model is all of its tokenizer."""
    folder = copied(case("llama_chatml"), tmp_path / "hf")
    (folder / "added_tokens.json").unlink()
    plain = {"add_bos_token": True, "bos_token": "<s>", "eos_token": "</s>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(plain))
    return folder


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        (
            "tokenizer_config.json",
            {"add_bos_token": False},
            r"add_bos_token false of tokenizer_config.json \(its prompts",
        ),
        ("tokenizer_config.json", {"add_bos_token": None}, "add_bos_token null of tokenizer_config.json"),
        ("generation_config.json", {"eos_token_id": 7}, r"the end token 7 of generation_config.json \(its own is 2\)"),
        ("generation_config.json", {"eos_token_id": [2, 7, 8]}, "the end tokens 7, 8 of generation_config.json"),
        ("config.json", {"eos_token_id": 7}, "the end token 7 of config.json"),
    ],
)
def test_what_a_sentencepiece_model_does_not_hold_is_read_of_tokenizer_json(
    file, changes, message, llama_folder, tmp_path
):
    made = imported(llama_folder, tmp_path)
    assert (made.folder / "tokenizer.model").is_file() and made.config.start_id == 1
    assert not any("chat template" in note for note in made.notes)
    shutil.rmtree(made.folder)
    if file == "config.json":  # asked where generation_config.json says nothing
        edit_json(llama_folder / "generation_config.json", eos_token_id=...)
    edit_json(llama_folder / file, **changes)
    with pytest.raises(CheckpointError, match=rf"is a SentencePiece model without {message}.*save the tokenizer"):
        imported(llama_folder, tmp_path)
    settings = json.loads((llama_folder / "tokenizer_config.json").read_text())
    shutil.copyfile(case("eos_list") / "tokenizer.json", llama_folder / "tokenizer.json")
    (llama_folder / "tokenizer_config.json").write_text(json.dumps({**settings, "eos_token": "<|end|>"} | NO_BOS))
    made = imported(llama_folder, tmp_path)
    assert made.config.start_id is None
    ends = changes.get("eos_token_id", 2)
    expected = (0, *(ends if isinstance(ends, list) else [ends]))
    assert read_vocabulary(made.folder / "tokenizer.json").eos_ids == expected


@pytest.mark.parametrize("is_file", [False, True])
def test_a_chat_template_beside_a_sentencepiece_model_is_read_or_told(is_file, llama_folder, tmp_path):
    if is_file:
        (llama_folder / "chat_template.jinja").write_text(PLAIN)
    else:
        edit_json(llama_folder / "tokenizer_config.json", chat_template=PLAIN)
    made = imported(llama_folder, tmp_path)
    where = "chat_template.jinja" if is_file else "tokenizer_config.json"
    notes = [note for note in made.notes if "chat template" in note]
    assert len(notes) == 1 and f"the chat template of {where} was left" in notes[0] and "as tokenizer.json" in notes[0]
    shutil.rmtree(made.folder)
    given = imported(llama_folder, tmp_path, vocab_path=str(llama_folder / "tokenizer.model"))
    assert not any("chat template" in note for note in given.notes)
    shutil.rmtree(given.folder)
    shutil.copyfile(case("eos_list") / "tokenizer.json", llama_folder / "tokenizer.json")
    edit_json(llama_folder / "tokenizer_config.json", eos_token="<|end|>", **NO_BOS)
    made = imported(llama_folder, tmp_path)
    assert read_vocabulary(made.folder / "tokenizer.json").render_chat(HI) == ASKED
    assert not any("chat template" in note for note in made.notes)


def test_a_t5_vocabulary_whose_folder_begins_texts_with_bos_is_not_read_without(tmp_path):
    folder = copied(shared_path("peers/hf/t5_v1_1"), tmp_path / "hf")
    model = sentencepiece_model_pb2.ModelProto.FromString(assets.EMBEDDED_VOCAB.read_bytes())
    model.trainer_spec.bos_id = 3
    (folder / "spiece.model").write_bytes(model.SerializeToString())
    assert imported(folder, tmp_path, vocab_size=8320).folder.is_dir()
    (folder / "tokenizer_config.json").write_text(json.dumps({"add_bos_token": True}))
    with pytest.raises(
        CheckpointError, match=r"without add_bos_token true of tokenizer_config.json \(its prompts have"
    ):
        import_weights(f"hf:{folder}", tmp_path / "two", certify=False, vocab_size=8320)
