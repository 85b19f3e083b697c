"""`import flan_jax as fj`: the examples of its docstrings, and that both roads, Python's and the shell's, lead to the
same."""

import dataclasses
import doctest
import gc
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import types

import jax
import numpy as np
import pytest
import tiny_model

import flan_jax as fj
from flan_jax import api
from flan_jax.cli.main import main
from flan_jax.core import assets
from flan_jax.core.disk import read_json_object, write_sealed
from flan_jax.core.errors import CheckpointError, ConfigError, FlanError, Setting, TaskError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare.registry import get, restored
from flan_jax.evaluate import EvalConfig
from flan_jax.evaluate.language_models.on_mesh import batch_shards
from flan_jax.interop.exporting import export_weights
from flan_jax.models import DecoderConfig, EncoderDecoderConfig, T5Config
from flan_jax.optim import AdafactorConfig
from flan_jax.report.figures import AFTER
from flan_jax.train.config import MeshConfig, TrainConfig
from flan_jax.train.loop import RunResult
from flan_jax.train.mesh import make_mesh
from flan_jax.workflows import arguments, finetuning, training
from flan_jax.workflows.config import RunConfig
from flan_jax.workflows.lengths import measure
from flan_jax.workflows.names import by_kind, split_names
from flan_jax.workflows.rows import register_rows

ROWS = [{"question": "Say red.", "answer": "red"}, {"question": "Say blue and red.", "answer": "blue red"}]


PROMPTS = ["Say red.", "How many apples are there? one, two"]


@pytest.fixture(scope="module", autouse=True)
def own_registry():
    with restored():
        yield


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return tiny_model.save(tmp_path_factory.mktemp("tiny") / "weights")


@pytest.fixture(scope="module")
def model(weights):
    return fj.load(weights)


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """What the docstrings' examples leave behind, run in the order that a reader meets them in; and what went wrong."""
    objects = [api.load, fj.Model.generate, fj.Model.generations, fj.Model.score, fj.Model.chat]
    objects += [api.train, api.evaluate, api.plot]
    names, wrong = {"fj": fj}, []
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("examples"))
    try:
        for item in objects:
            parsed = doctest.DocTestParser().get_examples(inspect.getdoc(item))
            assert parsed, f"{item.__qualname__} has no example"
            wrong += [problem for example in parsed if (problem := run_example(example, names))]
            if item is api.train:
                names["rows_of_train"] = names["rows"]
        names["folder"] = names["run"].folder
    finally:
        os.chdir(before)
    return names, wrong


def run_example(example, names):
    """What is wrong with an example's value or error, "" where nothing is. What it prints is not compared."""
    shown = []
    checker, flags = doctest.OutputChecker(), doctest.ELLIPSIS
    hook = sys.displayhook
    sys.displayhook = lambda value: shown.append("" if value is None else f"{value!r}\n")
    try:
        exec(compile(example.source, "<example>", "single"), names)
    except Exception as error:
        got = f"{type(error).__module__}.{type(error).__qualname__}: {error}\n"
        if example.exc_msg is not None and checker.check_output(example.exc_msg, got, flags):
            return ""
        return f"{example.source}raised {got}"
    finally:
        sys.displayhook = hook
    got = "".join(shown)
    if example.exc_msg is None and checker.check_output(example.want, got, flags):
        return ""
    return f"{example.source}gave {got}instead of {example.exc_msg or example.want}"


def test_the_examples_of_the_docstrings_say_what_they_show(examples):
    assert not examples[1], "\n".join(examples[1])


def test_importing_the_package_takes_milliseconds_and_no_jax():
    program = "import time; t = time.perf_counter(); import sys, flan_jax; s = time.perf_counter() - t; "
    program += "heavy = {'jax', 'numpy', 'flax', 'gin'} & set(sys.modules); print(s, *heavy); dir(flan_jax)"
    secs = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        elapsed, *heavy = done.stdout.split()
        assert not heavy
        secs.append(float(elapsed))
    assert min(secs) < 0.2


def test_every_name_of_the_door_is_there_and_no_other_is():
    assert set(dir(fj)) == set(fj.__all__) and {"load", "train", "evaluate", "plot"} <= set(fj.__all__)
    for name in fj.__all__:
        assert getattr(fj, name) is not None
    assert set(api.__all__) <= set(fj.__all__)
    with pytest.raises(AttributeError, match=r"no attribute 'lode': it has .*load"):
        _ = fj.lode


@pytest.mark.parametrize(
    "imports",
    [
        "import flan_jax as fj",
        "import flan_jax.train.loop as loop, flan_jax.evaluate.config; import flan_jax as fj",
        "from flan_jax import evaluate, train; import flan_jax as fj",
        "import flan_jax as fj; fj.load; import flan_jax.train.loop; flan_jax.train.loop.run_training",
    ],
)
def test_a_function_with_a_packages_name_is_called_whatever_was_imported_before(imports):
    program = f"{imports}\nimport inspect\nfor f in (fj.train, fj.evaluate): assert callable(f)\n"
    program += "assert 'held_out' in inspect.signature(fj.train).parameters\n"
    program += "assert fj.train.__doc__.startswith('Finetunes a model on rows') and 'held_out:' in fj.train.__doc__\n"
    program += "assert fj.evaluate.__doc__.startswith('Scores a model')\n"
    program += "try: fj.train(3)\nexcept TypeError as error: print(error)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "missing 2 required keyword-only arguments: 'init' and 'to'" in done.stdout, done.stderr


def test_python_and_the_shell_generate_the_same(model, weights, capsys):
    flags = ["--max_decode_len", "6", *(arg for prompt in PROMPTS for arg in ("--prompt", prompt))]
    for options, more in (
        ({}, []),
        ({"samples": 2, "temperature": 0.8, "seed": 3}, ["--num_samples=2", "--temperature=0.8", "--seed=3"]),
    ):
        assert main(["infer", "--checkpoint", str(weights), *flags, *more]) == 0
        said = capsys.readouterr().out.splitlines()
        texts = model.generate(PROMPTS, max_tokens=6, **options)
        assert said == (texts if not options else [text for texts_of_one in texts for text in texts_of_one])


def test_a_rows_texts_do_not_depend_on_its_batch(model):
    options = {"max_tokens": 4, "samples": 2, "top_k": 5, "seed": 7}
    assert model.generate(PROMPTS, batch_size=1, **options) == model.generate(PROMPTS, batch_size=2, **options)
    assert model.generate([], max_tokens=4) == []
    assert [len(texts) for texts in model.generate(PROMPTS, max_tokens=4, samples=1)] == [1, 1]


def test_beams_give_the_best_one(model):
    from flan_jax.decode import BeamSearch

    found = list(model.generations(PROMPTS, max_tokens=4, method=BeamSearch(num_beams=3)))
    best = [generation.text for generation in found if generation.sample == 0]
    assert [generation.number for generation in found] == [0, 0, 0, 1, 1, 1]
    assert model.generate(PROMPTS, max_tokens=4, beams=3) == best


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prompts": "Say red."}, "prompts is one text, 'Say red.': give a list"),
        ({"prompts": [1]}, r"prompts\[0\] is 1, no text: give texts"),
        ({"prompts": None}, "prompts is None: give a list of texts"),
        ({"stop": ""}, "stop is empty"),
        ({"stop": [5]}, r"stop\[0\] is 5, no text"),
        ({"max_tokens": "8"}, "max_tokens is '8': give a whole number"),
        ({"seed": 1.5}, "seed is 1.5: give a whole number"),
        ({"seed": 0}, "seed 0 is of samples, and decoding is greedy: leave it out, or sample"),
        ({"seed": 1, "beams": 2}, "seed 1 is of samples, and beams draw none"),
        ({"max_tokens": 0}, "max_tokens is 0: give a whole number of at least 1"),
        ({"beams": 2, "samples": 3}, "samples samples and beams searches with beams"),
        ({"temperature": 0.0, "top_k": 3}, "temperature 0 is greedy, so that top_k has no effect"),
        ({"top_p": 1.5}, r"^top_p is 1.5: give a number in \(0, 1\]"),
        ({"samples": 0}, "^samples is 0: give a whole number of at least 1"),
        ({"beams": "3"}, "^beams is '3': give a whole number of at least 1"),
        ({"prompts": ["a", "b\ud800"]}, r"^prompts\[1\] has '\\ud800' at character 2, half of a surrogate pair"),
    ],
)
def test_generate_refuses_what_it_cannot_use(model, options, words):
    with pytest.raises(ConfigError, match=words):
        model.generate(**{"prompts": ["a"], "max_tokens": 2, **options})


def test_a_seed_is_of_samples_wherever_it_is_given(model, weights, monkeypatch, capsys):
    with pytest.raises(ConfigError, match="seed 3 is of samples"):
        model.generations(["a"], seed=3)
    monkeypatch.setattr(type(model.vocabulary), "render_chat", lambda self, messages: "Hello")
    with pytest.raises(ConfigError, match="seed 3 is of samples"):
        model.chat([{"role": "user", "content": "Hello"}], seed=3)
    assert main(["infer", "--checkpoint", str(weights), "--prompt", "a", "--seed", "3"]) == 2
    assert "--seed 3 is of samples, and decoding is greedy: leave it out" in capsys.readouterr().err


def test_half_a_character_is_told_wherever_text_is_given(model, weights, capsys):
    with pytest.raises(ConfigError, match=r"^prompt is '\\udcff': give a text that is UTF-8"):
        model.score("\udcff", ["red"])
    with pytest.raises(ConfigError, match=r"^options\[0\] has"):
        model.score("Say red.", ["\udcff"])
    with pytest.raises(ConfigError, match=r"^messages\[0\] has"):
        model.chat([{"role": "user", "content": "\udcff"}])
    assert main(["infer", "--checkpoint", str(weights), "--prompt", "a", "--prompt", "\udcff"]) == 2
    assert "--prompt has '\\udcff' at character 1" in capsys.readouterr().err


def test_generations_refuse_what_generate_does(model):
    for prompts, words in (("Say red.", "prompts is one text"), ([1], r"prompts\[0\] is 1, no text")):
        with pytest.raises(ConfigError, match=words):
            model.generations(prompts)


def test_a_prompt_that_loses_its_end_is_told(model, monkeypatch):
    monkeypatch.setattr("flan_jax.workflows.model.LONGEST_PROMPT", 8)
    with pytest.warns(UserWarning, match="1 prompt of more than 8 tokens lost their end"):
        model.generate(["a", "Say red, then blue, then red again and again."], max_tokens=2)
    with pytest.warns(UserWarning, match="lost their end"):
        model.score("Say red, then blue, then red again and again.", ["red"])


def test_scores_are_those_of_each_option_by_itself(model):
    options = ["red", "blue and green", "no"]
    together = model.score("Say red.", options)
    np.testing.assert_allclose(together, [model.score("Say red.", [o])[0] for o in options], rtol=1e-5)
    begun = model.score("Say red.", options, ends=False)
    assert all(with_end < without for with_end, without in zip(together, begun, strict=True))
    with pytest.raises(ConfigError, match="no options to score"):
        model.score("Say red.", [])
    with pytest.raises(ConfigError, match="has no token to score"):
        model.score("Say red.", [""], ends=False)
    with pytest.raises(ConfigError, match=r"options has '', .* whose end alone would be scored"):
        model.score("Say red.", ["yes", ""])


def test_scores_are_the_models_log_likelihoods(model):
    """Token by token, from the logits of the teacher-forced model."""
    from flan_jax.models import decode_teacher_forced, encode

    vocabulary = model.vocabulary
    inputs_1L = np.array([[*vocabulary.encode("Say red."), vocabulary.eos_id]], np.int32)
    targets = [*vocabulary.encode("red"), vocabulary.eos_id]
    mask_1L = np.ones_like(inputs_1L)
    encoded = encode(model.config, model.params, inputs_1L, mask_1L)
    shifted_1T = np.array([[0, *targets[:-1]]], np.int32)
    rows_1 = np.zeros(1, np.int32)
    logits_1TV = decode_teacher_forced(model.config, model.params, encoded, mask_1L == 1, shifted_1T, rows_1)
    log_probs_TV = np.asarray(jax.nn.log_softmax(logits_1TV, axis=-1))[0]
    expected = sum(log_probs_TV[t, token] for t, token in enumerate(targets))
    np.testing.assert_allclose(model.score("Say red.", ["red"]), [expected], rtol=1e-5)


def test_weights_of_another_program_load_and_go_with_the_model(weights, model, tmp_path):
    export_weights(weights, "hf", tmp_path / "hf")
    found = fj.load(f"hf:{tmp_path / 'hf'}", vocab_path=str(assets.EMBEDDED_VOCAB))
    assert found.is_temporary and not model.is_temporary
    assert found.generate(PROMPTS, max_tokens=4) == model.generate(PROMPTS, max_tokens=4)
    folder = found.source.path
    start = finetuning.keep_start(found, tmp_path / "run")
    assert folder.is_dir() and sorted(os.listdir(start)) == sorted(os.listdir(folder))
    del found
    gc.collect()
    assert not folder.exists() and fj.load(start).generate(["a"], max_tokens=1) == model.generate(["a"], max_tokens=1)


def test_load_names_what_is_wrong(tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    for path, error, words in (
        (tmp_path / "nothing", CheckpointError, "no folder: give a run's folder"),
        ("hf:/nothing/here", CheckpointError, "/nothing/here is no folder: give one that save_pretrained wrote"),
        ("hf:there/nothing", CheckpointError, "there/nothing is no folder: give one"),
        ("hg:foo", ConfigError, "begins with 'hg:'. The prefixes are hf:, t5x:, gguf:, embedded:"),
        ("hf:", ConfigError, "does not say what to import: give hf:FOLDER"),
        ("embedded:nothing", ConfigError, "it has .*embedded:lm_adapted"),
        (None, ConfigError, "path is None: give a run's folder, .*hf:FOLDER"),
        ("", ConfigError, "path is '': give a run's folder"),
    ):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(error, match=words):
            fj.load(path)
    with pytest.raises(ConfigError, match=r"^dtype is 'float16'.*: give one of float32, bfloat16"):
        fj.load("embedded:lm_adapted", dtype="float16")
    with pytest.raises(ConfigError, match="vocab_path is 5: give a SentencePiece model or a tokenizer"):
        fj.load("embedded:lm_adapted", vocab_path=5)


def test_paths_are_text_or_paths_and_may_begin_at_home(weights, model, monkeypatch):
    monkeypatch.setenv("HOME", str(weights.parent))
    vocabulary = fj.load(f"~/{weights.name}", vocab_path=assets.EMBEDDED_VOCAB).vocabulary
    assert vocabulary is load_vocabulary(str(assets.EMBEDDED_VOCAB)), "read once a process, however it is given"
    assert fj.TrainedRun("~/mine").folder == weights.parent / "mine"
    with pytest.raises(ConfigError, match=f"^{weights.parent}/nothing is no folder"):
        fj.plot("~/nothing")


def test_a_cell_that_runs_twice_goes_on_or_says_that_it_is_finished(examples, capsys):
    names, _ = examples
    options = {"template": "{question}", "init": names["model"], "to": names["folder"], "steps": 2, "eval_steps": 2}
    rows, held_out = names["rows_of_train"], names["held_out"]
    run = fj.train(rows, held_out=held_out, **options)
    assert run == names["run"] and "is finished, after 2 steps" in capsys.readouterr().out
    with pytest.raises(CheckpointError, match=r"holds a run with other rows .*: give another `to`, or delete"):
        fj.train(rows[:1], held_out=held_out, **options)
    with pytest.raises(CheckpointError, match=r"holds a run with other held_out"):
        fj.train(rows, held_out=held_out[:1], **options)
    with pytest.raises(CheckpointError, match=r"holds a run with other held_out"):
        fj.train(rows, **{**options, "eval_steps": None})
    with pytest.raises(CheckpointError, match=r"holds a run with learning_rate 0\.001, now 0\.1, .*another `to`"):
        fj.train(rows, held_out=held_out, learning_rate=0.1, **options)
    with pytest.raises(CheckpointError, match=r"holds a run of 2 steps, steps is 1: give at least that many"):
        fj.train(rows, held_out=held_out, **{**options, "steps": 1})
    with pytest.raises(CheckpointError, match=r"holds a run with init '.*', now '.*checkpoints.2'"):
        fj.train(rows, held_out=held_out, **{**options, "init": names["folder"] / "checkpoints" / "2"})
    with pytest.raises(CheckpointError, match=r"holds a run with eval_limit 200, now 1, "):
        fj.train(rows, held_out=held_out, eval_limit=1, **options)
    (names["folder"] / "rows.json").rename(names["folder"] / "away.json")
    with pytest.raises(CheckpointError, match=r"holds a run without rows\.json, so that nobody knows which rows"):
        fj.train(rows, held_out=held_out, **options)
    (names["folder"] / "away.json").rename(names["folder"] / "rows.json")
    assert not finetuning.is_finished(names["folder"], 3)


@pytest.mark.parametrize("changed", ["selected.json", "evals.jsonl", "selected/model.json"])
def test_a_run_that_was_given_more_steps_is_not_finished_by_the_files_of_its_first_end(examples, tmp_path, changed):
    folder = tmp_path / "run"
    shutil.copytree(examples[0]["folder"], folder)
    assert finetuning.is_finished(folder, 2)
    path = folder / changed
    if changed == "evals.jsonl":
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:1]))
    else:
        value = read_json_object(path, "")
        table = [score for score in value.get("table", []) if score["step"] < 2]
        write_sealed(path, {**value, **({"table": table} if table else {"step": 1})})
    assert not finetuning.is_finished(folder, 2)


def test_numpys_numbers_are_numbers(tmp_path):
    lengths = {"inputs": np.int64(32), "targets": np.int32(32)}
    told = finetuning.Finetuning(
        tmp_path,
        "rows",
        batch_size=np.int64(2),
        learning_rate=np.float32(0.5),
        seed=np.int8(3),
        feature_lengths=lengths,
    )
    plain = {"batch_size": 2, "learning_rate": 0.5, "seed": 3, "feature_lengths": {"inputs": 32, "targets": 32}}
    assert json.loads(json.dumps({name: getattr(told, name) for name in plain})) == plain


def test_a_run_is_read_back_from_its_folder(examples):
    names, _ = examples
    run = fj.TrainedRun(str(names["folder"]))
    assert run == fj.TrainedRun(names["folder"]) and run.selected == 2 and run.model().source.step == 2
    assert [results.step for results in run.results] == [0, 2] and set(run.losses) <= {1, 2}
    assert "2 (selected)" in run._repr_html_() and re.search(r"held_out_[0-9a-f]{8}, exact_match", run._repr_html_())
    assert (run.folder / "report.html").exists()
    empty = fj.TrainedRun(names["folder"] / "nothing")
    assert empty.selected is None and empty.results == [] and empty.losses == {}
    assert empty._repr_html_().endswith("nothing</b>: not judged; 0 steps")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("selected.json", "", "is not JSON .*: apply the rule again with flan_jax.evaluate.write_selected"),
        ("selected.json", "[]", r"holds \[\], no JSON object: apply the rule again"),
        ("selected.json", "{}", "has no 'step': apply the rule again"),
        ("selected.json", '{"step": "2"}', "has 'step' '2', no int: apply the rule again"),
        ("selected/model.json", "[]", r"holds \[\], no JSON object: copy it again"),
        ("selected/model.json", '{"format_version": 1}', "has no 'model': copy it again"),
        ("selected/model.json", '{"format_version": 1, "model": {}, "vocab_file": 5}', "has 'vocab_file' 5, no str"),
        ("evals.jsonl", "{}", ":1 is no object with a step but {}: start the run's training command again"),
        ("evals.jsonl", "[]", r":1 is no object with a step but \[\]: start the run\'s training command again"),
        ("evals.jsonl", '{"step": 1}', r":1 holds no results \('tasks'\): start the run\'s training command again"),
        ("evals.jsonl", '{"step": 1, "tasks": []}', ":1 holds no results .*: start the run's training command again"),
        (
            "evals.jsonl",
            '{"step": 1, "tasks": {"a": {}}}',
            ":1 holds no results .*: start the run's training command again",
        ),
        ("metrics.jsonl", "5", ":1 is 5, no JSON object: remove that line"),
        ("metrics.jsonl", '{"step": "a", "loss": 1}', ":1 has a step or a loss that is no number: remove that line"),
    ],
)
def test_a_damaged_file_of_a_run_is_told_in_one_line(tmp_path, name, content, words):
    (tmp_path / "selected").mkdir()
    (tmp_path / "selected" / "weights.safetensors").touch()
    (tmp_path / name).write_text(content + "\n" * bool(content))
    run = fj.TrainedRun(tmp_path)
    read = {
        "selected.json": lambda: run.selected,
        "evals.jsonl": lambda: run.results,
        "metrics.jsonl": lambda: run.losses,
    }
    with pytest.raises(CheckpointError, match=words) as error:
        read.get(name, run.model)()
    assert str(error.value).startswith(str(tmp_path / name)) and "\n" not in str(error.value)


def test_a_plot_shows_itself_without_pyplot(examples):
    figure = fj.plot(examples[0]["run"])
    assert figure.axes[0].get_title() == "training loss"
    assert figure._repr_png_().startswith(b"\x89PNG") and not hasattr(figure, "number")
    labels = figure.axes[1].get_legend_handles_labels()[1]
    assert "selection tasks" in labels and "selected: step 2" in labels
    assert [axes.get_ylabel().partition(" ")[0] for axes in figure.axes] == ["nats", "normalised"]


def test_a_run_that_was_not_judged_is_drawn_in_one_panel_and_what_is_no_run_in_none(examples, tmp_path):
    (tmp_path / "metrics.jsonl").write_text((examples[0]["folder"] / "metrics.jsonl").read_text())
    (axes,) = fj.plot(tmp_path).axes
    (line,) = axes.lines
    assert line.get_color() == AFTER and axes.get_xlabel() == "step"
    (tmp_path / "empty").mkdir()
    for run, words in (
        ("runs/nothing", "is no folder"),
        (tmp_path / "metrics.jsonl", "is no folder"),
        (tmp_path / "empty", "has no metrics.jsonl and no evals.jsonl"),
        (None, "folder is None: give a run's folder"),
    ):
        with pytest.raises(ConfigError, match=words):
            fj.plot(run)


def test_python_and_the_shell_score_a_task_the_same(model, weights, tmp_path):
    flags = ["--mixture", "who_has_new_template", "--limit", "4", "--targets_length", "8", "--inputs_length", "64"]
    flags += ["--cache_dir", str(tmp_path / "cache"), "--out", str(tmp_path / "out")]
    assert main(["eval", "--checkpoint", str(weights), *flags]) == 0
    value = json.loads((tmp_path / "out" / "eval.json").read_text())["tasks"]["who_has_new_template"]
    cache = tmp_path / "cache"
    found = fj.evaluate(model, "who_has_new_template", limit=4, max_tokens=8, cache_dir=cache)
    task = found.tasks.tasks["who_has_new_template"]
    assert list(task.scores) == value["scores"] and found.scores["who_has_new_template"] == value["score"]
    assert "who_has_new_template" in found.table() and found.table()._repr_markdown_() == str(found.table())


def test_a_metric_is_a_function(model, tmp_path):
    def is_text(text, references):
        return float(isinstance(text, str) and references[0] in ("red", "blue red"))

    options = {"template": "{question}", "max_tokens": 2, "cache_dir": tmp_path}
    found = fj.evaluate(model, ROWS, metric=[is_text, "exact_match"], **options)
    assert found.scores == {"rows": 1.0}
    assert set(found.tasks.tasks["rows"].metrics) == {"is_text", "exact_match"}
    assert "| other metrics |" in found.table() and "| exact_match 0.0 |" in found.table()
    assert "normalised average of 1 task |" in found.table()


def test_what_an_evaluation_trims_is_said_and_a_set_has_no_order(model, tmp_path):
    rows = [{"question": "red " * 3000, "answer": "red"}, *ROWS]
    with pytest.warns(UserWarning, match=r"1 prompt of more than [\d,]+ tokens lost their end"):
        fj.evaluate(model, rows, template="{question}", max_tokens=2, cache_dir=tmp_path)
    with pytest.raises(ConfigError, match=r"^prompts is \{'Say red.'\}: give a list of texts"):
        model.generate({"Say red."})


def test_what_the_vocabulary_cannot_write_is_said(model, capsys):
    with pytest.warns(UserWarning, match="1 prompt with characters that the vocabulary has no piece for, which the"):
        model.generate(["Say 日本.", "Say red."], max_tokens=2)
    with pytest.warns(UserWarning, match="2 texts with characters that the vocabulary has no piece for"):
        one, other = model.score("Which?", ["日本", "本日"])
    assert one == other
    argv = ["infer", "--checkpoint", "embedded:lm_adapted", "--prompt", "Say 日本.", "--max_decode_len", "2", "--json"]
    assert main(argv) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["prompt_unknown"] and "1 prompt with characters that the vocabulary has no" in said.err


def test_what_a_metric_gives_that_is_no_number_is_told_with_its_name(model, tmp_path):
    for given, shown in ((None, "None"), ("1", "'1'"), (np.ones((2, 2)), r"array\(\[\[1., 1.\], \[1., 1.\]\]\)")):

        def mine(text, references, given=given):
            return given

        with pytest.raises(TaskError, match=f"^metric mine gave {shown}, which is no number: it must give a number"):
            fj.evaluate(model, ROWS, metric=mine, template="{question}", max_tokens=2, cache_dir=tmp_path)

    def broken(text, references):
        return {}["boom"]

    with pytest.raises(
        TaskError, match=r"^metric broken, given '.*' and .*: KeyError: 'boom' \(.*test_api_door.py:\d+\)"
    ):
        fj.evaluate(model, ROWS, metric=broken, template="{question}", max_tokens=2, cache_dir=tmp_path)


def test_what_cannot_be_trained_or_scored_is_told_before_anything_is_made(model, tmp_path):
    def politeness(model):
        return {}

    to, file, others = tmp_path / "run", tmp_path / "x.txt", [{"question": "Say one.", "answer": "one"}]
    file.write_text("")
    for options, words in (
        ({"steps": 0}, "steps is 0: give a whole number of at least 1"),
        ({"steps": 1.5}, "steps is 1.5: give a whole number"),
        ({"batch_size": "8"}, "batch_size is '8': give a whole number"),
        ({"batch_size": 0}, "^batch_size is 0: give a whole number of at least 1"),
        ({"learning_rate": "0.1"}, "learning_rate is '0.1': give a number"),
        ({"learning_rate": 0.0}, "^learning_rate is 0.0: give a number above 0"),
        ({"dropout": 1.0}, "^dropout is 1.0: give a number in"),
        ({"seed": -1}, "^seed is -1: give a whole number from 0 to"),
        ({"feature_lengths": 64}, "^feature_lengths is 64: give a dict of"),
        ({"feature_lengths": {"inputs": 64}}, "^feature_lengths {'inputs': 64} lacks 'targets'"),
        (
            {"feature_lengths": {"inputs": 1, "targets": 8}},
            r"^feature_lengths\['inputs'\] is 1: give a whole number of at least 2",
        ),
        ({"eval_steps": -1}, "^eval_steps is -1: give a whole number of at least 0"),
        ({"eval_limit": 0}, "^eval_limit is 0: give a whole number of at least 1, or None"),
        ({"eval_steps": 1, "held_out": None}, "eval_steps is for runs that are judged"),
        ({"eval_limit": 1, "held_out": None}, "^eval_limit 1 is for held-out rows, and there are none"),
        ({"metric": "rouge_l", "held_out": None}, "metric is for held-out rows .*, and there are none: give some"),
        ({"metric": "rouge_l", "held_out": "who_has_new_template"}, "metric is for .*what is registered has its own"),
        ({"rows": "who_has_zero_shot", "held_out": None}, "template is for rows .*what is registered has its own"),
        (
            {"rows": "who_has_zero_shot", "held_out": None, "template": None, "target": "{nonsense}"},
            "target is for rows .*what is registered has its own",
        ),
        ({"tuning": "lora"}, r"tuning is 'lora': give a TuningConfig"),
        ({"evaluators": len}, "give a list of functions"),
        ({"evaluators": ["politeness"]}, "evaluator 'politeness' is no function"),
        (
            {"evaluators": [politeness]},
            r"evaluator politeness\(model\) cannot be called with \(model, step\): too many",
        ),
        ({"to": file}, r"x\.txt', a file: give a folder"),
        ({"to": file / "run"}, r"which is below the file .*x\.txt: give a folder"),
        ({"to": None}, "to is None: give the path of a folder"),
        ({"init": 3}, "init is 3: give a model, or a run's folder"),
    ):
        with pytest.raises(ConfigError, match=words):
            fj.train(**{"rows": ROWS, "held_out": others, "template": "{question}", "init": model, "to": to, **options})
    assert not to.exists()
    for what, options, words in (
        ([], {"template": "{question}"}, "there is nothing to score"),
        ({"question": ["a"]}, {"template": "{question}"}, "rows are one dict, of 'question': rows are a list of dicts"),
        (ROWS, {"template": "{question}", "limit": 0}, "^limit is 0: give a whole number of at least 1, or None"),
        (ROWS, {"template": "{question}", "max_tokens": 0}, "^max_tokens is 0: give a whole number"),
        (ROWS, {"template": "{question}", "to": to}, "to is for benchmarks, and none are asked"),
        ("mmlu", {"to": file}, r"x\.txt', a file"),
        ("mmlu", {"metric": "rouge_l"}, "metric is for held-out rows"),
        (ROWS, {"template": "{question}", "seed": 0}, "seed is for benchmarks, and none are asked: leave it out"),
        ("who_has_new_template", {"force": True}, "force is for benchmarks, and none are asked"),
        ("who_has_new_template", {"target": "{nonsense}"}, "target is for rows that are given as such"),
        ("mmlu", {"max_tokens": 8}, "max_tokens is for tasks and rows, and none are asked"),
        ("mmlu", {"cache_dir": to}, "cache_dir is for tasks and rows, and none are asked"),
        ("mmlu", {"template": "{question}"}, "template is for rows that are given as such"),
        ("who_has_new_template", {"split": "tset"}, "tset"),
    ):
        with pytest.raises(FlanError, match=words):
            fj.evaluate(model, what, **options)
    for options, words in (
        ("yes", "options is one text, 'yes': give a list of them"),
        ([1], r"options\[0\] is 1, no text"),
        (None, "options is None: give a list of texts"),
    ):
        with pytest.raises(ConfigError, match=words):
            model.score("Is it red?", options)
    with pytest.raises(ConfigError, match=r"prompt is \['Is it red'\]: give a text"):
        model.score(["Is it red"], ["yes"])
    for messages in ("Hello", ["Hello"], [{"role": "user"}], None):
        with pytest.raises(ConfigError, match="give a list of what was said"):
            model.chat(messages)


@pytest.mark.parametrize("names", [arguments.OF_LOAD, arguments.OF_TRAIN, arguments.OF_EVALUATE])
def test_every_setting_that_the_door_calls_by_another_name_is_one(names):
    classes = {
        c.__name__: c for c in (TrainConfig, EvalConfig, AdafactorConfig, T5Config, DecoderConfig, EncoderDecoderConfig)
    }
    function = {"vocab_path": fj.load}
    for setting, argument in names.items():
        name, _, field = setting.partition(".")
        assert not field or field in {f.name for f in dataclasses.fields(classes[name])}, setting
        parameter = argument.partition("=")[0]
        asked = function.get(parameter, fj.train if names is arguments.OF_TRAIN else fj.evaluate)
        assert parameter in inspect.signature(asked).parameters, argument


def test_an_error_is_told_by_the_argument_of_each_door():
    mesh = make_mesh(MeshConfig(data=-1))
    with pytest.raises(ConfigError, match=r"^EvalConfig\.batch_size 3 is not divisible") as told:
        batch_shards(mesh, 3, "EvalConfig.batch_size")
    renamed = told.value.renamed(arguments.OF_EVALUATE)
    assert str(renamed).startswith("batch_size 3 is not divisible by") and type(renamed) is ConfigError
    past = CheckpointError("TRAIN_STEPS", "/4 is past ", Setting("TRAIN_STEPS"), " 3: raise it to at least 4")
    assert str(past.renamed(arguments.OF_TRAIN)) == "TRAIN_STEPS/4 is past steps 3: raise it to at least 4"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mmluu", "did you mean mmlu"),
        ("mmlu,who_has_new_templat", "called 'who_has_new_templat'; did you mean who_has_new_template"),
        ("procedural_repor", "did you mean procedural_report"),
        ("runs/rows", r"`flan-jax eval --list` shows the benchmarks, .*rows are a file, a folder"),
        ("who_has__zeroshot", "zeroshot"),
        ("mmlu:dirct", "did you mean direct"),
    ],
)
def test_a_misspelt_name_is_told_with_the_nearest_of_every_kind(model, name, words):
    with pytest.raises(TaskError, match=words):
        fj.evaluate(model, name)


def test_a_name_of_benchmarks_and_a_mixture_says_which_is_taken_and_the_mixture_itself_is_itself(
    model, monkeypatch, capsys
):
    split_names("t0")  # imports what registers it
    assert by_kind(["t0"]) == (["t0"], [])
    said = "t0 are benchmarks and also a task or mixture: the benchmarks are asked; for the other, give flan_jax.decl"
    assert said in capsys.readouterr().out
    by_kind(["mmlu", "who_has_new_template"])
    assert capsys.readouterr().out == ""

    def measured(name, *args, **options):
        raise InterruptedError(f"the tasks of {name}")

    monkeypatch.setattr(api, "measure", measured)
    with pytest.raises(InterruptedError, match="the tasks of t0"):
        fj.evaluate(model, get("t0"))
    assert capsys.readouterr().out == ""


def test_a_run_stands_for_its_model(examples, tmp_path):
    run, rows, held_out = (examples[0][name] for name in ("run", "rows_of_train", "held_out"))
    options = {"template": "{question}", "max_tokens": 2, "cache_dir": tmp_path}
    assert fj.evaluate(run, ROWS, **options).tasks.step == 2
    with pytest.raises(CheckpointError, match="holds a run with init"):
        fj.train(rows, held_out=held_out, template="{question}", init=run, to=run.folder, steps=2)


def test_no_name_is_nothing_to_score_and_names_may_come_one_by_one(model):
    for nothing in ("", " ", ",", []):
        with pytest.raises(ConfigError, match="there is nothing to score: name benchmarks, tasks or mixtures"):
            fj.evaluate(model, nothing)
    with pytest.raises(TaskError, match="no benchmark, task or mixture is called 'mmluu'; did you mean mmlu"):
        fj.evaluate(model, (name for name in ("bbh", "mmluu")))


def test_rows_are_as_long_as_the_longest_example(model):
    long = [{"question": "red " * 50, "answer": "red"}, *ROWS]
    name = register_rows(long, "long_rows", template="Say {question}", target="{answer}")
    lengths = measure(name, model.vocabulary)
    tokens = len(model.vocabulary.encode("Say " + "red " * 50)) + 1
    assert lengths.inputs.max() == tokens and 32 < tokens <= lengths.row_lengths()["inputs"] < 2 * tokens
    assert lengths.row_lengths()["targets"] == 32
    assert "33.3% trimmed" in lengths.describe({"inputs": 32, "targets": 32})
    with pytest.raises(TaskError, match="give feature_lengths"):
        measure("procedural_prefix", model.vocabulary)


def test_a_runs_settings_are_those_of_its_arguments(model, tmp_path):
    told = finetuning.Finetuning(tmp_path, "who_has_zero_shot", steps=50, learning_rate=2e-3, dropout_rate=0.2, seed=3)
    told = dataclasses.replace(told, feature_lengths={"inputs": 64, "targets": 16}, held_out="who_has_new_template")
    config, said = finetuning.finetuning_config(told, model)
    assert (config.train.train_steps, config.train.eval_period, config.train.seed) == (50, 10, 3)
    assert config.train.log_period == 2
    assert (config.optimizer.learning_rate, config.model.dropout_rate) == (2e-3, 0.2)
    assert config.train.initial_checkpoint_path == str(model.source.path)
    assert config.evaluation.selection == ("who_has_new_template",)
    assert config.train.batch_size % jax.device_count() == 0
    assert "50 steps of 16 packed rows of 64 + 16 tokens" in said and "Adafactor at 0.002, dropout 0.2" in said


def test_an_evaluator_is_a_function_of_a_model_that_generates(model, tmp_path, monkeypatch):
    """What training hands to the judge, without the training."""
    asked = []

    def politeness(one, step):
        asked.append((step, one.generate(["May I come in?"], max_tokens=4)))
        return {"politeness": 0.25}

    handed = {}
    stopped = RunResult(tmp_path, 1, is_finished=False)
    monkeypatch.setattr(training, "run_training", lambda *args, **options: handed.update(options) or stopped)
    train = TrainConfig(str(tmp_path), "who_has_zero_shot", str(tmp_path), {"inputs": 32, "targets": 32}, 8, 1)
    training.train_run(RunConfig(train, model.config, AdafactorConfig(), EvalConfig()), [politeness])
    parts = {"model": model.config, "vocabulary": model.vocabulary, "model_dir": tmp_path, "mesh": None}
    judge = handed["make_judge"](types.SimpleNamespace(**parts))
    results = judge.run(model.params, 3)
    assert asked == [(3, model.generate(["May I come in?"], max_tokens=4))]
    assert results.tasks["politeness"].score == 0.25 and results.tasks["politeness"].group == "report"
