"""FLAN 2021's, T0's and Tk-Instruct's own evaluations: made of registered tasks, one subtask a template, prompt or
task."""

import dataclasses
import json

import pytest
from shared import shared_path

import flan_jax.tasks  # noqa: F401
from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import COLLECTIONS, get_benchmark, items
from flan_jax.declare.registry import get_task
from flan_jax.declare.task import missing_source
from flan_jax.evaluate import Generated, Journal, Ranked, SuiteConfig, run_suite
from flan_jax.evaluate.aggregates.best_template import best_templates
from flan_jax.evaluate.metrics.cross_lingual import GPT2_TOKENIZER, rouge_l_gpt2
from flan_jax.sources import data_dir
from flan_jax.tasks.flan2021.dataset import DATASETS


class CopiesTheInput:
    """Says the prompt's last line, prefers the first option in the alphabet."""

    name = fingerprint = "copies"

    def count_tokens(self, prompts):
        return [len(prompt.split()) for prompt in prompts]

    def longest_prompt(self, num_new_tokens):
        return 10_000

    def generate(self, requests):
        for i, request in enumerate(requests):
            said = request.prompt.rpartition("Input:")[2].partition("\nOutput:")[0].strip()
            yield i, (Generated(said, -1.0, 1, True),)

    def rank(self, requests):
        for i, request in enumerate(requests):
            order = sorted(request.options)
            yield i, Ranked(tuple(-1.0 - order.index(o) for o in request.options), tuple(1 for _ in request.options))


def run(tmp_path, name, **settings):
    with Journal(tmp_path / "journal.jsonl") as journal:
        return run_suite(SuiteConfig((name,), **settings), CopiesTheInput(), journal).benchmarks


def test_every_data_set_of_flan_is_in_one_benchmark_through_each_template_that_asks_for_the_answer():
    names = [name for name, _ in COLLECTIONS["flan2021"]]
    subtasks = [subtask for name in names for subtask in get_benchmark(name).subtasks]
    assert {subtask.parent for subtask in subtasks} == {dataset.name for dataset in DATASETS.values()}
    assert (
        len({subtask.name for subtask in subtasks})
        == len(subtasks)
        == sum(not template.is_turned_around for dataset in DATASETS.values() for template in dataset.templates)
    )


def test_one_template_words_all_rows_and_exemplars_are_training_rows(monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(shared_path("data")))
    benchmark = get_benchmark("flan_sentiment")
    subtask = next(s.name for s in benchmark.subtasks if s.parent == "sst2")
    zero = items(benchmark, subtask, "test", benchmark.format("zero_shot"))
    assert len(zero) > 50 and len({len(item.prompt.options) for item in zero}) == 1
    first, second = (item.prompt.query for item in zero[:2])
    shared = next(i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)
    backwards = next(i for i, (a, b) in enumerate(zip(first[::-1], second[::-1], strict=False)) if a != b)
    assert shared + backwards > 5  # the wording around the sentence is the same
    few = items(benchmark, subtask, "test", benchmark.format("few_shot"))[0]
    assert len(few.prompt.exemplars) == 16 and not any(zero[0].prompt.query in shot for shot in few.prompt.exemplars)


def test_the_best_template_is_picked_on_one_split_and_scored_on_the_other(tmp_path, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(shared_path("data")))
    chosen = tuple(s.name for s in get_benchmark("flan_sentiment").subtasks if s.parent == "sst2")
    (test,) = run(tmp_path, "flan_sentiment", subtasks=chosen, limit=12)
    (development,) = run(tmp_path, "flan_sentiment", subtasks=chosen, limit=12, split="validation")
    assert (development.split, test.split) == ("validation", "test")
    (best,) = best_templates(development, test)
    scores = {s.name: s.metrics["accuracy"] for s in development.subtasks}
    assert best.development_score == max(scores.values()) == scores[best.subtask]
    assert best.test_score == {s.name: s.metrics["accuracy"] for s in test.subtasks}[best.subtask]
    assert best.mean_score == pytest.approx(test.groups["sst2"].mean) and best.num_templates == len(chosen)
    with pytest.raises(TaskError, match="both results are of split"):
        best_templates(test, test)
    with pytest.raises(TaskError, match="different templates"):
        best_templates(dataclasses.replace(development, subtasks=development.subtasks[:1]), test)


def test_t0_has_every_prompt_of_its_eleven_held_out_sets(tmp_path, monkeypatch):
    names = [name for name, _ in COLLECTIONS["t0"]]
    assert len(names) == 11
    assert sum(len(get_benchmark(name).subtasks) for name in names) == 116
    monkeypatch.setenv(data_dir.VARIABLE, str(tmp_path))
    benchmark = get_benchmark("t0_super_glue_rte")
    with pytest.raises(TaskError, match=str(tmp_path)):
        benchmark.read(benchmark.subtasks[0].name, benchmark.splits[0])


def test_the_english_track_on_the_real_tasks_reproduces_the_copy_baseline(tmp_path, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(shared_path("data")))
    benchmark = get_benchmark("tk_instruct_eval")
    assert len(benchmark.subtasks) == 119 and len(benchmark.groups()) == 12
    here = tuple(s.name for s in benchmark.subtasks if missing_source(get_task(s.name)) is None)
    assert len(here) == 88
    (result,) = run(tmp_path, "tk_instruct_eval", subtasks=here, limit=3)
    # 14.2 on all 119 tasks and instances (Wang et al. 2022); 88 tasks with three instances each scatter around it.
    assert 0.10 < result.score < 0.19 and set(result.metrics) == {"rouge_l", "normalised_exact_match"}
    prompt = items(benchmark, here[0], "test", benchmark.format("def_pos_2"))[0].prompt
    assert len(prompt.exemplars) == 2 and prompt.preamble
    assert not items(benchmark, here[0], "test", benchmark.format("def"))[0].prompt.exemplars


def test_the_cross_lingual_metric_reads_the_users_tokenizer(tmp_path, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(tmp_path))
    with pytest.raises(TaskError, match="gpt2_tokenizer"):
        rouge_l_gpt2("a", ["a"])
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE({"你": 0, "好": 1, "吗": 2, "?": 3}, []))
    GPT2_TOKENIZER.path().mkdir()
    tokenizer.save(str(GPT2_TOKENIZER.path("tokenizer.json")))
    assert json.loads(GPT2_TOKENIZER.path("tokenizer.json").read_text())
    assert rouge_l_gpt2("你好", ["你好吗?", "?"]) == pytest.approx(2 * 1.0 * 0.5 / 1.5)
