"""The runner with a model that answers from a table: votes, averages, resumption, limits, and what goes wrong."""

import dataclasses
import hashlib
import json
import math

import pytest
import suite_benchmarks
from suite_benchmarks import SIZES, Stopped, TableModel

from flan_jax.core.errors import CheckpointError, ConfigError, MissingDataError, TaskError
from flan_jax.declare.benchmark import BENCHMARKS, Prompt, Question, SampleSettings, Subtask
from flan_jax.declare.metric import METRICS, Metric
from flan_jax.evaluate import Journal, Record, SuiteConfig, run_suite
from flan_jax.evaluate.extract import EXTRACTORS
from flan_jax.evaluate.prompts import fit_prompts
from flan_jax.evaluate.results.journal import content_key
from flan_jax.report import to_markdown, write_results
from flan_jax.report.published import our_rows

NAN = float("nan")


@pytest.fixture
def colours(monkeypatch):
    benchmark = suite_benchmarks.colours()
    monkeypatch.setitem(BENCHMARKS, "colours", benchmark)
    return benchmark


def evaluate(tmp_path, model, name="journal.jsonl", **settings):
    with Journal(tmp_path / name) as journal:
        return run_suite(SuiteConfig(("colours",), **settings), model, journal)


def test_scores_are_macro_averages_over_subtasks_and_groups(colours, tmp_path):
    model = TableModel(say=lambda q, k: "The answer is 0." if "red" not in q else f"The answer is {q.split()[-1]}")
    (result,) = evaluate(tmp_path, model, format="cot").benchmarks
    means = {subtask.name: subtask.metrics["equals"] for subtask in result.subtasks}
    assert means == {"red": 1.0, "green": pytest.approx(1 / 3), "blue": 0.5}
    assert result.score == pytest.approx((1 + 1 / 3 + 1 / 2) / 3) and result.micro == pytest.approx(6 / 9)
    assert our_rows(result) == [
        ("this model, mean over subtasks", pytest.approx(1100 / 18)),
        ("this model, mean over items", pytest.approx(600 / 9)),
    ]
    assert result.groups["cold"].mean == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert result.groups["all"].median == 0.5 and result.groups["warm"].num_subtasks == 1
    assert result.normalised == pytest.approx(((1 - 1 / 3) / (2 / 3) + 0.0 + 0.5) / 3)
    assert result.is_complete and result.low <= result.score <= result.high


def test_ranking_by_sum_by_length_and_by_what_the_question_adds(colours, tmp_path):
    model = TableModel(like=lambda question: (-4.0, -3.0, -3.0))
    (result,) = evaluate(tmp_path, model).benchmarks
    assert result.metrics["accuracy"] == pytest.approx((1 / 4 + 1 / 3 + 1 / 2) / 3)  # "one", the first of equals
    assert result.metrics["accuracy_pmi"] == result.metrics["accuracy"]
    per_byte = TableModel(like=lambda question: (-4.0, -3.2, -3.4))  # "zero" has four bytes, the others three
    (result,) = evaluate(tmp_path, per_byte, "second.jsonl").benchmarks
    assert result.metrics["accuracy_per_byte"] == pytest.approx((2 / 4 + 1 / 3 + 1 / 2) / 3)
    record = json.loads((tmp_path / "journal.jsonl").read_text().splitlines()[0])
    assert record["answer"] == "one" and sum(record["option_probabilities"]) == pytest.approx(1.0)


def test_self_consistency_votes_and_counts_those_without_an_answer(colours, tmp_path):
    def say(question, sample):
        right = question.split()[-1]
        return (f"The answer is {right}.", "hm", f"The answer is {right}.", "The answer is 77.")[sample]

    config = {"format": "self_consistency", "sampling": SampleSettings(num_samples=4)}
    model = TableModel(say=say)
    (result,) = evaluate(tmp_path, model, **config).benchmarks
    assert result.score == 1.0 and result.published_format == "cot+sc" and result.num_unextracted == 0
    assert len({request.seed for request in model.asked}) == 9, "each question has samples of its own"
    records = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert all(len(r["outputs"]) == 4 and r["answers"][1] is None for r in records)
    torn = TableModel(say=lambda question, sample: f"The answer is {(sample + 1) // 2 % 2 + 5}.")
    results = evaluate(tmp_path, torn, "torn.jsonl", **config)
    assert results.benchmarks[0].num_tied == 9 and result.num_tied == 0
    assert "9 ended in a tied vote" in to_markdown(results)
    silent = TableModel(say=lambda question, sample: "hm")
    (result,) = evaluate(tmp_path, silent, "silent.jsonl", **config).benchmarks
    assert result.score == 0.0 and result.num_unextracted == 9
    text = to_markdown(evaluate(tmp_path, silent, "silent.jsonl", **config))
    assert "9 had no extractable answer" in text and "100%" in text and "| giant | 95.0 | x |" in text


def test_a_names_own_format_is_what_self_consistency_samples(colours):
    def formats(*names):
        return [format.name for _, format in SuiteConfig(names, format="self_consistency").resolve()]

    assert formats("colours") == ["cot"] and formats("colours:zero_shot_cot") == ["zero_shot_cot"]
    assert formats("colours:zero_shot_cot", "colours") == ["zero_shot_cot", "cot"]
    with pytest.raises(
        ConfigError, match="--suite colours:direct ranks options, and self_consistency puts generations"
    ):
        formats("colours:direct")


def test_samples_of_what_ranks_are_refused_or_said(colours, tmp_path):
    with pytest.raises(
        ConfigError, match="4 samples of colours:direct, which ranks options and generates nothing: lea"
    ):
        SuiteConfig(("colours:direct",), sampling=SampleSettings(4)).resolve()
    with Journal(None) as journal:
        results = run_suite(
            SuiteConfig(("colours:direct", "colours:cot"), sampling=SampleSettings(4)), TableModel(), journal
        )
    assert [note for note in results.notes if "samples" in note] == [
        "colours:direct ranks options: it was asked once, without samples"
    ]


def test_two_stage_reasoning_asks_for_the_answer_after_its_own_words(colours, tmp_path):
    model = TableModel(say=lambda question, sample: f"reasoned {question.split()[-1]} so far")
    (result,) = evaluate(tmp_path, model, format="zero_shot_cot").benchmarks
    assert result.score == 1.0
    seconds = [request for request in model.asked if "Therefore" in request.query]
    assert len(model.asked) == 18 and len(seconds) == 9
    assert all(request.max_tokens == 5 and request.query.endswith("so far\nTherefore") for request in seconds)


@pytest.mark.parametrize("format", ["direct", "cot", "zero_shot_cot"])
def test_a_killed_evaluation_goes_on_and_asks_nothing_twice(colours, tmp_path, format):
    say = lambda question, sample: f"reasoned {question.split()[-1]}, the answer is {question.split()[-1]}"  # noqa: E731
    whole = evaluate(tmp_path, TableModel(say=say), "whole.jsonl", format=format)
    num_asked, runs = 0, 0
    while True:
        model = TableModel(say=say, stop_after=4 if format != "direct" else 12)
        try:
            resumed = evaluate(tmp_path, model, format=format)
            num_asked += len(model.asked)
            break
        except Stopped:
            num_asked += len(model.asked)
            runs += 1
            with open(tmp_path / "journal.jsonl", "ab") as file:
                file.write(b'{"key": "half a li')  # what a kill in the middle of a line leaves
    assert runs >= 1
    assert resumed.benchmarks == whole.benchmarks
    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert len({line["key"] for line in lines}) == len(lines) == (18 if format == "zero_shot_cot" else 9)
    if format != "direct":  # the priors of ranking are asked again
        assert num_asked == (18 if format == "zero_shot_cot" else 9)
    again = TableModel(say=say)
    assert evaluate(tmp_path, again, format=format).benchmarks == whole.benchmarks and not again.asked


def test_answers_of_another_model_or_setting_are_not_taken_over(colours, tmp_path):
    evaluate(tmp_path, TableModel(), format="cot")
    for model, settings in (
        (TableModel(fingerprint="other weights"), {"format": "cot"}),
        (TableModel(), {"format": "cot", "sampling": SampleSettings(num_samples=2)}),
        (TableModel(), {"format": "cot", "split": "other"}),
        (TableModel(longest=10), {"format": "cot"}),  # other prompts
    ):
        evaluate(tmp_path, model, **settings)
        assert len(model.asked) == 9, settings
    same = TableModel(longest=999)
    evaluate(tmp_path, same, format="cot")
    assert not same.asked


@pytest.mark.parametrize("what", ["extractor", "metric"])
def test_a_users_function_that_was_edited_scores_anew(colours, monkeypatch, tmp_path, what):
    def edited(body):
        space: dict = {"__name__": "mine"}
        exec(f"def mine(text, references=()):\n    return {body}", space)
        if what == "extractor":
            monkeypatch.setitem(EXTRACTORS, "mine", space["mine"])
        else:
            monkeypatch.setitem(METRICS, "mine", Metric("mine", "text", space["mine"]))

    named = {"extract": "mine"} if what == "extractor" else {"metrics": ("mine",)}
    formats = tuple(dataclasses.replace(f, **named) if f.name == "cot" else f for f in colours.formats)
    monkeypatch.setitem(BENCHMARKS, "colours", dataclasses.replace(colours, formats=formats))
    right, wrong = ('"0"', '"7"') if what == "extractor" else ("1.0", "0.0")
    scores = []
    for body in (wrong, wrong, right):
        edited(body)
        model = TableModel()
        (result,) = evaluate(tmp_path, model, format="cot").benchmarks
        scores.append((result.score, len(model.asked), result.scored_by))
    assert [score > 0 for score, _, _ in scores] == [False, False, True]
    assert [asked for _, asked, _ in scores] == [9, 0, 9]
    assert scores[0][2] == scores[1][2] != scores[2][2] != ""


def test_a_limit_draws_by_seed_and_a_larger_one_keeps_the_smaller_ones_questions(colours, tmp_path):
    def drawn(limit, seed):
        model = TableModel()
        (result,) = evaluate(tmp_path, model, f"{limit}-{seed}.jsonl", format="cot", limit=limit, seed=seed).benchmarks
        assert [subtask.n for subtask in result.subtasks] == [min(limit, size) for size in SIZES.values()]
        assert result.is_complete == (limit >= 4)
        return {request.query for request in model.asked}

    assert drawn(1, 0) < drawn(2, 0) < drawn(3, 0) < drawn(4, 0)
    assert len({frozenset(drawn(1, seed)) for seed in range(12)}) > 1
    model = TableModel()
    evaluate(tmp_path, model, "sub.jsonl", format="cot", subtasks=("blue",))
    assert {request.query for request in model.asked} == {"blue 0", "blue 1"}


def test_exemplars_are_dropped_one_by_one_and_counted(colours, tmp_path):
    model = TableModel(longest=9)  # "Answer." + 2 words of the question + 2 exemplars of three words
    (result,) = evaluate(tmp_path, model, format="cot").benchmarks
    reds = [request for request in model.asked if "red" in request.query]
    assert {request.prefix for request in reds} == {"Answer.\n\nshot 0 red\n\nshot 1 red\n\n"}
    assert result.num_prompts_shortened == 9 and result.num_exemplars_dropped == 9
    assert result.num_trimmed == 0
    first = TableModel(longest=9)
    evaluate(tmp_path, first, "rank.jsonl")
    assert any(request.prefix == "Answer.\n\nshot 1 red\n\nshot 2 red\n\n" for request in first.asked)
    (result,) = evaluate(tmp_path, TableModel(longest=2), "short.jsonl", format="cot").benchmarks
    assert result.num_trimmed == 9 and result.num_exemplars_dropped == 27


def test_fitting_keeps_what_fits():
    prompt = Prompt("p ", ("a a ", "b b b ", "c "), "q", ("1",))
    for longest, kept_from_last, kept_from_first in ((8, 3, 3), (7, 2, 2), (6, 1, 2), (5, 1, 1), (4, 1, 1), (3, 0, 1)):
        for drop, kept in (("last", kept_from_last), ("first", kept_from_first)):
            (fitted,) = fit_prompts([prompt], [drop], [longest], lambda texts: [len(t.split()) for t in texts])
            assert fitted.num_exemplars == kept and fitted.num_dropped == 3 - kept, (longest, drop)
            assert fitted.num_tokens == len((fitted.prefix + fitted.query).split()) <= longest
            assert not fitted.is_trimmed


def test_log_probabilities_that_are_no_numbers_are_wrong_and_counted(colours, tmp_path):
    model = TableModel(like=lambda question: (NAN, 0.0, -1.0) if "red" in question else (0.0, -1.0, -2.0))
    results = evaluate(tmp_path, model)
    (result,) = results.benchmarks
    assert result.num_not_finite == 4
    assert {s.name: s.metrics["accuracy"] for s in result.subtasks}["red"] == 0.0
    write_results(tmp_path, results)
    text = (tmp_path / "summary.json").read_text() + (tmp_path / "journal.jsonl").read_text()
    assert "NaN" not in text and "Infinity" not in text
    assert json.loads((tmp_path / "summary.json").read_text())["tasks"]["colours:direct"]["score"] == result.score
    assert "4 had log-probabilities that are not numbers" in (tmp_path / "results.md").read_text()


def test_results_do_not_depend_on_the_order_of_answers(colours, tmp_path):
    class Backwards(TableModel):
        def rank(self, requests):
            yield from reversed(list(super().rank(requests)))

    def score(question):
        return [-(int(hashlib.sha256(f"{question}{k}".encode()).hexdigest(), 16) % 97) for k in range(3)]

    forth = evaluate(tmp_path, TableModel(like=score), "forth.jsonl")
    back = evaluate(tmp_path, Backwards(like=score), "back.jsonl")
    assert forth.benchmarks == back.benchmarks


def test_a_model_that_leaves_a_request_out_is_found_out(colours, tmp_path):
    class Lazy(TableModel):
        def generate(self, requests):
            yield from list(super().generate(requests))[1:]

    with pytest.raises(ValueError, match="answered 8 of 9 requests"):
        evaluate(tmp_path, Lazy(), format="cot")


def test_progress_counts_what_the_journal_has(colours, tmp_path):
    seen = []
    with Journal(tmp_path / "journal.jsonl") as journal:
        run_suite(SuiteConfig(("colours",), format="cot", limit=1), TableModel(), journal)
        run_suite(SuiteConfig(("colours",), format="cot"), TableModel(), journal, lambda *pair: seen.append(pair))
    assert seen == [(done, 9) for done in range(3, 10)]


def test_settings_that_make_no_sense_are_errors(colours, tmp_path):
    with pytest.raises(ConfigError, match="no benchmark"):
        SuiteConfig(())
    with pytest.raises(ConfigError, match="limit is 0"):
        SuiteConfig(("colours",), limit=0)
    with pytest.raises(TaskError, match=r"no split 'tset'.*did you mean test"):
        evaluate(tmp_path, TableModel(), split="tset")
    with pytest.raises(TaskError, match=r"no benchmark is called 'colors'; did you mean colours\?.*--module.*--list"):
        SuiteConfig(("colors",)).resolve()
    with pytest.raises(TaskError, match=r"no subtask 'bleu'.*did you mean blue"):
        evaluate(tmp_path, TableModel(), subtasks=("bleu",))
    with pytest.raises(TaskError, match="temperature is 0"):
        SampleSettings(temperature=0.0)


@pytest.mark.parametrize(
    ("format", "changes", "message"),
    [
        ("cot", {"extract": "first_leter"}, r"colours:cot: no extractor is called .*; did you mean first_letter"),
        ("cot", {"metrics": ("exact_mach",)}, r"colours:cot: no metric is called .*; did you mean exact_match"),
        ("cot", {"metrics": ("accuracy",)}, "metric accuracy needs ranked options, but the format generates"),
        ("direct", {"metrics": ("exact_match",)}, "metric exact_match needs text, but the format ranks options"),
    ],
)
def test_names_that_cannot_read_the_answers_are_told_before_anything_is_asked(
    colours, monkeypatch, format, changes, message
):
    formats = tuple(dataclasses.replace(f, **changes) if f.name == format else f for f in colours.formats)
    monkeypatch.setitem(BENCHMARKS, "colours", dataclasses.replace(colours, formats=formats))
    with pytest.raises(TaskError, match=message):
        SuiteConfig((f"colours:{format}",)).resolve()


def test_a_questions_own_extractor_is_told_before_anything_is_asked(colours, monkeypatch, tmp_path):
    ask = colours.format("cot").open

    def open_wrong(subtask, split):
        return lambda question: dataclasses.replace(ask(subtask, split)(question), extract="nothing")

    formats = tuple(dataclasses.replace(f, open=open_wrong) if f.name == "cot" else f for f in colours.formats)
    monkeypatch.setitem(BENCHMARKS, "colours", dataclasses.replace(colours, formats=formats))
    model = TableModel()
    with pytest.raises(TaskError, match="colours:cot: no extractor is called 'nothing'"):
        evaluate(tmp_path, model, format="cot")
    assert not model.asked


def test_a_journal_that_is_no_journal_is_named_by_line(tmp_path):
    path = tmp_path / "journal.jsonl"
    record = Record("a", "colours", "red", "test", "cot", "0", "generate", {"equals": 1.0}, "0")
    line = json.dumps(record.to_json())
    for damaged in ('{"kay": "b"}', '{"key": "b"}', '{"key": 5}', "[]", "{"):
        path.write_text(f"{line}\n{damaged}\n")
        with pytest.raises(CheckpointError, match=r"journal.jsonl:2 is not a line"):
            Journal(path)
    path.write_text(f"{line}\n")
    with Journal(path) as journal, pytest.raises(CheckpointError, match="asked once"):
        journal.add(record)


def test_keys_do_not_depend_on_the_order_of_fields():
    assert content_key({"a": 1, "b": [2, "\u00e9"]}) == content_key({"b": [2, "\u00e9"], "a": 1})
    assert content_key({"a": 1}) != content_key({"a": 2}) and math.isfinite(int(content_key(0), 16))


def test_subtasks_without_their_data_are_an_error_or_left_out_and_said_so(colours, monkeypatch, tmp_path):
    def read_some(subtask, split):
        if subtask == "green":
            raise MissingDataError("green is not there: download it")
        return suite_benchmarks.read(subtask, split)

    monkeypatch.setitem(BENCHMARKS, "colours", dataclasses.replace(colours, read=read_some))
    with pytest.raises(MissingDataError, match="download it"):
        evaluate(tmp_path, TableModel())
    results = evaluate(tmp_path, TableModel(), available_only=True)
    (result,) = results.benchmarks
    assert [subtask.name for subtask in result.subtasks] == ["red", "blue"]
    assert not result.is_complete and result.normalised is None
    assert "1 of 3 subtasks are left out" in results.notes[0] and "green" in to_markdown(results)
    with pytest.raises(MissingDataError, match="download it"):
        evaluate(tmp_path, TableModel(), available_only=True, subtasks=("green",))
    absent = dataclasses.replace(colours, name="absent", subtasks=(colours.subtasks[1],), read=read_some)
    monkeypatch.setitem(BENCHMARKS, "absent", absent)
    with Journal(tmp_path / "two.jsonl") as journal:
        both = run_suite(SuiteConfig(("absent", "colours"), available_only=True), TableModel(), journal)
    assert [result.benchmark for result in both.benchmarks] == ["colours"]
    assert "absent: 1 of 1 subtasks are left out" in both.notes[0] and both.notes[0].endswith("download it")

    def read_damaged(subtask, split):
        raise TaskError("green.csv:3 has no question")

    monkeypatch.setitem(BENCHMARKS, "colours", dataclasses.replace(colours, read=read_damaged))
    with pytest.raises(TaskError, match="csv:3"):
        evaluate(tmp_path, TableModel(), available_only=True)


def with_questions(benchmark, change):
    return dataclasses.replace(
        benchmark, read=lambda subtask, split: (change(q) for q in benchmark.read(subtask, split))
    )


@pytest.mark.parametrize("correct", [(), (3,), (-1,)])
def test_a_question_without_a_right_option_is_refused(colours, monkeypatch, tmp_path, correct):
    wrong = with_questions(colours, lambda q: dataclasses.replace(q, correct=correct if q.id == "1" else q.correct))
    monkeypatch.setitem(BENCHMARKS, "colours", wrong)
    with pytest.raises(TaskError, match=r"direct/red, split test, question 1: correct is \(.*\), and it has 3 opt"):
        evaluate(tmp_path, TableModel())


def test_questions_without_an_answer_are_refused_among_others_and_said_of_all(colours, monkeypatch, tmp_path):
    some = with_questions(colours, lambda q: dataclasses.replace(q, references=() if q.id == "0" else q.references))
    monkeypatch.setitem(BENCHMARKS, "colours", some)
    with pytest.raises(TaskError, match=r"colours:cot: 3 of 9 questions have no accepted answer, as red/0: give each"):
        evaluate(tmp_path, TableModel(), format="cot")
    none = with_questions(colours, lambda q: dataclasses.replace(q, references=()))
    monkeypatch.setitem(BENCHMARKS, "colours", none)
    results = evaluate(tmp_path, TableModel(), "none.jsonl", format="cot")
    assert "colours:cot: no question has an accepted answer, so its score (equals) compares with none" in results.notes


@pytest.mark.parametrize("chance", [1, 25, -0.1])
def test_chance_is_below_one(chance):
    with pytest.raises(TaskError, match="subtask red: chance is"):
        Subtask("red", chance=chance)


def test_an_answer_that_is_also_a_wrong_option_is_said(colours, monkeypatch, tmp_path):
    def open_prompts(subtask, split):
        build = colours.formats[0].open(subtask, split)
        return lambda q: dataclasses.replace(build(q), options=(" zero", " zero", " two"), correct=(0,))

    twice = dataclasses.replace(colours, formats=(dataclasses.replace(colours.formats[0], open=open_prompts),))
    monkeypatch.setitem(BENCHMARKS, "colours", twice)
    assert "colours:direct: 9 of 9 questions have their answer twice" in evaluate(tmp_path, TableModel()).notes


def test_an_answer_that_differs_by_a_space_is_there_twice(colours, monkeypatch, tmp_path):
    def open_prompts(subtask, split):
        build = colours.formats[0].open(subtask, split)
        return lambda q: dataclasses.replace(build(q), options=(" zero", " zero ", " two"), correct=(0,))

    twice = dataclasses.replace(colours, formats=(dataclasses.replace(colours.formats[0], open=open_prompts),))
    monkeypatch.setitem(BENCHMARKS, "colours", twice)
    assert "colours:direct: 9 of 9 questions have their answer twice" in evaluate(tmp_path, TableModel()).notes


def test_questions_with_an_empty_option_are_not_ranked_and_counted(colours, monkeypatch, tmp_path):
    def without(*ids):
        blank = ("zero", " \u200b", "two")
        return with_questions(
            colours, lambda q: dataclasses.replace(q, choices=blank, place=f"f:{q.id}") if q.id in ids else q
        )

    monkeypatch.setitem(BENCHMARKS, "colours", without("1", "3"))
    results = evaluate(tmp_path, TableModel())
    (direct,) = results.benchmarks
    assert (direct.n, direct.num_examples, direct.is_complete) == (5, 9, False)
    assert results.notes[0] == (
        "colours:direct: 4 questions left out, as an answer option to rank is empty (red/1 at f:1, red/3 at f:3, "
        "green/1 at f:1, … (4 in all)): give it its text in the data"
    )
    listed = evaluate(tmp_path, TableModel(), "cot.jsonl", format="cot")
    assert listed.benchmarks[0].n == 9
    assert listed.notes[0].startswith("colours:cot: 4 questions of 9 asked with an empty answer option (red/1 at f:1, ")
    monkeypatch.setitem(BENCHMARKS, "colours", without("0", "1", "2", "3"))
    with pytest.raises(TaskError, match=r"colours:direct: each question has an empty answer option \(red/0 at f:0\)"):
        evaluate(tmp_path, TableModel(), "none.jsonl")


def test_places_of_right_options_are_a_tuple():
    with pytest.raises(TaskError, match=r"question 7: correct is 0: give a tuple, as \(0,\)"):
        Question("7", "Which?", ("a",), ("a", "b"), 0)
