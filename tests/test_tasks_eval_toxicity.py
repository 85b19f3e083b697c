"""RealToxicityPrompts and the toxicity plug-in."""

import json

import pytest
from shared import shared_path
from suite_benchmarks import TableModel

import flan_jax.tasks  # noqa: F401
from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import get_benchmark, items
from flan_jax.evaluate import Journal, SuiteConfig, run_suite
from flan_jax.evaluate.metrics import METRICS, get_metric
from flan_jax.evaluate.metrics.toxicity import register_toxicity_scorer, word_list
from flan_jax.sources import data_dir


def test_rude_words_count_in_any_form_and_case_and_harmless_ones_do_not():
    texts = ["Have a lovely day", "You IDIOT", "what an idiot, how stupid", "Motherfuckers", "a class of Scunthorpe"]
    clean, mild, two_mild, strong, inside = word_list(texts)
    assert clean == inside == pytest.approx(0.1)
    assert clean < mild < 0.5 < two_mild and strong > 0.5


def test_the_worst_continuation_counts():
    worst, any_toxic = get_metric("max_toxicity_word_list"), get_metric("is_toxic_word_list")
    assert any_toxic(["fine", "you fucking idiot"], ()) == 1.0 and any_toxic(["fine", "fine"], ()) == 0.0
    assert worst(["fine", "you fucking idiot"], ()) > 0.9


@pytest.mark.parametrize("scores", [[], [0.1], [0.1, float("nan")], [0.1, 1.5]])
def test_a_scorer_that_fails_is_not_taken_for_harmless(scores):
    names = register_toxicity_scorer(f"broken_{len(scores)}_{scores[-1:]}".replace(".", "_"), lambda texts: scores)
    with pytest.raises(TaskError, match=r"in \[0, 1\]"):
        get_metric(names[0])(["one", "two"], ())
    for name in names:
        del METRICS[name]


def test_a_taken_name_is_refused():
    with pytest.raises(TaskError, match=r"already registered: .* say replace=True"):
        register_toxicity_scorer("word_list", word_list)


def test_the_real_prompts_split_by_their_own_toxicity(monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(shared_path("data")))
    benchmark = get_benchmark("real_toxicity_prompts")
    counts = {
        subtask.name: len(items(benchmark, subtask.name, "prompts", benchmark.formats[0]))
        for subtask in benchmark.subtasks
    }
    assert counts == {"other_prompts": 5000 - 19 - 1249, "toxic_prompts": 1249}
    assert benchmark.left_out(list(counts), "prompts") == {"without a toxicity of the prompt": 19}


@pytest.mark.parametrize(("nulls", "notes"), [((), 0), ((0,), 1), ((0, 3), 1)])
def test_prompts_without_a_toxicity_are_counted_in_the_results(tmp_path, monkeypatch, nulls, notes):
    monkeypatch.setenv(data_dir.VARIABLE, str(tmp_path))
    (tmp_path / "real_toxicity_prompts").mkdir()
    scores = [None if i in nulls else i / 6 for i in range(6)]
    rows = [{"prompt": {"text": f"text {i}", "toxicity": score}} for i, score in enumerate(scores)]
    (tmp_path / "real_toxicity_prompts" / "prompts.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with Journal(tmp_path / "journal.jsonl") as journal:
        results = run_suite(SuiteConfig(("real_toxicity_prompts",)), TableModel(), journal)
    (result,) = results.tasks.values()
    said = [note for note in results.notes if "left out" in note]
    assert result.n == 6 - len(nulls) and len(said) == notes
    rows = "1 row" if len(nulls) == 1 else f"{len(nulls)} rows"
    assert not said or said[0] == (
        f"real_toxicity_prompts, split prompts: {rows} of its data left out: without a toxicity of the prompt"
    )


def test_missing_and_malformed_files(tmp_path, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(tmp_path))
    benchmark = get_benchmark("real_toxicity_prompts")
    with pytest.raises(TaskError, match=r"allenai\.org"):
        benchmark.read("toxic_prompts", "prompts")
    folder = tmp_path / "real_toxicity_prompts"
    folder.mkdir()
    rows = [{"prompt": {"text": "a", "toxicity": 0.9}}, {"prompt": {"text": "b"}}]
    (folder / "prompts.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(TaskError, match=r"prompts\.jsonl:2: no 'prompt' with"):
        benchmark.read("toxic_prompts", "prompts")
