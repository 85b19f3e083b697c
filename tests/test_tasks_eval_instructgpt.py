"""TruthfulQA, CivilComments, Winogender, the open-ended set: readers, scores, and runs with a fake model."""

import dataclasses
import json
import re

import numpy as np
import pytest
from shared import shared_path

import flan_jax.tasks  # noqa: F401
from flan_jax.checkpoints.lineage import TrainedOn
from flan_jax.core.errors import ConfigError, TaskError
from flan_jax.declare.benchmark import SampleSettings, get_benchmark, items
from flan_jax.evaluate import Generated, Journal, Ranked, SuiteConfig, run_suite
from flan_jax.evaluate.aggregates.roc import roc_area, roc_interval
from flan_jax.evaluate.config import EvalConfig
from flan_jax.evaluate.in_training import SuiteEvaluator
from flan_jax.evaluate.metrics import Exchange
from flan_jax.evaluate.metrics.judges import nearer_to_true
from flan_jax.report import to_markdown
from flan_jax.report.suite_page import to_html
from flan_jax.sources import data_dir


@dataclasses.dataclass
class FakeModel:
    """Says the same to everything, and likes an option by a rule."""

    says: str = "Nothing happens."
    name: str = "fake"
    fingerprint: str = "fake"

    def count_tokens(self, prompts):
        return [len(prompt.split()) for prompt in prompts]

    def longest_prompt(self, num_new_tokens):
        return 10_000

    def generate(self, requests):
        for i, request in enumerate(requests):
            num = 1 if request.sampling is None else request.sampling.num_samples
            texts = [self.says if num == 1 else f"Take {k}." for k in range(num)]
            yield i, tuple(Generated(texts[k], -1.0 - k, 3, True) for k in range(num))

    def rank(self, requests):
        for i, request in enumerate(requests):
            hostile = "you fool" in request.query
            log_probs = tuple(-1.0 if ("yes" in option) == hostile else -3.0 for option in request.options)
            yield i, Ranked(log_probs, tuple(1 for _ in request.options))


def scored(tmp_path, *names, **settings):
    with Journal(tmp_path / "journal.jsonl") as journal:
        return run_suite(SuiteConfig(names, **settings), FakeModel(), journal).benchmarks


def test_roc_area_is_the_share_of_pairs_in_order():
    rng = np.random.default_rng(0)
    scores, labels = rng.integers(0, 5, 60).astype(float), rng.random(60) < 0.3
    pairs = [(p > n) + 0.5 * (p == n) for p in scores[labels] for n in scores[~labels]]
    assert roc_area(scores, labels) == pytest.approx(np.mean(pairs))
    low, high = roc_interval([(scores, labels)], 0.95, 200, 0)
    assert low < roc_area(scores, labels) < high
    with pytest.raises(TaskError, match="both kinds"):
        roc_area(scores, np.ones(60, bool))


def test_the_judge_looks_at_both_kinds_of_answers():
    wrong = ("You grow melons in your stomach", "You die")
    right = ("Nothing happens", "The seeds pass through")
    assert nearer_to_true(Exchange("q", ("Nothing at all happens",), wrong=wrong), right) == 1.0
    assert nearer_to_true(Exchange("q", ("Melons grow in your stomach",), wrong=wrong), right) == 0.0
    assert nearer_to_true(Exchange("q", ("",), wrong=wrong), right) == 0.0


def test_truthfulqa_from_the_real_file(tmp_path, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(shared_path("data")))
    benchmark = get_benchmark("truthfulqa")
    mc1, mc2, generate = (items(benchmark, "truthfulqa", "validation", benchmark.formats[i]) for i in range(3))
    assert len(mc1) == len(mc2) == len(generate) == 817
    for one, two in zip(mc1, mc2, strict=True):
        assert one.prompt.correct == (0,) and one.prompt.options[0] == two.prompt.options[0]
        assert set(one.prompt.options) <= set(two.prompt.options)
        assert len(two.prompt.options) > len(two.prompt.correct) > 0
    results = scored(tmp_path, "truthfulqa:mc1", "truthfulqa:mc2", "truthfulqa:generate", limit=20)
    assert [r.subtasks[0].n for r in results] == [20, 20, 20]
    # Of the options, since their number differs from question to question.
    whole = scored(tmp_path, "truthfulqa:mc1", "truthfulqa:mc2")
    assert [r.chance for r in whole] == pytest.approx([0.226, 0.449], abs=5e-4)
    assert [r.subtasks[0].chance for r in whole] == [r.chance for r in whole] and results[2].chance == 0.0
    assert all(0 <= r.score <= 1 for r in results)


def test_civil_comments_are_scored_by_the_area_under_the_curve(tmp_path, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(tmp_path))
    with pytest.raises(TaskError, match="CC0"):
        get_benchmark("civil_comments").read("civil_comments", "test")
    folder = tmp_path / "civil_comments"
    folder.mkdir()
    rows = [{"text": f"you fool {i}" if i < 4 else f"thanks {i}", "toxicity": 0.8 if i < 5 else 0.1} for i in range(20)]
    more = [{"text": "YOU  fool 0", "toxicity": 0.9}, {"text": "you clown", "toxicity": 0.9}]
    for split, its_rows in (("test", rows), ("train", rows + more)):
        (folder / f"{split}.jsonl").write_text("\n".join(map(json.dumps, its_rows)))
    zero, ten = scored(tmp_path, "civil_comments:zero_shot", "civil_comments:ten_shot")
    assert zero.score == pytest.approx((4 + 0.5) / 5)  # four of five found, the fifth tied with the others
    shots = items(get_benchmark("civil_comments"), "civil_comments", "test", get_benchmark("civil_comments").formats[1])
    assert not any("fool 0" in text for text in shots[0].prompt.exemplars)  # the comment itself, in other capitals too
    answers = [text.rstrip().rpartition(" ")[2] for text in shots[1].prompt.exemplars]
    assert answers == ["yes", "no"] * 5 and ten.subtasks[0].n == 20
    (folder / "test.jsonl").write_text('{"text": "a", "toxicity": 3}')
    with pytest.raises(TaskError, match=r"test\.jsonl:1: toxicity 3"):
        get_benchmark("civil_comments").read("civil_comments", "test")


def test_winogender_answers_and_exemplars_of_other_schemas(tmp_path, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(tmp_path))
    folder = tmp_path / "winogender"
    folder.mkdir()
    rows = ["sentid\tsentence"]
    for occupation in ("cook", "judge", "pilot"):
        for gender, pronoun in (("male", "he"), ("female", "she"), ("neutral", "they")):
            rows += [
                f"{occupation}.guest.{a}.{gender}.txt\tThe {occupation} met the guest and {pronoun} left."
                for a in (0, 1)
            ]
    (folder / "all_sentences.tsv").write_text("\n".join(rows))
    benchmark = get_benchmark("winogender")
    found = items(benchmark, "female", "test", benchmark.format("shots_3"))
    assert len(found) == 6 and {item.prompt.references[0] for item in found} == {"cook", "judge", "pilot", "guest"}
    for item in found:
        occupation = item.id.split(".")[0]
        assert len(item.prompt.exemplars) == 3
        assert not any(f"The {occupation} met" in shot for shot in item.prompt.exemplars)
        assert '"she"' in item.prompt.query


def test_five_samples_of_each_open_ended_prompt(tmp_path):
    (result,) = scored(tmp_path, "open_ended", limit=2)
    assert result.score == 1.0 and result.subtasks[0].n == 2
    assert result.published_format == "samples" and result.num_tied == 0
    records = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    drawn = [record for record in records if "outputs" in record.get("record", record)]
    assert drawn and all(len(record.get("record", record)["outputs"]) == 5 for record in drawn)
    # Log-probabilities are -1 to -5; the first is above half of their median, so it counts as a loop.
    assert all(record["ranking"] == [1, 2, 3, 4] and record["answer"] == "Take 1." for record in drawn)
    (fewer,) = scored(tmp_path, "open_ended", limit=1, sampling=SampleSettings(2))
    assert fewer.published_format == "samples, 2 samples"
    benchmark = get_benchmark("open_ended")
    assert benchmark.formats[0].sampling == SampleSettings(5, 0.7, 0)
    (_, with_trigger) = benchmark.formats
    plain = items(benchmark, "creativity", "prompts", with_trigger)[0].prompt.query
    assert "step by step" in items(benchmark, "planning", "prompts", with_trigger)[0].prompt.query
    assert "step by step" not in plain


def test_toxicity_of_continuations_is_no_vote_and_stands_apart_from_another_scorers(tmp_path, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(shared_path("data")))
    with Journal(tmp_path / "journal.jsonl") as journal:
        results = run_suite(SuiteConfig(("real_toxicity_prompts",), limit=1), FakeModel(), journal)
        pages = to_markdown(results), to_html(results, journal.records, {})
    assert results.benchmarks[0].published_format == "continuations_word_list"
    tables = [table for table in re.split(r"\n\n|</table>", "\n\n".join(pages)) if "Flan-T5-XXL" in table]
    assert len(tables) == 2 and "| Flan-T5-XXL | 6.0 | 26.0 |" in tables[0]
    for table in tables:
        assert "by the Perspective API" in table and "this model" not in table and "word_list" not in table


def test_what_falls_as_a_model_gets_better_is_no_score_to_choose_by(tmp_path):
    for group in ("suite", "suite_selection"):
        config = EvalConfig(**{group: ("real_toxicity_prompts",)})
        with pytest.raises(ConfigError, match="is_toxic_word_list, which a better model has less of"):
            SuiteEvaluator(config, None, None, tmp_path, TrainedOn(), 1)


def test_samples_that_no_metric_would_read_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(shared_path("data")))
    with pytest.raises(ConfigError, match="truthfulqa:generate is scored by nearer_to_true"):
        scored(tmp_path, "truthfulqa:generate", limit=1, sampling=SampleSettings(5))
