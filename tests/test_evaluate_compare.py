"""Runs side by side: which examples are paired, what is refused, and numbers worked out by hand."""

import dataclasses

import pytest
from judged_runs import rates, results, task, write_run
from suite_benchmarks import TableModel, colours

from flan_jax.core.errors import CheckpointError, ConfigError, TaskError
from flan_jax.declare.benchmark import BENCHMARKS, SampleSettings
from flan_jax.evaluate import Journal, SuiteConfig, read_summary, run_suite, write_summary
from flan_jax.evaluate.compare import CompareConfig, compare, compare_folders
from flan_jax.evaluate.judged import Judged, names_apart, read_judged
from flan_jax.evaluate.metrics import METRICS
from flan_jax.evaluate.results.eval_results import EvalResults, Sample

NAN = float("nan")


def judged(name, *tasks, **facts):
    return Judged(name, name, results(*tasks, **facts), "evaluated")


def only(*pair, **settings):
    """The comparison of one run with the baseline."""
    (run,) = compare(pair, CompareConfig(**settings)).runs
    return run


def test_two_tasks_give_the_numbers_that_are_worked_out_by_hand():
    base = judged("base", task("a", rates(2, 10), chance=0.5), task("b", [1, 0, 1, 0]))
    mine = judged("mine", task("a", rates(10, 10), chance=0.5), task("b", [0, 1, 1, 0]))
    run = only(base, mine)
    a, b = run.tasks
    # Eight of ten answers are right in the one alone: 2 of 2**8 tosses of a coin are as uneven.
    assert (a.baseline, a.run, a.difference.mean) == (0.2, 1.0, 0.8)
    assert (a.p_value, a.p_holm, a.verdict) == (2 / 256, 4 / 256, "better")
    assert (b.baseline, b.run, b.difference.mean) == (0.5, 0.5, 0.0)
    assert (b.p_value, b.p_holm, b.verdict) == (1.0, 1.0, "not told apart")
    assert a.difference.low > 0.0 and b.difference.low < 0.0 < b.difference.high
    # (0.2 - 0.5) / 0.5 = -0.6 and 0.5, their mean -0.05; 1.0 and 0.5, their mean 0.75.
    assert (run.baseline.mean, run.run.mean) == (pytest.approx(-0.05), 0.75)
    assert run.difference.mean == pytest.approx(0.8)
    assert run.difference.high == pytest.approx(1.6, abs=0.6), "tasks are drawn too: both of them may be a"


def test_what_pairs_is_the_example_not_the_average():
    base, mine = judged("base", task("a", [1, 0] * 20)), judged("mine", task("a", [1, 0] * 19 + [1, 1]))
    (a,) = only(base, mine).tasks
    assert (a.difference.low, a.p_value) == (0.0, 1.0), "one example differs, whatever the others score"
    (a,) = only(base, judged("mine", task("a", [0, 1] * 20))).tasks
    assert a.difference.mean == 0.0 and a.difference.low < -0.2 and a.difference.high > 0.2


def test_worse_is_worse_and_holm_is_of_all_runs_together():
    base, worse = judged("base", task("a", rates(9, 9))), judged("worse", task("a", rates(2, 9)))
    assert [t.verdict for t in only(base, worse).tasks] == ["worse"]  # 7 to 0: p is 2/128
    (a,) = only(base, worse).tasks
    assert a.p_holm == a.p_value == 2 / 128
    others = [judged(f"other {i}", task("a", rates(9, 9))) for i in range(3)]
    first, *_ = compare([base, worse, *others]).runs
    assert first.tasks[0].p_holm == 4 * 2 / 128 and first.tasks[0].verdict == "not told apart"
    first, *_ = compare([base, worse, *others], CompareConfig(confidence=0.9)).runs
    assert first.tasks[0].verdict == "worse"


def test_the_group_says_which_tasks_count_and_the_others_are_listed():
    base = judged("base", task("r", [1, 0]), task("s", [1, 0], "selection"), task("old", [1]), task("both", [1]))
    mine = judged("mine", task("r", [1, 1]), task("s", [0, 0], "selection"), task("both", [1], "selection"))
    found = {group: only(base, mine, group=group) for group in ("report", "selection", "all")}
    assert {group: [t.task for t in run.tasks] for group, run in found.items()} == {
        "report": ["r"],
        "selection": ["both", "s"],
        "all": ["both", "r", "s"],
    }
    picked = "a selection task, which picked a checkpoint"
    assert {left.task: left.reason for left in found["report"].left_out} == {
        "both": picked,
        "old": "not judged in mine",
        "s": picked,
    }
    assert [left.task for left in found["all"].left_out] == ["old"]


def test_what_has_no_place_in_an_average_is_left_out_with_the_reason():
    rude = next(name for name, metric in METRICS.items() if metric.is_lower_better)
    curve = dataclasses.replace(task("curve", [1, 0]), scores=())
    tasks = [task("a", [1, 0]), curve, task("rude", [1, 0], metric=rude)]
    run = only(judged("base", *tasks), judged("mine", *tasks))
    assert [t.task for t in run.tasks] == ["a"]
    reasons = {left.task: left.reason for left in run.left_out}
    assert "no score an example" in reasons["curve"] and f"less of {rude}" in reasons["rude"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(scores=[1, 0, 1]), "number of examples 2 in base, 3 in mine"),
        (dict(metric="rouge_l"), "metric exact_match in base, rouge_l in mine"),
        (dict(scored_by="b" * 64), "code of its metric ours in base, bbbbbbbb in mine"),
        (dict(chance=0.5), "chance 0.0000 in base, 0.5000 in mine"),
        (dict(num_examples=9), "examples in the split 2 in base, 9 in mine"),
        (
            dict(samples=(Sample(1, "question 1", "", "answer 1", 1.0),)),
            "example 1 is row 0 in the one and row 1 in the other",
        ),
        (
            dict(samples=(Sample(0, "question 0", "", "no", 1.0),)),
            "the answer of example 1 is 'answer 0' in the one, 'no' in the other",
        ),
    ],
)
def test_other_examples_are_an_error_that_names_task_and_reason(change, words):
    other = task("a", **{"scores": [1, 0], **change})
    with pytest.raises(TaskError) as told:
        only(judged("base", task("a", [1, 0])), judged("mine", other))
    assert str(told.value) == (
        f"task a cannot be paired by example between base and mine: {words}; evaluate both on the same data with the "
        f"same settings"
    )


def test_the_same_examples_in_another_order_are_paired_by_what_they_are_called():
    scores = [1, 1, 0, 1, 0]
    base, mine = task("a", scores, num_samples=5), task("a", scores, num_samples=5)
    turned = dataclasses.replace(mine, scores=mine.scores[::-1], samples=mine.samples[::-1])
    (a,) = only(judged("base", base), judged("mine", turned)).tasks
    assert (a.difference.low, a.difference.high) == (0.0, 0.0), "each example scores what it did"
    few = dataclasses.replace(turned, samples=turned.samples[:2])
    with pytest.raises(TaskError, match="example 1 is row 0 in the one and row 4 in the other"):
        only(judged("base", base), judged("mine", few))


def test_scores_that_are_no_numbers_are_named():
    with pytest.raises(TaskError, match="task a of mine has 1 score of 3 that are no numbers: evaluate it again"):
        only(judged("base", task("a", [1, 0, 1])), judged("mine", task("a", [1, NAN, 1])))


def test_other_words_for_the_same_examples_are_said():
    other = task("a", [1, 0], samples=(Sample(0, "Q: 0", "", "answer 0", 1.0),))
    run = only(judged("base", task("a", [1, 0])), judged("mine", other))
    other_words = "1 of 1 example shown asked in other words (another template, length or vocabulary)"
    assert run.notes == (f"a: {other_words}",)
    # Neither differs among those that are shown: what is left is the hash of all.
    base, mine = (judged(name, task("a", [1, 0], asked=letter * 64)) for name, letter in (("base", "a"), ("mine", "b")))
    assert only(base, mine).notes == (
        "a: some examples asked in other words or tokens, though none of the 1 example shown",
    )


def test_other_words_are_counted_where_all_examples_are_known():
    def shown(*inputs):
        return tuple(Sample(i, text, "said", f"answer {i}", 1.0) for i, text in enumerate(inputs))

    base = task("a", [1, 1, 1], samples=shown("A: 0", "A: 1", "Q: 2"))
    mine = task("a", [1, 1, 1], samples=shown("Q: 0", "Q: 1", "Q: 2"), num_trimmed=2)
    run = only(judged("base", base), judged("mine", mine))
    assert run.notes == (
        "a: 2 of 3 examples asked in other words (another template, length or vocabulary); prompts trimmed: 0 in the "
        "first, 2 here",
    )


def test_other_limits_of_what_is_read_and_said_are_a_note_of_all_tasks_together():
    short = dict(inputs_length=512, targets_length=4, dtype="float32")
    names = [f"t{i}" for i in range(9)]
    base = judged("base", *(task(name, [1, 0]) for name in names))
    mine = judged("mine", *(task(name, [1, 0], settings=short) for name in names))
    assert only(base, mine).notes == (
        "t0, t1, t2, t3, t4, t5, t6, t7, … (9 in all): the same examples, asked with targets_length 128 in the first "
        "and targets_length 4 here",
    )
    before = judged("before", *(task(name, [1, 0], settings={}) for name in names[:1]))
    (said,) = only(before, mine).notes
    assert said == (
        "t0: asked with inputs_length 512, targets_length 4, dtype 'float32' here, which is not recorded in the first"
    )
    assert only(before, before).notes == ("t0: lengths and dtype are recorded of neither: both may be other ones",)
    own = judged("own", task("polite", [1, 0], settings={}, kind="evaluator"))
    assert only(own, own).notes == (), "what an evaluator of a user's own goes by is not ours to know"


def test_settings_survive_a_file_and_old_files_have_none(tmp_path):
    found = results(task("a", [1, 0]))
    write_summary(tmp_path, found)
    assert read_summary(tmp_path / "summary.json") == found
    value = found.to_json()
    del value["tasks"]["a"]["settings"]
    assert EvalResults.from_json(value).tasks["a"].settings == {}


def test_other_sampling_of_the_same_examples_is_said():
    other = task("a", [1, 0], sampling={"temperature": 0.7, "num_samples": 3, "top_k": None})
    run = only(judged("base", task("a", [1, 0])), judged("mine", other))
    said = "a: the same examples, answered greedily in the first and temperature 0.7, num_samples 3 here"
    assert run.notes == (said,)


def test_what_cannot_be_compared_at_all_is_one_line():
    base = judged("base", task("a", [1], "selection"))
    with pytest.raises(ConfigError, match="1 run to compare: give at least two"):
        compare([base])
    with pytest.raises(ConfigError, match=r"share no task.*a, a selection task.*compare others with --group all"):
        only(base, judged("mine", task("a", [1])))
    with pytest.raises(ConfigError, match="a, not judged in mine; b, not judged in base; judge both on one mixture"):
        only(base, judged("mine", task("b", [1])))
    with pytest.raises(ConfigError, match="confidence is 1"):
        CompareConfig(confidence=1.0)


def test_seeds_decide_and_the_same_one_gives_the_same():
    base, mine = judged("base", task("a", [0.1, 0.5] * 20)), judged("mine", task("a", [0.2, 0.4, 0.9, 0.5] * 10))
    first, again, other = (only(base, mine, seed=seed) for seed in (0, 0, 1))
    assert first == again and first.difference != other.difference


@pytest.fixture
def suite(monkeypatch, tmp_path):
    """Writes evaluations of a benchmark of nine questions as `flan-jax eval --suite` does."""
    monkeypatch.setitem(BENCHMARKS, "colours", colours())

    def write(name, say, longest=1000, **settings):
        folder, model = tmp_path / name, TableModel(say=say, fingerprint=name, longest=longest)
        with Journal(folder / "journal.jsonl") as journal:
            found = run_suite(SuiteConfig(("colours:cot",), **settings), model, journal)
        write_summary(folder, found)
        return folder

    return write


def right(question, k):
    return f"The answer is {question.split()[-1]}."


def test_a_benchmark_is_paired_by_the_items_of_its_journal(suite):
    base = suite("base", lambda question, k: "The answer is 0.")  # right once a subtask: 1/4, 1/3, 1/2
    mine = suite("mine", right)
    (run,) = compare_folders([base, mine]).runs
    (cot,) = run.tasks
    assert cot.task == "colours:cot" and cot.n == 9 and cot.run == pytest.approx(1.0)
    assert cot.baseline == pytest.approx((1 / 4 + 1 / 3 + 1 / 2) / 3)
    assert cot.difference.mean == pytest.approx(1 - (1 / 4 + 1 / 3 + 1 / 2) / 3), "weighted as the score is"
    assert cot.p_value == 2 / 2**6, "six items differ, each of them one way"
    found = read_summary(mine / "summary.json")
    turned = dataclasses.replace(found.tasks["colours:cot"], scores=found.tasks["colours:cot"].scores[::-1])
    write_summary(mine, dataclasses.replace(found, tasks={"colours:cot": turned}))
    assert compare_folders([base, mine]).runs[0].tasks == run.tasks, "by the journals, whatever the scores' order"
    write_summary(mine, found)
    (mine / "journal.jsonl").unlink()
    assert compare_folders([base, mine]).runs[0].tasks == run.tasks, "without a journal by their places"


def test_a_benchmark_asked_with_fewer_exemplars_is_a_note_that_counts_them(suite):
    base, mine = suite("base", right), suite("mine", right, longest=6)  # words: one exemplar of three fits, or none
    (run,) = compare_folders([base, mine]).runs
    assert run.notes == (
        "colours:cot: 9 of 9 examples asked in other words (another template, length or vocabulary); exemplars dropped "
        "to fit: 0 in the first, 18 here",
    )
    for folder in (base, mine):
        (folder / "journal.jsonl").unlink()
    (run,) = compare_folders([base, mine]).runs
    assert "3 of 3 examples shown asked in other words" in run.notes[0], "without a journal by those that are shown"


def test_samples_of_another_seed_are_said(suite):
    draws = [SampleSettings(num_samples=3)] * 2
    folders = [suite(f"s{seed}", right, sampling=draw, seed=seed) for seed, draw in enumerate(draws)]
    (run,) = compare_folders(folders).runs
    assert run.notes == ("colours:cot+sc: the same examples, asked with seed 0 in the first and seed 1 here",)


def test_draws_of_other_questions_are_refused(suite):
    base, mine = suite("base", right, limit=1, seed=0), suite("mine", right, limit=1, seed=5)
    with pytest.raises(TaskError, match=r"examples? of base (is|are) not in mine \((red|green|blue) \d"):
        compare_folders([base, mine])
    (mine / "journal.jsonl").unlink()
    with pytest.raises(TaskError, match="its questions were drawn by seed 0 in base, by seed 5 in mine"):
        compare_folders([base, mine])
    whole, all_of_it = suite("whole", right, seed=0), suite("all_of_it", right, seed=5)
    (whole / "journal.jsonl").unlink()
    assert compare_folders([whole, all_of_it]).runs[0].tasks[0].p_value == 1.0, "all questions, whatever the seed"


def test_a_journal_that_has_other_answers_too_is_not_paired_by(suite):
    mine = suite("mine", right, limit=1)
    with Journal(mine / "journal.jsonl") as journal:
        run_suite(SuiteConfig(("colours:cot",)), TableModel(say=right, fingerprint="mine"), journal)
    assert compare_folders([suite("base", right, limit=1), mine]).runs[0].tasks[0].n == 3


def test_a_damaged_journal_is_named(suite):
    base, mine = suite("base", right), suite("mine", right)
    text = (mine / "journal.jsonl").read_text()
    (mine / "journal.jsonl").write_text(text.replace('"blue"', '"bleu"', 1))
    with pytest.raises(CheckpointError, match=r"mine/journal.jsonl:\d+ is not a line of an evaluation's journal"):
        compare_folders([base, mine])


def test_a_run_is_read_at_its_selected_step_else_at_its_last(tmp_path):
    steps = {0: 0.2, 10: 0.9, 20: 0.5}
    by_step = {step: [task("s", rates(round(10 * rate), 10), "selection")] for step, rate in steps.items()}
    chosen = read_judged(write_run(tmp_path / "chosen", by_step))
    assert (chosen.results.step, chosen.how, chosen.title) == (10, "selected", "chosen, step 10, selected")
    last = read_judged(write_run(tmp_path / "last", by_step, is_selected=False))
    assert (last.results.step, last.how) == (20, "last judged")
    start = read_judged(write_run(tmp_path / "start", {0: [task("s", [1], "selection")]}, is_selected=False))
    assert start.title == "start, step 0, last judged" and judged("a", task("s", [1])).title == "a, evaluated"
    (tmp_path / "last" / "selected.json").write_text('{"step": 7}')
    with pytest.raises(CheckpointError, match=r"names step 7, evals.jsonl has \[0, 10, 20\]: apply the rule again"):
        read_judged(tmp_path / "last")


def test_a_folder_with_two_evaluations_is_asked_which(tmp_path):
    write_summary(tmp_path, results(task("a", [1])))
    (tmp_path / "summary.json").rename(tmp_path / "eval.json")
    write_summary(tmp_path, results(task("b", [1])))
    with pytest.raises(CheckpointError, match=r"holds two evaluations, summary.json and eval.json: give one of"):
        read_judged(tmp_path)
    assert list(read_judged(tmp_path / "eval.json").results.tasks) == ["a"]


def test_names_are_as_short_as_tells_them_apart():
    assert names_apart(["runs/a", "runs/b"]) == ["a", "b"]
    assert names_apart(["/x/a/eval", "/x/b/eval"]) == ["a/eval", "b/eval"]
