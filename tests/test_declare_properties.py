"""What holds of any text: answers read out of it, numbers in it, metrics on it, templates filled with it."""

import decimal
import random

from hypothesis import example, given
from hypothesis import strategies as st

from flan_jax.core.errors import TaskError
from flan_jax.declare.styles import OPTION_STYLES
from flan_jax.declare.templates import Template, TemplateRenderer
from flan_jax.evaluate.extract import EXTRACTORS, cot_number
from flan_jax.evaluate.metrics import METRICS
from flan_jax.evaluate.metrics.matching import f1
from flan_jax.evaluate.numbers import find_numbers, plain

# Letters of the alphabet alone never make what extractors look for, so pieces of it are drawn between other text.
PIECES = (
    "answer is ", "answer is: ", "####", "final answer", "Answer:", "(B)", "( C", "A good", "I", "yes", "False", "=",
    "$1,234.50", "-3", "7-3", "1 234 567", "12,34,567", "4/9/2018", "x12", ".5", "3.14.15", "\u09e7\u09ee", "\u2212",
    "\u7b54\u6848\u662f11\u3002", "Rs.", ".", ",", "'", "\n", "\n\n", " ", "\u00a0", "Q:",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=12).map("".join)
NUMBERS = st.decimals(-(10**40), 10**40, places=3) | st.integers(-(10**12), 10**12).map(decimal.Decimal)
# Those whose answers have one spelling. (Without a full stop in the end, what was "a.." is "a.", and that is "a".)
CANONICAL = sorted(
    name
    for name in EXTRACTORS
    if name.startswith(("first", "last", "cot", "whole", "flan")) and not name.endswith("_point_groups")
)
TEXTUAL = ("whole_text", "first_line", "flan_answer")
SCRIPTS = ("\u0660", "\u0966", "\u09e6", "\u0e50", "\uff10")  # zeros of Arabic, Devanagari, Bengali, Thai, full width
FIELDS = ("question", "answer", "passage", "_x", "n\u00e9e")


@given(TEXTS)
@example("")
def test_extractors_read_any_text(text):
    for name, extract in EXTRACTORS.items():
        answer = extract(text)
        assert answer is None or answer == answer.strip() != "", name


@given(TEXTS)
@example("answer is .\u00a0")
@example("1/1/\u0662\u0660\u0662\u0661")
def test_an_answer_in_canonical_form_is_read_as_itself(text):
    for name in CANONICAL:
        answer = EXTRACTORS[name](text)
        assert answer is None or EXTRACTORS[name](answer) == answer, name
        assert answer is None or name in TEXTUAL or answer.isascii(), name


@given(NUMBERS, st.sampled_from(SCRIPTS))
@example(decimal.Decimal(-(10**40) - 1), "\u0660")
def test_numbers_come_back_however_they_are_written(value, zero):
    spelling = plain(value)
    in_script = "".join(chr(ord(zero) + int(c)) if c.isdigit() else c for c in spelling)
    for text in (spelling, in_script, f"${spelling}", f"about {spelling}.", f"{spelling}%", f"{value:,}"):
        (number,) = find_numbers(text)
        assert number.value == value and plain(number.value) == spelling, text
        assert text[number.start : number.end].strip("$") in text
    assert cot_number(f"2 and 3. So the answer is {in_script}.") == spelling


@given(TEXTS)
def test_numbers_stand_in_order_and_apart(text):
    places = [place for number in find_numbers(text) for place in (number.start, number.end)]
    assert places == sorted(places) and all(0 <= place <= len(text) for place in places)
    for number in find_numbers(text):
        assert number.value.is_finite() and any(c.isnumeric() for c in text[number.start : number.end])


@given(TEXTS, st.lists(TEXTS, max_size=3))
def test_metrics_of_text_are_bounded_and_the_best_over_their_references(text, references):
    for name, metric in METRICS.items():
        if metric.needs != "text" or name == "rouge_l_gpt2":  # whose tokenizer is not here
            continue
        scores = [metric(text, [reference]) for reference in references]
        assert all(0 <= score <= 1 for score in scores), name
        assert metric(text, references) == metric(text, references[::-1]) == max(scores, default=0), name


@given(st.lists(st.sampled_from("abc"), max_size=6), st.lists(st.sampled_from("abc"), max_size=6))
def test_f1_is_symmetric_and_one_for_the_same_words_alone(one, other):
    assert f1(one, other) == f1(other, one) and (f1(one, other) == 1) == (sorted(one) == sorted(other))


@given(st.text("{}!:.[]ab 0\n", max_size=12))
@example("{0}")
@example("{a.b} {a[0]}")
@example("{a{b}}")
def test_a_template_that_can_be_made_can_be_filled(text):
    try:
        template = Template(text)
    except TaskError:
        return
    renderer = TemplateRenderer((template,))
    row = {name: f"<{name}>" for name in template.fields} | {"answer": "<answer>"}
    rendered = renderer(row, random.Random(0), ())
    assert all(f"<{name}>" in rendered.query + rendered.targets for name in template.fields)


VALUES = st.text(max_size=10) | st.sampled_from(["{answer}", "{", "}}", "{0}"])
# A hole by its field's name, or text that stands in the template.
PARTS = st.lists(st.tuples(st.sampled_from(FIELDS), st.just("")) | st.tuples(st.just(""), VALUES), max_size=8)


@given(PARTS, st.fixed_dictionaries({name: VALUES for name in FIELDS}), st.integers(0, 3), st.integers(0, 2**32))
def test_every_field_appears_as_it_is_and_braces_are_safe(parts, row, num_exemplars, seed):
    holes_and_text = "".join(f"{{{field}}}" if field else _braces_twice(text) for field, text in parts)

    def said(row):
        filled = "".join(row[field] if field else text for field, text in parts)
        return f"Say: {filled} {row['question']} now"

    template = Template(f"Say: {holes_and_text} {{question}} now", "is {answer}")
    renderer = TemplateRenderer((template,), num_exemplars=num_exemplars)
    others = [row | {"question": f"{row['question']}#{i}"} for i in range(num_exemplars)]
    rendered = renderer(row, random.Random(seed), [row, *others])
    target = f"is {row['answer']}"
    assert said(row) in rendered.query and rendered.targets == target
    assert len(rendered.exemplars) == num_exemplars
    assert all(sum(said(other) in shown for shown in rendered.exemplars) for other in others)
    assert all(target in shown for shown in rendered.exemplars)


def _braces_twice(text):
    return text.replace("{", "{{").replace("}", "}}")


@given(st.lists(st.text(max_size=8), min_size=1, max_size=7, unique=True), st.integers(0, 2**32), st.booleans())
def test_every_option_is_listed_once_whatever_it_says(options, seed, is_ordered):
    row = {"question": "?", "answer": options[0], "options": options, "options_are_ordered": is_ordered}
    template = Template("{question}\n{options}\nSay which:")
    rendered = TemplateRenderer((template,))(row, random.Random(seed), ())
    blocks = {style.for_options(options).block(options) for style in OPTION_STYLES}
    assert rendered.options == tuple(options) and rendered.targets == options[0]
    assert all(option in rendered.query for option in options)
    assert not is_ordered or any(block in rendered.query for block in blocks)
