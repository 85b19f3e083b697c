"""Hugging Face folders as strangers publish them: what they hold is honoured or refused in a line, damage and claims
that no file backs are told in a line, and no name in them reaches another folder."""

import json
import pathlib
import shutil
import struct
import time

import numpy as np
import pytest
from flax import serialization
from safetensors.numpy import load_file
from shared import shared_path

from flan_jax.checkpoints.find import find_weights
from flan_jax.cli.main import main
from flan_jax.core.errors import CheckpointError, ConfigError, FlanError
from flan_jax.core.tokenizer_growth import why_too_much
from flan_jax.core.vocabulary import read_vocabulary
from flan_jax.interop.gguf import open_gguf
from flan_jax.interop.hf_folder import weight_files
from flan_jax.interop.hugging_face import open_hugging_face
from flan_jax.interop.importing import import_weights
from flan_jax.interop.t5x_checkpoint import open_t5x
from flan_jax.interop.tensors import OrbaxTensors
from flan_jax.train.start import _num_not_finite

PLAIN = (
    "{% for m in messages %}<|{{m['role']}}|>{{m['content']}}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
ASKED = "<|user|>Hi<|end|><|assistant|>"
HI = [{"role": "user", "content": "Hi"}]
MARKED = PLAIN.replace("{{m['content']}}<|end|>", "{% generation %}{{m['content']}}<|end|>{% endgeneration %}")
NAMED = [{"name": "tool_use", "template": "none"}, {"name": "default", "template": PLAIN}]


def case(name):
    return shared_path(f"cases/hf/{name}")


def imported(source, tmp_path, **options):
    return import_weights(f"hf:{source}", tmp_path / "out", certify=False, **options)


def copied(source, folder):
    shutil.copytree(source, folder)
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)
    return folder


def edit_json(file, **changes):
    settings = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({key: value for key, value in (settings | changes).items() if value is not ...}))


@pytest.fixture
def tokenizer(tmp_path):
    """A folder with a tokenizer.json and a tokenizer_config.json without a chat template."""
    folder = tmp_path / "tokenizer"
    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(case("chat_jinja_file") / name, folder / name)
    return folder


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (PLAIN, ASKED),
        (MARKED, ASKED),
        (NAMED, ASKED),
        (dict(default=PLAIN), ASKED),
        ("{% if messages[0].role == 'tool' %}{{ raise_exception('no') }}{% endif %}{{ messages[0].content }}", "Hi"),
        ("{% for m in messages %}{{ m.content }}{% break %}{% endfor %}{% if tools %}tools{% endif %}", "Hi"),
        ("{{ messages | tojson }}{{ bos_token is defined }}", '[{"role": "user", "content": "Hi"}]False'),
        ("{{ eos_token }}", "<|end|>"),
        ("{{ strftime_now('%d %b %Y') }}", time.strftime("%d %b %Y")),
    ],
)
def test_chat_templates_are_read_as_transformers_does(tokenizer, template, expected):
    edit_json(tokenizer / "tokenizer_config.json", chat_template=template)
    assert read_vocabulary(tokenizer / "tokenizer.json").render_chat(HI) == expected


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ raise_exception('Only the assistant\nspeaks') }}", "refuses these messages: Only the assistant speaks$"),
        ("{% for m in messages %}{{ m", "the chat template, line 1: "),
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "was stopped: .*10,000,000"),
        ("{{ messages | shout }}", "line 1: No filter named 'shout'"),
        ("{{ strftime_now('%1000000000Y') }}", "was stopped: a width in strftime_now"),
        ("{{ ''.__class__ }}", "was stopped: attribute '__class__'"),
        ("{{ 1 / 0 }}", "fails: ZeroDivisionError"),
        ("{% include '/etc/passwd' %}", "was stopped: include reads another file"),
        ([{"name": "tool_use", "template": PLAIN}], r"none is called default \(there are tool_use\)"),
        ([PLAIN], "a list of other things than"),
        (3, "chat_template is a int, no text"),
    ],
)
def test_a_chat_template_that_cannot_be_used_is_one_line(tokenizer, template, message):
    edit_json(tokenizer / "tokenizer_config.json", chat_template=template)
    vocabulary = read_vocabulary(tokenizer / "tokenizer.json")
    with pytest.raises(ConfigError, match=f"tokenizer_config.json: .*{message}") as raised:
        vocabulary.render_chat(HI)
    assert "\n" not in str(raised.value)


def test_a_chat_template_file_goes_first_and_along(tokenizer, tmp_path):
    edit_json(tokenizer / "tokenizer_config.json", chat_template="another")
    (tokenizer / "chat_template.jinja").write_text(PLAIN)
    vocabulary = read_vocabulary(tokenizer / "tokenizer.json")
    assert vocabulary.render_chat(HI) == ASKED and vocabulary.chat_template == PLAIN
    vocabulary.copy_to(tmp_path)
    assert read_vocabulary(tmp_path / "tokenizer.json").render_chat(HI) == ASKED
    (tokenizer / "chat_template.jinja").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"chat_template.jinja: it cannot be read"):
        vocabulary.render_chat(HI)
    made = imported(case("chat_jinja_file"), tmp_path)
    assert read_vocabulary(made.folder / "tokenizer.json").render_chat(HI) == ASKED


def test_the_end_token_of_special_tokens_map(tokenizer):
    edit_json(tokenizer / "tokenizer_config.json", eos_token=...)
    with pytest.raises(ConfigError, match="names no eos_token"):
        read_vocabulary(tokenizer / "tokenizer.json")
    edit_json(tokenizer / "special_tokens_map.json", eos_token={"content": "<|end|>"})
    assert read_vocabulary(tokenizer / "tokenizer.json").eos_id == 0


@pytest.mark.parametrize("name", ["stale_index", "index_without_shards"])
def test_a_single_file_goes_before_an_index(name, tmp_path):
    made = imported(case(name), tmp_path)
    assert any("model.safetensors.index.json was not read" in note for note in made.notes)
    source, ours = load_file(case(name) / "model.safetensors"), load_file(made.folder / "weights.safetensors")
    np.testing.assert_array_equal(ours["token_embedder/embedding"], source["shared.weight"])


def test_names_of_a_compiled_model_are_read(tmp_path):
    made = imported(case("orig_mod"), tmp_path)
    assert any("_orig_mod." in note for note in made.notes)
    source = load_file(case("orig_mod") / "model.safetensors")
    embedding = load_file(made.folder / "weights.safetensors")["token_embedder/embedding"]
    np.testing.assert_array_equal(embedding, source["_orig_mod.shared.weight"])


def test_weights_that_are_not_finite(tmp_path, capsys):
    with pytest.raises(CheckpointError, match=r"NaN or infinity in 1 value of its weights \(decoder\.block\.0"):
        imported(case("nan_weights"), tmp_path)
    assert not (tmp_path / "out/weights.safetensors").exists()
    made = imported(case("nan_weights"), tmp_path, allow_not_finite=True)
    assert any("NaN or infinity in 1 value" in note for note in made.notes)
    status = main(["infer", "--checkpoint", str(made.folder), "--prompt", "Hi", "--vocab_path", "embedded:t5"])
    assert status == 2 and capsys.readouterr().err


@pytest.mark.parametrize("name", ["../a.safetensors", "/etc/passwd", "a/b.safetensors", "..", "", "a\\b", "a\0b"])
def test_no_name_leaves_the_folder(tmp_path, name):
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"x": name}}))
    with pytest.raises(CheckpointError, match="which is not in its folder"):
        weight_files(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"")
    info = {"format_version": 1, "model": {}, "step": None, "vocab_file": name or "."}
    (tmp_path / "model.json").write_text(json.dumps(info))
    with pytest.raises(CheckpointError, match="which is not in its folder"):
        find_weights(tmp_path)


@pytest.mark.parametrize("bad", [10**7, 10**18])
@pytest.mark.parametrize(
    ("folder", "field"),
    [("llama", "num_hidden_layers"), ("t5_v1_1", "num_layers"), ("t5_v1_1", "num_decoder_layers")],
)
def test_a_model_of_more_layers_than_tensors_takes_no_memory(tmp_path, folder, field, bad):
    folder = copied(shared_path(f"peers/hf/{folder}"), tmp_path / "hf")
    edit_json(folder / "config.json", **{field: bad})
    message = rf"describes a model of {bad:,} layers, and there are|layers is {bad}: give a whole number from 1 to"
    with pytest.raises(CheckpointError, match=rf"config.json .*({message})"):
        imported(folder, tmp_path)


DAMAGES = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "first byte": lambda content: b"\xff" + content[1:],
    "UTF-16": lambda content: content.decode("latin-1").encode("utf-16"),
    "list": lambda content: b"[]",
    "null": lambda content: b"null",
    "text": lambda content: b'"text"',
    "deep": lambda content: b"[" * 100_000,
    "large header": lambda content: struct.pack("<Q", 2**60) + content[8:],
    "header past the end": lambda content: struct.pack("<Q", len(content)) + content[8:],
}
VALUES = [None, True, -1, 0, 1.5, "three", [], [1], {}, {"a": 1}, 10**30]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["llama_chatml", "eos_list", "chat_jinja_file", "index_without_shards"])
def test_a_damaged_file_is_one_line(name, damage, tmp_path):
    """Of each file of the folder: it is told with its path, or was not needed."""
    for file in sorted(case(name).iterdir()):
        folder = copied(case(name), tmp_path / file.name)
        (folder / file.name).write_bytes(DAMAGES[damage](file.read_bytes()))
        try:
            import_weights(f"hf:{folder}", folder / "out", certify=False)
        except FlanError as error:
            assert "\n" not in str(error) and str(folder) in str(error), error
        else:
            assert file.name not in ("config.json", "model.safetensors")


@pytest.mark.parametrize("name", ["llama", "t5_v1_1"])
def test_settings_of_any_kind_are_an_error_or_read(name, tmp_path):
    folder = copied(shared_path(f"peers/hf/{name}"), tmp_path / "hf")
    whole = (folder / "config.json").read_text()
    for field in json.loads(whole):
        for value in VALUES:
            (folder / "config.json").write_text(whole)
            edit_json(folder / "config.json", **{field: value})
            try:
                open_hugging_face(folder)
            except FlanError as error:
                assert str(folder) in str(error), (field, value, error)


@pytest.mark.parametrize("value", VALUES)
def test_tokenizer_settings_of_any_kind_are_an_error_or_read(value, tokenizer):
    whole = (tokenizer / "tokenizer_config.json").read_text()
    for field in ("eos_token", "bos_token", "add_bos_token", "chat_template", "pad_token"):
        (tokenizer / "tokenizer_config.json").write_text(whole)
        edit_json(tokenizer / "tokenizer_config.json", **{field: value})
        try:
            read_vocabulary(tokenizer / "tokenizer.json").render_chat(HI)
        except ConfigError as error:
            assert str(tokenizer) in str(error) and "\n" not in str(error)


def _chain(number, step):
    return {"type": "Sequence", "normalizers": [step] * number}


DOUBLE = {"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}


@pytest.mark.parametrize(
    ("part", "steps", "message"),
    [
        ("normalizer", _chain(33, DOUBLE), r"normalizer can make a text 8,589,934,592 times as long; the most is 256"),
        ("normalizer", _chain(3, _chain(4, DOUBLE)), "4,096 times"),
        ("normalizer", _chain(99, {"type": "Lowercase"}), "99 steps; the most is 64"),
        ("normalizer", DOUBLE | {"content": "a" * 1000}, "1,000 times"),
        ("normalizer", DOUBLE | {"pattern": {"Regex": ""}, "content": "a" * 400}, "401 times"),
        ("decoder", {"type": "Sequence", "decoders": [DOUBLE] * 20}, "decoder can make a text 1,048,576 times"),
        (
            "pre_tokenizer",
            {"type": "Sequence", "pretokenizers": [{"type": "ByteLevel", "add_prefix_space": True}] * 30},
            "pre_tokenizer can make",
        ),
    ],
)
def test_a_chain_of_replacements_is_refused_unread(tokenizer, part, steps, message):
    edit_json(tokenizer / "tokenizer.json", **{part: steps})
    with pytest.raises(ConfigError, match=rf"tokenizer.json is no tokenizer.json that is read here: its .*{message}"):
        read_vocabulary(tokenizer / "tokenizer.json")


def test_ordinary_steps_are_not_refused():
    llama = [{"type": "Prepend", "prepend": "▁"}, DOUBLE | {"pattern": {"String": " "}, "content": "▁"}]
    assert why_too_much({"normalizer": {"type": "Sequence", "normalizers": llama}, "decoder": None}) is None
    assert why_too_much({"pre_tokenizer": {"type": "ByteLevel"}, "post_processor": {"type": "ByteLevel"}}) is None


def _gguf(*parts, num_tensors=0, num_fields=1, version=3):
    return b"GGUF" + struct.pack("<IQQ", version, num_tensors, num_fields) + b"".join(parts)


def _text(text):
    return struct.pack("<Q", len(text)) + text


def _array(kind, length):
    return struct.pack("<IIQ", 9, kind, length)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_gguf(_text(b"a"), _array(4, 2**60)), "claims 1,152,921,504,606,846,976 items of an array"),
        (_gguf(_text(b"a"), _array(8, 2**60)), "items of an array"),
        (_gguf(num_fields=2**60), "claims 1,152,921,504,606,846,976 fields"),
        (_gguf(num_tensors=2**60), "claims 1,152,921,504,606,846,976 tensors"),
        (_gguf(struct.pack("<Q", 2**63)), "claims 9,223,372,036,854,775,808 bytes where"),
        (_gguf(_text(b"a"), struct.pack("<I", 9), struct.pack("<IQ", 9, 1) * 20, b"\0" * 99), "arrays inside arrays"),
        (_gguf(_text(b"a"), struct.pack("<I", 77)), "a field of kind 77"),
        (
            _gguf(_text(b"w"), struct.pack("<IQQIQ", 2, 2**40, 2**40, 0, 0), num_tensors=1, num_fields=0),
            "elements of a tensor",
        ),
        (_gguf(_text(b"w"), struct.pack("<I", 2**31), b"\0" * 99, num_tensors=1, num_fields=0), "2,147,483,648 axes"),
        (_gguf(num_fields=0, version=99), "version 99"),
        (b"GGML" + b"\0" * 99, "does not begin with GGUF"),
        (b"", "is empty"),
        (_gguf(_text(b"a"), struct.pack("<I", 4)), "claims 4 bytes where 0 are left"),
    ],
)
def test_what_a_gguf_claims_must_fit_into_it(tmp_path, content, message):
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    start = time.process_time()
    with pytest.raises(CheckpointError, match=message) as raised:
        open_gguf(path)
    assert time.process_time() - start < 2 and "\n" not in str(raised.value) and str(path) in str(raised.value)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"])
def test_an_unreadable_file_is_one_line(monkeypatch, tmp_path, name):
    def denied(read):
        def checked(path, *args, **options):
            if path.name == name:
                raise PermissionError(13, "Permission denied")
            return read(path, *args, **options)

        return checked

    # Root, who may run the tests, reads every file.
    for method in ("read_bytes", "read_text"):
        monkeypatch.setattr(pathlib.Path, method, denied(getattr(pathlib.Path, method)))
    with pytest.raises(FlanError, match=rf"{name} cannot be read \(Permission denied\): make it readable"):
        imported(case("eos_list"), tmp_path)


def test_a_folder_in_a_files_place_is_one_line(tmp_path):
    for file in case("eos_list").iterdir():
        folder = copied(case("eos_list"), tmp_path / file.name)
        (folder / file.name).unlink()
        (folder / file.name).mkdir()
        try:
            import_weights(f"hf:{folder}", folder / "out", certify=False)
        except FlanError as error:
            assert "\n" not in str(error) and str(folder) in str(error)


def test_training_counts_what_is_not_finite():
    params = {"a": np.array([1.0, np.nan, -np.inf]), "b": {"c": np.ones((2, 2), np.float32)}}
    assert _num_not_finite(params) == 2


def test_no_array_of_a_t5x_or_orbax_checkpoint_lies_elsewhere(tmp_path):
    folder = tmp_path / "checkpoint_1"
    folder.mkdir()
    for path, driver, message in (("a/..", "zarr", "which is not in its folder"), ("a/b", "json", "driver 'json'")):
        leaf = {"driver": driver, "kvstore": {"driver": "file", "path": path}, "metadata": {}}
        tree = {"version": 3, "optimizer": {"target": {"token_embedder": {"embedding": leaf}}}}
        (folder / "checkpoint").write_bytes(serialization.msgpack_serialize(tree))
        with pytest.raises(CheckpointError, match=message):
            open_t5x(folder)
    key = [{"key": "../../elsewhere", "key_type": 2}]
    metadata = {"tree_metadata": {"('a',)": {"key_metadata": key}}, "use_ocdbt": False}
    (tmp_path / "_METADATA").write_text(json.dumps(metadata))
    with pytest.raises(CheckpointError, match="which is not in its folder"):
        OrbaxTensors(tmp_path)
