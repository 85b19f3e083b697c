"""Metrics: equal to their reference implementations, bounded, and strict where a known scorer is not."""

import json

import numpy as np
import pytest
from rouge_score import rouge_scorer
from shared import shared_path

from flan_jax.core.errors import TaskError
from flan_jax.evaluate import metrics
from flan_jax.evaluate.metrics import METRICS, OptionScores, get_metric
from flan_jax.evaluate.results import TaskResult, normalised_average

TEXTS = [
    "The quick brown fox jumps over the lazy dog",
    "the quick foxes jumped",
    "",
    "42",
    "A dog; a lazy, lazy DOG!",
    "So the answer is 18.",
]
GENERATION = [name for name, metric in METRICS.items() if metric.needs == "generation"]


@pytest.mark.parametrize("kind", ["rougeL", "rouge1"])
def test_rouge_equals_the_library_and_takes_the_best_reference(kind):
    scorer = rouge_scorer.RougeScorer([kind], use_stemmer=True)
    references = [[TEXTS[i - 1], TEXTS[i - 2]] for i in range(len(TEXTS))]
    ours = METRICS["rouge_l" if kind == "rougeL" else "rouge_1"](TEXTS, references)
    theirs = [max(scorer.score(r, t)[kind].fmeasure for r in rs) for t, rs in zip(TEXTS, references, strict=True)]
    np.testing.assert_array_equal(ours, theirs)
    assert METRICS["rouge_l"](["he jumps"], [["he jumped"]]).tolist() == [1], "stems are compared"


@pytest.mark.parametrize("name", GENERATION)
def test_generation_metrics_are_bounded_one_for_the_reference_itself_and_order_free(name):
    metric = METRICS[name]
    references = [[TEXTS[(i + 1) % len(TEXTS)], TEXTS[(i + 2) % len(TEXTS)]] for i in range(len(TEXTS))]
    scores = metric(TEXTS, references)
    assert scores.shape == (len(TEXTS),) and scores.min() >= 0 and scores.max() <= 1
    np.testing.assert_array_equal(scores[::-1], metric(TEXTS[::-1], [list(reversed(r)) for r in references[::-1]]))
    nonempty = ["the answer is 3.", "7", "so the answer is 12"]
    assert metric(nonempty, [[text] for text in nonempty]).tolist() == [1, 1, 1]
    assert metric([], []).shape == (0,)


def test_exact_match_is_strict_and_normalised_exact_match_is_not():
    predictions, references = [" Yes. ", "yes"], [["yes"], ["Yes", "yes"]]
    assert METRICS["exact_match"](predictions, references).tolist() == [0, 1]
    assert METRICS["normalised_exact_match"](predictions, references).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("text", "answer", "number"),
    [
        ("5 + 13 = 18. So the answer is 18.", "18", 18),
        ("So the answer is (B)", "(B)", None),
        ("The answer is 3, no: the answer is -4 apples.\nThe end 9", "-4 apples", -4),
        ("It costs $1,234.50.", "It costs $1,234.50", 1234.5),
        ("x = 9-3 = 6", "x = 9-3 = 6", 6),
        ("The answer is twelve, or 12.0", "twelve, or 12.0", 12),
        ("Q. The answer is unknown", "unknown", None),
        ("10 - 3", "10 - 3", 3),
        ("", "", None),
    ],
)
def test_final_answers_and_numbers(text, answer, number):
    assert metrics.final_answer_text(text) == answer
    value = metrics.last_number(text)
    assert value == number if number is not None else value is None


def test_chain_of_thought_is_scored_by_its_conclusion_alone():
    prediction = "He had 2 and got 3. 2 + 3 = 5. So the answer is 5."
    for name, expected in [("final_answer", 1), ("numeric", 1), ("exact_match", 0)]:
        assert METRICS[name]([prediction], [["Other reasoning, 4 + 1. The answer is 5."]]).tolist() == [expected]
        assert METRICS[name](["the answer is 51"], [["5"]]).tolist() == [0]
    assert METRICS["numeric"](["1,000.0"], [["1000"]]).tolist() == [1]
    assert METRICS["numeric"](["none"], [["none"]]).tolist() == [0], "no number is no answer"


def test_bbh_exemplars_conclude_with_their_targets():
    """Suzgun et al.'s prompts end each rationale by the marker; the extraction must give a legal answer to each."""
    prompts = shared_path("data/bbh/cot-prompts")
    count = 0
    for path in sorted(prompts.glob("*.txt")):
        for exemplar in path.read_text().split("\n\nQ: ")[1:]:
            answer = metrics.final_answer_text(exemplar)
            assert answer and "\n" not in answer and not answer.endswith("."), (path, answer)
            count += 1
    assert count >= 3 * 20


def test_option_metrics_rank_by_sum_or_by_token():
    example = OptionScores(("no", "it is so"), np.array([-2.0, -3.0], np.float32), np.array([1, 3]))
    assert METRICS["rank_accuracy"]([example, example], [["no"], ["it is so"]]).tolist() == [1, 0]
    assert METRICS["rank_accuracy_per_token"]([example, example], [["no"], [" it is so "]]).tolist() == [0, 1]


def test_copying_the_input_is_scored_on_the_instance_not_the_definition():
    prompt = "Definition: x y z\n\nInput: the cat sat\nOutput: a\n\nInput: the dog ran\nOutput:"
    assert metrics.instance_input(prompt) == "the dog ran"
    assert metrics.instance_input(" free text ") == "free text"
    assert metrics.copy_input_baseline([prompt, "no"], [["the dog ran"], ["yes"]]).tolist() == [1, 0]


def test_unknown_metrics_are_refused_with_the_nearest_name():
    with pytest.raises(TaskError, match=r"rougel.*did you mean rouge_l"):
        get_metric("rougel")
    with pytest.raises(ValueError, match="1 outputs but 2"):
        METRICS["exact_match"](["a"], [["a"], ["b"]])


def test_normalised_average_reproduces_the_papers_table_5():
    """Chung et al.'s table 5 from tables 17-19, by the rule in facts D4, to its stated tolerance."""
    fixture = json.loads(shared_path("facts/normalised_average_fixture.json").read_text())
    chances = [fixture["baselines"][name] / 100 for name in fixture["order"]]

    def average(percents, chances):
        tasks = [
            TaskResult(
                task=f"t{i}",
                cluster="",
                kind="",
                group="",
                format="",
                metric="exact_match",
                score=p / 100,
                low=0,
                high=0,
                scores=(p / 100,),
                metrics={},
                chance=c,
                n=1,
                num_examples=1,
            )
            for i, (p, c) in enumerate(zip(percents, chances, strict=True))
        ]
        return 100 * normalised_average(tasks)

    for case in fixture["cases"]:
        components = [
            average([case["mmlu_direct"]], [0.25]),
            average([case["mmlu_cot"]], [0.25]),
            average(case["bbh_direct_per_subtask"], chances),
            average(case["bbh_cot_per_subtask"], chances),
            average([case["tydiqa_direct"]], [0.0]),
            average([case["mgsm_cot"]], [0.0]),
        ]
        np.testing.assert_allclose(components, case["components_normalised"], atol=2e-3)
        if case["model"] not in fixture["known_outliers"]:
            assert abs(np.mean(components) - case["paper_table5"]) <= fixture["tolerance"], case["model"]
