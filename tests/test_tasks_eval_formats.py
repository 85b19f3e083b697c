"""The ways to ask that benchmarks share: what each makes of one question, and when exemplars are read."""

import pytest

from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import Prompt, Question
from flan_jax.declare.names import restored
from flan_jax.evaluate.metrics import get_metric
from flan_jax.sources import data_dir
from flan_jax.tasks.eval import rationales
from flan_jax.tasks.eval.formats import (
    chain_of_thought,
    few_shot,
    multiple_choice,
    short_answer,
    zero_shot,
    zero_shot_cot,
)
from flan_jax.tasks.eval.prompts import THEREFORE, answered

QUESTION = Question("0", "Is snow white?", ("yes",), correct=(0,))


def ask(question):
    return Prompt("", (), f"Q: {question.text}\nA:", question.references, (" yes", " no"), question.correct)


def asked(format):
    return format.open("subtask", "split")(QUESTION)


def test_formats_differ_in_what_they_add_to_the_question():
    ranked = multiple_choice(zero_shot(ask), "…", num_shots=0)
    assert (ranked.name, ranked.method, ranked.metrics, asked(ranked)) == (
        "direct",
        "rank",
        ("accuracy",),
        ask(QUESTION),
    )
    short = short_answer(zero_shot(ask), "first_yes_no", "…")
    assert (short.name, short.method, short.stop, asked(short)) == ("generate", "generate", ("\n",), ask(QUESTION))
    two = zero_shot_cot(zero_shot(ask), "first_yes_no", THEREFORE, max_tokens=9, more=", twice")
    assert two.method == "reason_then_answer" and two.description == "Kojima et al. 2022, two generations, twice"
    assert asked(two).query == "Q: Is snow white?\nA: Let's think step by step."
    assert asked(two).options == ask(QUESTION).options


def test_exemplars_are_read_once_a_run_and_not_at_import():
    reads = []

    def read():
        reads.append(1)
        return [answered("Do fish fly?", "They swim. The answer is no.")]

    cot = chain_of_thought(few_shot(ask, read), "cot_yes_no", "…", max_tokens=99, num_shots=1)
    assert (cot.name, cot.stop, cot.drop, reads) == ("cot", ("\n\nQ:", "\n\n"), "last", [])
    build = cot.open("subtask", "split")
    assert build(QUESTION) == build(QUESTION) and len(reads) == 1
    assert build(QUESTION).exemplars == ("Q: Do fish fly?\nA: They swim. The answer is no.\n\n",)
    assert build(QUESTION).query == ask(QUESTION).query


def test_no_exemplar_of_a_set_asks_the_question_at_hand(tmp_path, monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(tmp_path))
    with pytest.raises(TaskError, match=r"facts_train\.tsv"):
        rationales.few_shot(ask, "facts", 2)("subtask", "split")
    (tmp_path / "flan_cot").mkdir()
    rows = [
        ("Is coal black?", "yes", "It is."),
        ("Is snow white?", "yes", "So.\\nYes. "),
        ("Is sand wet?", "no", "Dry."),
    ]
    (tmp_path / "flan_cot" / "facts_train.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    direct = rationales.few_shot(ask, "facts", 2)("subtask", "split")
    assert direct(QUESTION).exemplars == ("Q: Is coal black?\nA: yes\n\n", "Q: Is sand wet?\nA: no\n\n")
    other = Question("1", "Is milk white?", ("yes",), correct=(0,))
    assert direct(other).exemplars == ("Q: Is coal black?\nA: yes\n\n", "Q: Is snow white?\nA: yes\n\n")
    worked = rationales.few_shot_cot(ask, "facts", 2)("subtask", "split")(other)
    assert worked.exemplars[1] == "Q: Is snow white?\nA: So.\nYes. The answer is yes.\n\n"


def test_a_format_takes_a_plain_function_for_a_metric():
    def is_short(text, references):
        return float(len(text) < 9)

    with restored():
        format = short_answer(zero_shot(ask), "whole_text", "…", metrics=(is_short, "exact_match"))
        assert format.metrics == ("is_short", "exact_match") and get_metric("is_short").fn is is_short
