"""Our scorers beside lm-eval 0.4.13's and the BBH authors' rule, on stored outputs, example by example.

`golden/agreement.json` holds the outputs and the other programs' verdicts (made by `golden/agreement_make.py`). Where
verdicts differ the difference is listed here with its reason; anything not listed has to agree.
"""

import functools
import json

import pytest
from rouge_score import rouge_scorer
from shared import ROOT

import flan_jax.tasks  # noqa: F401  (registers the benchmarks)
from flan_jax.declare.benchmark import get_benchmark
from flan_jax.evaluate.extract import get_extractor
from flan_jax.evaluate.metrics import METRICS, RankedOptions, get_metric

MARK = "its strict pattern wants '#### ' and digits at once"
PHRASE = "its strict pattern wants 'The answer is ', then digits"
EATS = "its pattern takes one character too few where no full stop follows"
FIRST = "it takes the first answer, we the last, as the BBH authors do"
TEXT = "it compares letters; we compare numbers"
# (benchmark:format, case) -> (lm-eval's filters whose verdict is not ours, why ours differs on purpose).
DIFFERENCES = {
    ("gsm8k:train_cot", "dollars"): ({"strict-match"}, MARK),
    ("gsm8k:train_cot", "dollars in text"): ({"strict-match"}, MARK),
    ("gsm8k:train_cot", "no mark"): ({"strict-match"}, MARK),
    ("gsm8k:train_cot", "no mark, full stop"): ({"strict-match"}, MARK),
    ("gsm8k:train_cot", "decimals"): ({"strict-match", "flexible-extract"}, TEXT),
    ("gsm8k:train_cot", "two marks"): ({"strict-match"}, "it takes the first mark, we the last"),
    ("gsm8k:train_cot", "goes on behind the mark"): ({"flexible-extract"}, "it takes any last number"),
    ("gsm8k:cot", "two digits, no stop"): ({"strict-match"}, EATS + ": 18 becomes 1"),
    ("gsm8k:cot", "one digit, no stop"): ({"strict-match"}, EATS + ": 7 is not found"),
    ("gsm8k:cot", "dollars"): ({"strict-match"}, PHRASE),
    ("gsm8k:cot", "equation"): ({"strict-match"}, "it takes the number before the equals sign"),
    ("gsm8k:cot", "goes on with numbers"): ({"flexible-extract"}, "it takes any last number"),
    ("gsm8k:cot", "said twice"): ({"strict-match"}, FIRST),
    ("gsm8k:cot", "no phrase"): ({"strict-match"}, PHRASE),
    ("mgsm:cot", "no phrase"): ({"strict-match"}, PHRASE),
    ("mgsm:cot", "decimals"): ({"strict-match", "flexible-extract"}, TEXT),
    ("mgsm:cot", "wrong by a point"): ({"strict-match", "flexible-extract"}, "without punctuation 1.8 is 18 to it"),
    ("mgsm:cot:de", "no phrase"): ({"strict-match"}, PHRASE),
    ("bbh:cot", "letter, no stop"): ({"get-answer"}, EATS),
    ("bbh:cot", "word, no stop"): ({"get-answer"}, EATS),
    ("bbh:cot", "said twice"): ({"get-answer"}, FIRST),
    ("bbh:cot", "said twice in lines"): ({"get-answer"}, FIRST),
    ("bbh:cot", "bare"): ({"get-answer"}, "the BBH authors count a bare answer"),
    ("bbh:cot", "capital The"): ({"get-answer"}, "its pattern wants a small 'the'"),
    ("bbh:direct", "with the space before it"): ({"none"}, "it compares the space before the answer too"),
    ("bbh:direct", "line end"): ({"none"}, "it compares what follows the answer too"),
    ("mmlu:cot", "bare letter, no stop"): ({"get-answer"}, EATS),
    ("mmlu:cot", "letter and text"): ({"get-answer"}, "it wants nothing beside the letter"),
    ("mmlu:cot", "said twice in lines"): ({"get-answer"}, FIRST),
    ("mmlu:generate", "small"): ({"get_response"}, "options are named by capitals; 'a' is a word"),
    ("mmlu:generate", "letter and text"): ({"get_response"}, "it wants nothing beside the letter"),
}


@functools.cache
def stored():
    return json.loads((ROOT / "tests" / "golden" / "agreement.json").read_text())


def our_verdict(case):
    """What the registered format's own extractor and scorer say."""
    benchmark, name, *language = case["ours"].split(":")
    format = get_benchmark(benchmark).format(name)
    extract = "number_point_groups" if language == ["de"] else format.extract
    return bool(get_metric(format.metrics[0])(get_extractor(extract)(case["output"]), (case["reference"],)))


def labelled():
    return [case for case in stored()["text"] if "is_right" in case]


def recorded():
    return [case for case in stored()["text"] if "is_right" not in case]


@pytest.mark.parametrize("case", labelled(), ids=lambda case: f"{case['ours']} {case['id']}")
def test_ours_is_the_right_verdict_and_lm_evals_but_for_the_listed_cases(case):
    assert our_verdict(case) == case["is_right"]
    differ, _ = DIFFERENCES.get((case["ours"], case["id"]), (set(), ""))
    assert {name for name, verdict in case["lm_eval"].items() if verdict != our_verdict(case)} == differ


def test_every_listed_difference_is_stored():
    assert set(DIFFERENCES) <= {(case["ours"], case["id"]) for case in labelled()}
    assert all(reason for _, reason in DIFFERENCES.values())


def test_bbh_chains_of_thought_are_scored_as_their_authors_do():
    cases = [case for case in stored()["text"] if "bbh_authors" in case]
    assert len(cases) >= 15 and {case["bbh_authors"] for case in cases} == {True, False}
    for case in cases:
        assert our_verdict(case) == case["bbh_authors"], case["id"]


# lm-eval's SQuAD score takes articles out in English and Arabic only, and punctuation of every script; the data set's
# own protocol is SQuAD 1.1's, which knows ASCII punctuation alone, though a person would take the answer.
TYDIQA_DIFFERENCES = {"article of another language", "Arabic article", "punctuation of the script"}


@pytest.mark.parametrize("case", stored()["tydiqa"], ids=lambda case: case["id"])
def test_tydiqa_exact_match_and_f1(case):
    format = get_benchmark("tydiqa").format("direct")
    answer = get_extractor(format.extract)(case["output"])
    ours = {
        "exact_match": get_metric("squad_exact")(answer, case["references"]),
        "f1": get_metric("squad_f1")(answer, case["references"]),
    }
    assert set(format.metrics) == {"squad_exact", "squad_f1"}
    assert bool(ours["exact_match"]) == (case["is_right"] and case["id"] != "punctuation of the script")
    assert (ours != pytest.approx(case["lm_eval"])) == (case["id"] in TYDIQA_DIFFERENCES)


@pytest.mark.parametrize("case", stored()["choice"], ids=lambda case: case["id"])
def test_ranked_options_by_sum_and_by_byte(case):
    ranked = RankedOptions(tuple(case["options"]), tuple(case["log_probs"]), tuple(1 for _ in case["options"]))
    verdicts = {
        "acc": get_metric("accuracy")(ranked, (case["right"],)),
        "acc_bytes": get_metric("accuracy_per_byte")(ranked, (case["right"],)),
    }
    assert verdicts == {name: float(case["lm_eval"][name]) for name in verdicts}


@pytest.mark.parametrize("case", stored()["mc2"], ids=lambda case: case["id"])
def test_truthful_answers_share_of_the_probability(case):
    texts, ones = tuple("" for _ in case["labels"]), tuple(1 for _ in case["labels"])
    ranked = RankedOptions(texts, tuple(case["log_probs"]), ones)
    right = tuple(i for i, label in enumerate(case["labels"]) if label)
    assert get_metric("correct_mass")(ranked, right) == pytest.approx(case["lm_eval"], abs=1e-12)


@pytest.mark.parametrize(
    ("prediction", "references"),
    [
        ("the cats sat on the mats", ["a cat sits on a mat", "the cat sat"]),
        ("b a c d", ["a b c d e"]),
        ("", ["something"]),
        ("A bird, flying!", ["a bird flies"]),
    ],
)
def test_rouge_l_is_rouge_scores(prediction, references):
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
    expected = max(scorer.score(reference, prediction)["rougeL"].fmeasure for reference in references)
    assert METRICS["rouge_l"](prediction, references) == pytest.approx(expected, abs=1e-12)


def test_rouge_l_by_hand():
    # Longest common subsequence "a c d": 3 of 4 words of one, of 5 of the other.
    precision, recall = 3 / 4, 3 / 5
    expected = 2 * precision * recall / (precision + recall)
    assert METRICS["rouge_l"]("b a c d", ["a b c d e"]) == pytest.approx(expected, abs=1e-12)
