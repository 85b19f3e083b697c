"""`flan-jax infer` and `flan-jax eval` as a user runs them, on a tiny random model."""

import dataclasses
import io
import json
import subprocess
import sys

import jax
import numpy as np
import pytest
import tiny_model

from flan_jax.checkpoints.load import vocabulary_of
from flan_jax.checkpoints.weights import save_weights
from flan_jax.cli.main import main
from flan_jax.core.errors import ConfigError
from flan_jax.models import DecoderConfig, init_params


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return tiny_model.save(tmp_path_factory.mktemp("run") / "selected")


def flan_jax(*args, stdin=None):
    command = [sys.executable, "-m", "flan_jax.cli.main", *map(str, args)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=300)


def test_infer_says_the_same_by_prompt_by_file_and_interactively(weights, tmp_path, capsys, monkeypatch):
    prompts = ["Say red.", "How many apples are there? one, two"]
    options = ("--checkpoint", str(weights.parent), "--max_decode_len", "6", "--json")
    assert main(["infer", *options, *(arg for prompt in prompts for arg in ("--prompt", prompt))]) == 0
    by_prompt = capsys.readouterr().out
    lines = [json.loads(line) for line in by_prompt.splitlines()]
    assert [line["prompt"] for line in lines] == prompts
    assert all(line["log_prob"] < 0 and 1 <= line["num_tokens"] <= 6 for line in lines)
    file = tmp_path / "prompts.jsonl"
    file.write_text("".join(json.dumps({"inputs": prompt}) + "\n" for prompt in prompts) + "\n")
    assert main(["infer", *options, "--prompts_file", str(file)]) == 0
    by_file = capsys.readouterr()
    assert by_file.out == by_prompt and "no generation for 1 blank line" in by_file.err
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(prompts) + "\n\n"))
    assert main(["infer", *options]) == 0
    interactive = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["generation"] for line in interactive] == [line["generation"] for line in lines]


def test_infer_samples_and_searches_the_same_whatever_the_batch_size(weights, capsys):
    prompts = [arg for prompt in ("Say red.", "Say it twice.", "a") for arg in ("--prompt", prompt)]
    said = {}
    for method in (("--num_samples", "3", "--temperature", "0.8", "--seed", "5"), ("--num_beams", "2", "--alpha", "1")):
        for batch_size in ("1", "2"):
            args = ("--checkpoint", str(weights), "--max_decode_len", "4", "--json", "--batch_size", batch_size)
            assert main(["infer", *args, *method, *prompts]) == 0
            said[method, batch_size] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        one, two = said[method, "1"], said[method, "2"]
        assert [line["generation"] for line in one] == [line["generation"] for line in two]
        num_outputs = int(method[1])
        assert [line["sample"] for line in one] == list(range(num_outputs)) * 3
        if method[0] == "--num_beams":
            assert all(one[i]["score"] >= one[i + 1]["score"] for i in range(0, len(one), 2))
        else:
            assert all(line["score"] == line["log_prob"] for line in one)
            assert len({line["generation"] for line in one[:3]}) > 1


def test_infer_cuts_at_stop_texts(weights, capsys):
    args = ["infer", "--checkpoint", str(weights), "--prompt", "Say red.", "--max_decode_len", "8", "--json"]
    assert main(args) == 0
    whole = json.loads(capsys.readouterr().out)["generation"]
    stop = whole[2]
    assert main([*args, "--stop", stop]) == 0
    cut = json.loads(capsys.readouterr().out)
    assert cut["generation"] == whole[: whole.index(stop)] and cut["finished"]


def test_infer_keeps_to_the_positions_of_a_decoder_or_says_that_it_does_not(tmp_path, capsys):
    config = DecoderConfig(
        vocab_size=tiny_model.VOCABULARY.size, emb_dim=16, num_layers=1, num_heads=2, num_kv_heads=1, head_dim=8,
        mlp_dim=16, max_positions=24, dtype="float32",
    )  # fmt: skip
    params = jax.tree.map(np.asarray, init_params(config, jax.random.key(0)))
    fingerprint = tiny_model.VOCABULARY.fingerprint
    save_weights(tmp_path / "w", params, config.to_json(), vocab_fingerprint=fingerprint, step=0)
    prompt = "Say " + "red " * 40
    asked = ["infer", "--checkpoint", str(tmp_path / "w"), "--prompt", prompt, "--max_decode_len", "4"]
    assert main(asked) == 0
    err = capsys.readouterr().err
    assert "1 prompt of more than 20 tokens lost their end" in err and "went beyond" not in err
    assert main([*asked, "--inputs_length", "64"]) == 0
    err = capsys.readouterr().err
    assert "1 generation went beyond the 24 positions that the model was made for: give a smaller --inputs_l" in err
    assert main([*asked[:-1], "24"]) == 2
    assert "24 new tokens leave no room for a prompt, as the model has 24 positions" in capsys.readouterr().err


def test_infer_as_a_command(weights):
    done = flan_jax("infer", "--checkpoint", weights, "--prompt", "Say red.", "--max_decode_len", 3)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--prompt", " "), "--prompt is empty"),
        (("--prompts_file", "no/such.txt"), "does not exist"),
        (("--prompt", "a", "--max_decode_len", 0), "--max_decode_len is 0: give a whole number of at least 1"),
        (("--prompt", "a", "--checkpoint", "no/such"), "no/such is no folder"),
        (("--prompt", "a", "--vocab_path", "no/such.model"), "no/such.model does not exist"),
        (("--prompt", "a", "--top_p", 1.2), "--top_p is 1.2: give a number in (0, 1]"),
        (("--prompt", "a", "--top_k", 0), "top_k is 0: give a whole number"),
        (("--prompt", "a", "--temperature", -1), "--temperature is -1.0: give a number of at least 0"),
        (("--prompt", "a", "--temperature", 0, "--num_samples", 3), "--temperature 0 is greedy, so that --num_samples"),
        (("--prompt", "a", "--num_beams", 4, "--top_k", 5), "--top_k samples and --num_beams searches with beams"),
        (("--prompt", "a", "--alpha", 0.6), "--alpha without --num_beams has no effect"),
        (("--prompt", "a", "--num_beams", 0), "num_beams is 0"),
        (("--prompt", "a", "--stop", ""), "--stop is empty"),
        (("--prompt", "a", "--stop", "\u95ee"), "can write, so it would end nothing"),
        (("--prompt", "a", "--chat"), "has no chat template"),
    ],
)
def test_infer_refuses_what_it_cannot_use(weights, args, words, capsys):
    assert main(["infer", "--checkpoint", str(weights), *map(str, args)]) == 2
    assert words in capsys.readouterr().err


def test_eval_scores_a_mixture_with_table_and_json(weights, tmp_path):
    out, cache = tmp_path / "out", tmp_path / "cache"
    lengths = ("--inputs_length", 64, "--targets_length", 8, "--batch_size", 8)
    done = flan_jax(
        "eval", "--checkpoint", weights, "--mixture", "bought_new_template", "--limit", 10, *lengths,
        "--cache_dir", cache, "--out", out, "--copy_input_baseline",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "bought_new_template" in done.stdout and "normalised average of 1 task" in done.stdout
    value = json.loads((out / "eval.json").read_text())
    task = value["tasks"]["bought_new_template"]
    assert (task["n"], task["kind"], value["step"]) == (10, "new template", 30)
    assert len(task["scores"]) == 10 and "bought_new_template" in value["copy_input_rouge_l"]
    samples = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    assert len(samples) == 3 and {"inputs", "prediction", "reference", "score"} <= samples[0].keys()


def test_eval_of_an_unknown_mixture_suggests_the_nearest(weights, tmp_path, capsys):
    args = ["--mixture", "bought_new_templat", "--cache_dir", str(tmp_path)]
    assert main(["eval", "--checkpoint", str(weights), *args]) == 2
    assert "did you mean bought_new_template" in capsys.readouterr().err


def test_weights_that_name_no_vocabulary_are_not_read_with_a_guessed_one(tmp_path):
    from flan_jax.checkpoints.find import WeightsSource

    fields = {field.name: None for field in dataclasses.fields(WeightsSource)} | {"path": tmp_path}
    with pytest.raises(ConfigError, match=r"does not say which vocabulary.*--vocab_path"):
        vocabulary_of(WeightsSource(**fields))
