"""Answers out of text: numbers of any script, a table of outputs as careful people read them, and published rules."""

import collections
import csv
import decimal
import json
import pathlib
import time

import pytest
from shared import shared_path

import flan_jax.tasks  # noqa: F401  (registers the benchmarks)
from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import get_benchmark
from flan_jax.evaluate.extract import (
    EXTRACTORS,
    bbh_answer,
    bbh_cot,
    cot_letter,
    cot_number,
    cot_yes_no,
    first_letter,
    flan_answer,
    get_extractor,
    last_date,
)
from flan_jax.evaluate.numbers import find_numbers, plain
from flan_jax.evaluate.vote import is_tied, majority


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$1,234.50.", ["1234.5"]),
        ("\u22123", ["-3"]),
        ("-3 and \uff0d4", ["-3", "-4"]),
        ("7-3", ["7", "3"]),
        ("5 - 3, (4) -2, is -2", ["5", "3", "4", "2", "-2"]),
        ("-$5, $-6, US$7 and Rs.700", ["-5", "-6", "7", "700"]),
        ("18% of 20km", ["18", "20"]),
        ("3.14.15", ["3.14", "15"]),
        ("1,2,3", ["1", "2", "3"]),
        ("1,234,567.8 and 12,34,567", ["1234567.8", "1234567"]),
        ("1.234.567,8", ["1234567.8"]),
        ("1 234 567 but 2018 100", ["1234567", "2018", "100"]),
        ("20\u00a0000 \u20ac", ["20000"]),
        ("H2O and x2, A1", []),
        ("USD5,000, US$5,000, \u20ac5 and 5,000USD", ["5000", "5000", "5", "5000"]),
        ("-EUR1.50, USD 7, USD-3, XUSD8 and EURO5", ["-1.5", "7", "3"]),
        (".5 and 9.99.", ["0.5", "9.99"]),
        ("\u0a67\u0ae8 \u09e7\u09ee \u0e51\u0e58 \u0c67\u0c6e", ["12", "18", "18", "18"]),
        ("\u09e8,\u09e7\u09e8\u09eb", ["2125"]),
        ("\u0662\u066c\u0661\u0662\u0665\u066b\u0665", ["2125.5"]),
        ("\uff11\uff18\u500b", ["18"]),
        ("\u7b54\u6848\u662f11\u3002", ["11"]),
        ("5+6=11\u3002\u7b54\u3048\u306f-11\u3067\u3059", ["5", "6", "11", "-11"]),
        ("\u20135, 3\u20135, a\u20135 and (2) \u20134", ["-5", "3", "5", "5", "2", "4"]),
        ("1/2, -3/4, 1.5/2 and 10/4/2023, 1/0, km/3", ["0.5", "-0.75", "0.75", "10", "4", "2023", "1", "0", "3"]),
        ("1.5e-3, 2E5, -1e\u22122 and 3e, 1e5f", ["0.0015", "200000", "-0.01", "3", "1"]),
        ("0 375 and 0,123,456", ["0", "375", "0", "123456"]),
        ("\u00bd, 2\u00bd, 1 1/2, 3 1/4-cup and 2 5/4", ["0.5", "2.5", "1.5", "3.25", "2", "1.25"]),
        ("2.5 million, 3 Tausend, 1,2 crore, 5k and 5 kg", ["2500000", "3000", "1", "20000000", "5000", "5"]),
        ("3 \u00d7 10^4, 1.5 x 10^-3, 2 x 10 and 10^3", ["30000", "0.0015", "2", "10", "1000"]),
        ("2\u4e075\u5343\u5186 and 3\u842c", ["25000", "30000"]),
        ("2 500-gram bags, 2 500 bags", ["2", "500", "2500"]),
        ("no digits: eighteen, \u5341\u516b", []),
    ],
)
def test_numbers_of_any_script(text, expected):
    found = find_numbers(text)
    assert [plain(number.value) for number in found] == expected
    assert all(text[number.start : number.end].strip() for number in found)


@pytest.mark.parametrize(
    ("text", "english", "german"),
    [
        ("70.000", "70", "70000"),
        ("70.000,5", "70000.5", "70000.5"),
        ("0.125", "0.125", "0.125"),
        ("2,125", "2125", "2125"),
        ("12.5", "12.5", "12.5"),
        ("0,375", "0.375", "0.375"),  # what begins with 0 is not grouped
        ("0,500", "0.5", "0.5"),
        ("00,123", "0.123", "0.123"),
        ("00.123", "0.123", "0.123"),
    ],
)
def test_a_point_groups_digits_only_where_the_language_says_so(text, english, german):
    assert [plain(n.value) for n in find_numbers(text)] == [english]
    assert [plain(n.value) for n in find_numbers(text, ",.")] == [german]


def test_a_comma_marks_the_fraction_only_where_the_language_says_so():
    assert [plain(n.value) for n in find_numbers("0,5")] == ["0", "5"]
    assert [plain(n.value) for n in find_numbers("0,5", ",.")] == ["0.5"]


def test_one_value_has_one_spelling():
    spellings = {plain(decimal.Decimal(text)) for text in ("18", "18.0", "18.00", "1.8e1", "018")}
    assert spellings == {"18"}
    assert plain(decimal.Decimal("-0.0")) == "0" and plain(decimal.Decimal("1e20")) == "1" + "0" * 20


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 + 4 = 7. The answer is 7.", "7"),
        ("The answer is 18", "18"),  # not "1": a pattern that wants a full stop eats a digit
        ("The answer is $1,234.50 for 3 days.", "1234.5"),
        ("The answer is 3 + 4 = 7.", "7"),
        ("He has 5. The answer is 4. No: the answer is 6.", "6"),
        ("Natalia sold 24.\n#### 72", "72"),
        ("so 9 apples and then 12 apples", "12"),
        ("The answer is unclear, about 12", "12"),
        ("I do not know.", None),
        ("", None),
        ("Die Antwort ist 11.", "11"),
        ("Die Antwort ist 0,375.", "0.375"),
        ("The answer is 1/2.", "0.5"),
        ("1/2", "0.5"),
        ("The answer is \u20135.", "-5"),
        ("\u0989\u09a4\u09cd\u09a4\u09b0 \u09b9\u09b2 \u09e7\u09e7\u0964", "11"),
    ],
)
def test_the_number_of_a_chain_of_thought(text, expected):
    assert cot_number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("So the answer is (B).", "(B)"),
        ("So the answer is (B)", "(B)"),  # no full stop: nothing is eaten
        ("So the answer is Yes.\n\nQ: next", "Yes"),
        ("The answer is 3? No. So the answer is 24.", "24"),
        ("So the answer is ] > } .", "] > }"),
        ("So the answer is valid. But then again", "valid. But then again"),  # the published rule: up to the line's end
        ("(B)", "(B)"),
        ("I think so. Maybe (B)", None),
        ("one line\nanother", None),
        ("", None),
        ("So the answer is ", None),
    ],
)
def test_the_published_rule_of_bbh(text, expected):
    assert bbh_cot(text) == expected


def test_every_bbh_target_survives_its_own_sentence():
    num = 0
    for path in sorted(shared_path("data/bbh").glob("*.json")):
        for example in json.loads(path.read_text())["examples"]:
            target = example["target"].strip()
            for text in (f"First, think. So the answer is {target}.", f"Think.\nSo the answer is {target}", target):
                assert bbh_cot(text) == target, path.name
            num += 1
    assert num == 6511


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B", "B"),
        ("B.", "B"),
        ("(C) because", "C"),
        ("( D )", "D"),
        ("The best one is B", "B"),
        ("A good question: B", "B"),
        ("I think C", "C"),
        ("A", "A"),
        ("answer", None),
        ("", None),
    ],
)
def test_first_letter(text, expected):
    assert first_letter(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(A) is wrong. The answer is (B).", "B"),
        ("The answer is B.", "B"),
        ("The answer is (A). Or rather, the answer is (D).", "D"),
        ("(C)", "C"),
        ("(A) is wrong and (B) too", None),
        ("The answer is cranial.", None),
    ],
)
def test_letter_of_a_chain_of_thought(text, expected):
    assert cot_letter(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is 5 or 6", None),  # neither
        ("3 or 4 steps. The answer is 7", "7"),
        (r"\boxed{2\sqrt{3}}", None),  # nothing that its digits write
        ("the area is 5π", None),
        ("The area is 9π = 28.27", "28.27"),
        ("√9 = 3", "3"),
        ("1/0", None),
        ("10/20", "0.5"),
        ("24 = 4!", "24"),
        ("The answer is 5!", "5"),
        ("La respuesta es 3,5", "3.5"),  # a language that parts fractions by commas
        ("La respuesta es 3,500", "3500"),
        ("Die Antwort ist 12,75 Euro.", "12.75"),
        ("The answer is 3,5", "3"),
    ],
)
def test_what_digits_alone_do_not_say(text, expected):
    assert cot_number(text) == expected


def test_options_repeated_are_no_choice_and_yes_has_many_languages():
    assert get_extractor("letter")("A. B. C. D.") is None and get_extractor("letter")("B. iron") == "B"
    said = {
        "yes": ("نعم، هذا صحيح", "हाँ, यह सही है", "Sim.", "sì"),
        "no": ("لا", "नहीं", "Não, não é", "아니요"),
    }
    assert {text: get_extractor("yes_no")(text) for texts in said.values() for text in texts} == {
        text: word for word, texts in said.items() for text in texts
    }


def test_yes_no_dates_and_the_flan_rule():
    assert cot_yes_no("No dog flies. So the answer is yes.") == "yes"
    assert cot_yes_no("True") == "yes" and cot_yes_no("Nobody knows") is None
    assert last_date("It was 4/9/2018. So the answer is 5/1/2021.") == "05/01/2021"
    assert last_date("yesterday") is None
    assert flan_answer("Reasons. The final answer: (blue ball).") == "blue ball"
    assert flan_answer("blue ball.") == "blue ball" and flan_answer(" ") is None
    assert bbh_answer(" (B) the second") == "(B)" and bbh_answer(" Yes.") == "Yes" and bbh_answer("\n") is None


# -- as a careful person reads ----------------------------------------------------------------------------------------


def answers():
    """Rows of the table. Half are of a reader who had not seen the code; `ours` and `reason` say where we differ."""
    with open(pathlib.Path(__file__).parent / "data" / "answers.tsv", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_the_table_is_of_ten_languages_and_all_kinds():
    rows = answers()
    assert {row["kind"] for row in rows} == {"number", "letter", "yes_no", "date", "text"}
    for reader in ("fresh", "author"):
        per_language = collections.Counter(row["language"] for row in rows if row["reader"] == reader)
        assert sum(per_language.values()) >= 200 and len(per_language) >= 11
        assert min(per_language.values()) >= 5
    assert all(bool(row["ours"]) == bool(row["reason"]) for row in rows)
    # Where text alone says it, we read what the fresh reader reads: all that is left wants options or the question.
    differ = [row for row in rows if row["ours"] and not row["reason"].startswith("dates are written")]
    assert len(differ) <= 25 and all(row["reader"] == "fresh" for row in differ)


@pytest.mark.parametrize("kind", ["number", "letter", "yes_no", "date", "text"])
def test_answers_are_read_as_a_careful_person_reads_them(kind):
    wrong = []
    for row in answers():
        if row["kind"] != kind:
            continue
        name = "answer_text" if kind == "text" else kind
        if kind == "number" and row["language"] in ("de", "es", "fr", "ru"):
            name += "_point_groups"
        expected = row["ours"].replace("(none)", "") if row["ours"] else row["reading"]
        found = get_extractor(name)(row["output"].replace("\\n", "\n"))
        if (found or "") != expected:
            wrong.append((row["language"], row["output"], found, expected))
    assert not wrong


def test_names_of_before_read_as_the_careful_ones():
    for before, now in (
        ("cot_number", "number"),
        ("cot_letter", "letter"),
        ("cot_yes_no", "yes_no"),
        ("last_date", "date"),
    ):
        assert get_extractor(before) is get_extractor(now)
    assert get_extractor("cot_number_point_groups")("Die Antwort ist 1.234.") == "1234"


# -- published rules --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("kojima_number", " 1,234 eggs.", "1234"),
        ("kojima_number", "5 of them, then 12.", "5"),
        ("kojima_number", "18.", "18"),
        ("kojima_number", "-3.50 $", "-3.50"),
        ("kojima_number", "x2", "2"),
        ("kojima_number", "none", None),
        ("kojima_letter", "Answer: D", "A"),  # the capital of "Answer", which the careful reader passes over
        ("kojima_letter", " (D).", "D"),
        ("kojima_letter", "(F)", None),
        ("kojima_yes_no", '"Yes."', "yes"),
        ("kojima_yes_no", "Nobody says no!", None),  # an exclamation mark parts no words there
        ("kojima_yes_no", "I know: no, not yes", "no"),
        ("gsm8k_strict", "so 5.\n#### 1,234\n#### 7", "1234"),
        ("gsm8k_strict", "The answer is 18.", None),
        ("gsm8k_strict", "####18", None),
        ("lm_eval_strict_number", "The answer is 18.", "18"),
        ("lm_eval_strict_number", "The answer is 18", "1"),  # it wants one more character
        ("lm_eval_strict_number", "The answer is $18.", None),
        ("lm_eval_flexible_number", "He sold 5. So $1,200.", "1200"),
        ("lm_eval_flexible_number", "no digits", None),
        ("minerva_answer", "Final Answer: The final answer is $\\frac12$. I hope it is correct.", "$\\frac12$"),
        ("minerva_answer", "The final answer is 24.", None),
    ],
)
def test_published_rules(name, text, expected):
    assert get_extractor(name)(text) == expected


def test_zero_shot_chains_of_thought_are_read_as_kojima_reads_them():
    for name, extract in (("gsm8k", "number"), ("addsub", "number"), ("aqua", "letter"), ("strategyqa", "yes_no")):
        assert get_benchmark(name).format("zero_shot_cot").extract == f"kojima_{extract}"
    assert get_benchmark("commonsenseqa").format("zero_shot_cot").extract == "kojima_letter"


def test_no_extractor_fails_on_odd_text():
    for name, extract in EXTRACTORS.items():
        for text in (
            "",
            " ",
            "\n\n",
            "####",
            "answer is ",
            "answer is =",
            "(",
            "$",
            ",",
            ".",
            "-",
            "\u0000",
            "9" * 400,
            "1/" * 99,
            "9^99",
            "0^0",
            "(A" * 99,
            "\\boxed{" * 99,
            "the answer is " * 99,
            "answer" * 999,
        ):
            answer = extract(text)
            assert answer is None or answer == answer.strip() != "", name


def test_no_extractor_is_slow_on_a_long_text():
    """Each of these took from ten seconds to minutes with patterns that look through the rest of the text again."""
    started = time.perf_counter()
    for text in ("(" * 9_000, "\\boxed{" * 2_000, "1." * 4_000, "9" * 9_000, "\u4e00" * 9_000):
        for extract in EXTRACTORS.values():
            extract(text)
    assert time.perf_counter() - started < 60


def test_an_unknown_extractor_is_an_error_with_a_suggestion():
    with pytest.raises(TaskError, match=r"did you mean.*cot_number"):
        get_extractor("cot_numbr")


def test_the_vote():
    assert majority(["3", "4", "4"]) == "4"
    assert majority(["5", "4", "4", "5"]) == "5"  # a tie goes to the answer given first
    assert majority([None, None, "7"]) == "7"  # no answer, no vote
    assert majority([None, None]) is None and majority([]) is None
    assert is_tied(["5", "4", "4", "5", "1"]) and not is_tied(["3", "4", "4"])
    assert not is_tied([None, None, "7"]) and not is_tied([])
