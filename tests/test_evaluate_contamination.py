"""Which training tasks an evaluation is refused for, warned of, or silent about; and what weights say of their past."""

import json
import pathlib

import numpy as np
import pytest

import flan_jax.tasks  # noqa: F401  (registers tasks and benchmarks)
from flan_jax.checkpoints.find import WeightsSource, find_weights
from flan_jax.checkpoints.lineage import TrainedOn, trained_on, trained_on_of_run
from flan_jax.checkpoints.weights import save_weights
from flan_jax.cli.main import main
from flan_jax.core import assets
from flan_jax.core.errors import CheckpointError
from flan_jax.declare.benchmark import BENCHMARKS, get_benchmark
from flan_jax.declare.registry import get_mixture, mixture_members
from flan_jax.evaluate import Journal, Record
from flan_jax.evaluate.contamination.trained_on import (
    KIN,
    Finding,
    canonical,
    findings,
    notes,
    refuse,
    share_questions,
    training_tasks,
)
from flan_jax.models import count_params
from flan_jax.tasks.held_out import BENCHMARK_DATASETS


def found(benchmark, *tasks, split=None, role="train_split"):
    chosen = get_benchmark(benchmark)
    return [(f.level, f.tasks) for f in findings([(chosen, split or chosen.splits[0])], tasks, role)]


def test_the_questions_themselves_are_refused_and_the_training_split_is_a_warning():
    mmlu_task = "niv2_task664_mmmlu_answer_generation_abstract_algebra"
    assert found("mmlu", mmlu_task, "cot_gsm8k") == [("questions", (mmlu_task,))]
    assert found("gsm8k", "cot_gsm8k") == [("related", ("cot_gsm8k",))]
    assert found("mgsm", "cot_gsm8k") == [("related", ("cot_gsm8k",))]
    # BIG-bench's StrategyQA is the data set's training split.
    assert found("strategyqa", "cot_strategyqa") == [("questions", ("cot_strategyqa",))]
    assert found("gsm8k", "cot_aqua", "flan2021_rte") == []
    # A collection that has a benchmark under another task's name, and one that is not registered here.
    assert found("tydiqa", "my_tydiqa", "tydi_qa") == [("questions", ("tydi_qa",))]


def test_formats_of_a_task_and_other_collections_names_are_the_same_data_set():
    assert found("gsm8k", "cot_gsm8k__templates_1") == [("related", ("cot_gsm8k__templates_1",))]
    assert found("t0_super_glue_rte", "flan2021_rte")[0] == ("related", ("flan2021_rte",))
    assert canonical("super_glue_rte") == canonical("RTE") == canonical("glue/rte") == "rte"
    assert canonical("winogrande_winogrande_xl") == canonical("winogrande")


def test_a_benchmark_of_registered_tasks_is_refused_where_its_rows_are_trained_on():
    # Super-NaturalInstructions has one pool of instances a task, FLAN splits.
    test_task = get_benchmark("tk_instruct_eval").subtasks[0].name
    assert found("tk_instruct_eval", test_task)[0] == ("questions", (test_task,))
    assert found("flan_natural_language_inference", "flan2021_rte") == [("related", ("flan2021_rte",))]
    # What picks a checkpoint uses the evaluation split.
    validation = found("flan_natural_language_inference", "flan2021_rte", split="validation", role="eval_split")
    assert validation == [("questions", ("flan2021_rte",))]
    assert found("flan_natural_language_inference", "flan2021_rte", split="test", role="eval_split")[0][0] == "related"


def test_the_papers_mixtures_keep_their_promises():
    def refused(mixture):
        tasks = [task.name for task in mixture_members(get_mixture(mixture))]
        asked = [(benchmark, benchmark.splits[0]) for benchmark in BENCHMARKS.values()]
        return {f.benchmark for f in findings(asked, tasks) if f.level == "questions"}

    assert not refused("flan2022") & {"mmlu", "bbh", "tydiqa", "mgsm", "gsm8k"}
    assert "strategyqa" in refused("flan2022")
    assert "tk_instruct_eval" not in refused("tk_instruct")


def test_the_table_covers_what_mixtures_hold_out_and_names_registered_benchmarks_only():
    assert set(KIN) <= set(BENCHMARKS)
    for benchmark, names in BENCHMARK_DATASETS.items():
        assert set(names) <= set(KIN[benchmark].questions) | {"hendrycks_test"}, benchmark
    for benchmark, kin in KIN.items():
        assert not {canonical(n) for n in kin.questions} & {canonical(n) for n in kin.related}, benchmark


def test_refusal_names_benchmark_tasks_and_remedy_and_force_is_said_in_the_notes():
    grave = Finding("mmlu", "questions", tuple(f"task_{i}" for i in range(7)))
    light = Finding("gsm8k", "related", ("cot_gsm8k",))
    with pytest.raises(CheckpointError, match=r"runs/a .*mmlu by task_0, .*task_4 and 2 more.*--force"):
        refuse([light, grave], "runs/a")
    refuse([light], "runs/a")
    said = notes([grave, light], TrainedOn(("cot_gsm8k",), ("mine",), ("x was imported",)))
    assert said[0].startswith("FORCED: mmlu") and said[1].startswith("gsm8k: ") and "x was imported" in said[2]
    assert notes([], TrainedOn(("a",), ("m",))) == []
    assert "not registered" in notes([], TrainedOn((), ("no_such_mixture",)))[0]
    assert (
        share_questions("mgsm_en", "gsm8k") and share_questions("mmlu", "mmlu") and not share_questions("mmlu", "bbh")
    )


def weights_folder(path, **extra):
    save_weights(path, {"a": np.zeros(1, np.float32)}, {"vocab_size": 8}, **extra)
    return WeightsSource(path, None, {"vocab_size": 8}, None)


def test_weights_say_what_they_were_trained_on_and_what_nobody_knows(tmp_path):
    past = TrainedOn(("b",), ("second",), ("first is unknown",))
    assert trained_on(weights_folder(tmp_path / "ours", trained_on=past.to_json())) == past
    imported = trained_on(weights_folder(tmp_path / "theirs", origin={"format": "gguf", "name": "Smol"}))
    assert "imported (gguf Smol)" in imported.unknown[0] and imported.tasks == ()
    older = trained_on(weights_folder(tmp_path / "older", mixture="tk_instruct"))
    assert len(training_tasks(older)) > 100 and "besides its last mixture" in older.unknown[0]
    assert trained_on(weights_folder(tmp_path / "bare")).unknown


def test_a_run_inherits_its_starting_weights_past_and_outlives_them(tmp_path):
    weights_folder(tmp_path / "start", trained_on=TrainedOn(("b",), ("first",)).to_json())
    run = tmp_path / "run"
    run.mkdir()
    lineage = trained_on_of_run(run, "second", ("a", "b"), str(tmp_path / "start"))
    assert lineage == TrainedOn(("a", "b"), ("first", "second"))
    (run / "data.json").write_text(json.dumps({"trained_on": lineage.to_json()}))
    assert trained_on_of_run(run, "second", ("a", "b"), str(tmp_path / "gone")) == lineage
    assert trained_on_of_run(run, "second", ("a",), None) == TrainedOn(("a",), ("second",)), "nothing has begun"
    (run / "checkpoints" / "4").mkdir(parents=True)
    weights_folder(tmp_path / "other", trained_on=TrainedOn(("c",), ("third",)).to_json())
    other = trained_on_of_run(run, "second", ("a", "b"), str(tmp_path / "other"))
    assert other == TrainedOn(("a", "b", "c"), ("first", "second", "third")), "other weights in its start's place"
    assert trained_on_of_run(run, "second", ("a", "b"), None) == lineage
    (run / "checkpoints" / "4").rmdir()
    assert trained_on_of_run(tmp_path, "second", ("a",), str(tmp_path / "gone")).unknown
    assert trained_on(WeightsSource(run / "checkpoints" / "4", 4, {}, None)) == lineage
    assert trained_on_of_run(tmp_path, "second", ("a",), None) == TrainedOn(("a",), ("second",))


@pytest.mark.parametrize(("name", "num_params"), [("lm_adapted", 1_706_368), ("lm_adapted_small", 558_080)])
def test_the_embedded_weights_are_clean_and_recorded(name, num_params):
    source = find_weights(assets.ASSETS / name)
    assert count_params(source.model_config()) == num_params
    past = trained_on(source)
    assert past.mixtures == ("procedural_copies", "procedural_pairs", "procedural_retold") and not past.unknown
    asked = [(benchmark, benchmark.splits[0]) for benchmark in BENCHMARKS.values()]
    assert findings(asked, training_tasks(past)) == []


@pytest.fixture
def contaminated(tmp_path):
    """The demo's weights, said to be trained on MMLU."""
    folder = tmp_path / "contaminated"
    folder.mkdir()
    for file in (assets.ASSETS / "lm_adapted").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    info = json.loads((folder / "model.json").read_text())
    info["trained_on"]["tasks"].append("niv2_task664_mmmlu_answer_generation_abstract_algebra")
    del info["sha256_of_the_rest"]  # an edit that is meant
    (folder / "model.json").write_text(json.dumps(info))
    return folder


def mmlu_data(folder: pathlib.Path) -> pathlib.Path:
    """MMLU's files of one subject, with questions of our own."""
    for split, size in (("dev", 5), ("test", 2)):
        path = folder / "mmlu" / split / f"anatomy_{split}.csv"
        path.parent.mkdir(parents=True)
        path.write_text("".join(f"How many is {i}?,0,1,2,{i + 3},{'ABCD'[i % 4]}\n" for i in range(size)))
    return folder


def test_the_command_refuses_forces_and_keeps_models_apart(tmp_path, contaminated, capsys):
    data, out = mmlu_data(tmp_path / "data"), tmp_path / "out"

    def evaluate(checkpoint, *more):
        arguments = ["--suite", "mmlu", "--split", "test", "--subtask", "anatomy", "--inputs_length", "64"]
        return main(
            ["eval", "--checkpoint", str(checkpoint), *arguments, "--data_dir", str(data), "--out", str(out), *more]
        )

    assert evaluate(contaminated) == 2
    assert "task664" in capsys.readouterr().err and not out.exists()
    assert evaluate(contaminated, "--force") == 0
    assert "FORCED: mmlu" in (out / "results.md").read_text()
    assert "FORCED: mmlu" in (out / "report.html").read_text()
    assert any("FORCED" in note for note in json.loads((out / "summary.json").read_text())["notes"])
    with Journal(out / "journal.jsonl") as journal:
        assert journal.owner is not None and len(journal.records) == 2
    # The same folder for another model.
    info = json.loads((assets.ASSETS / "lm_adapted" / "model.json").read_text())
    told = {name: value for name, value in info.items() if not name.startswith("sha256")}
    (contaminated / "model.json").write_text(json.dumps(told))
    from safetensors.numpy import load_file, save_file

    tensors = load_file(contaminated / "weights.safetensors")
    save_file({name: value * 1.5 for name, value in tensors.items()}, contaminated / "weights.safetensors")
    before = (out / "journal.jsonl").read_bytes()
    assert evaluate(contaminated) == 2
    assert "answers of another model" in capsys.readouterr().err
    assert (out / "journal.jsonl").read_bytes() == before


def test_a_journal_of_nobody_knows_whom_is_not_claimed(tmp_path):
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.add(Record("0" * 64, "b", "s", "test", "cot", "0", "generate", {}, "a"))
        with pytest.raises(CheckpointError, match="does not say which model"):
            journal.claim("fingerprint", "a model")
    with Journal(tmp_path / "new.jsonl") as journal:
        journal.claim("fingerprint", "a model")
        journal.add(Record("1" * 64, "b", "s", "test", "cot", "0", "generate", {}, "a"))
    with Journal(tmp_path / "new.jsonl") as journal:
        journal.claim("fingerprint", "moved elsewhere")
        with pytest.raises(CheckpointError, match="another model, a model"):
            journal.claim("other", "b")
