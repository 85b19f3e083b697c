"""What a vocabulary cannot write: stop texts are matched in the form that it can, and what is lost is counted."""

import dataclasses

import pytest
from shared import shared_path

import flan_jax.tasks  # noqa: F401
from flan_jax.core import assets
from flan_jax.core.vocabulary import Vocabulary, load_vocabulary
from flan_jax.declare.benchmark import get_benchmark
from flan_jax.decode.text import cut_at_stop, stop_of, writable_stops
from flan_jax.evaluate import Generated, Journal, SuiteConfig, run_suite
from flan_jax.evaluate.stop_texts import fit_stop_texts
from flan_jax.sources import data_dir

# Benchmark, format, subtask, and a right answer that goes on with another question, as the exemplars show it.
RUN_ON = [
    ("gsm8k", "cot", "gsm8k", " We add. The answer is {}.\n\nQ: 4 zebras and 3?\nA: 4 + 3. The answer is 7.\n\nQ:"),
    ("gsm8k", "train_cot", "gsm8k", " We add.\n#### {}\n\nQuestion: 4 zebras and 3?\nAnswer: 4+3=7\n#### 7\n\n"),
    ("mgsm", "cot_en", "de", " The answer is {}.\n\nFrage: 4 zebras?\nAntwort: 4 + 3 = 7. The answer is 7."),
    ("mgsm_en", "cot", "en", " The answer is {}.\n\nQuestion: 4 zebras?\nStep-by-Step Answer: The answer is 7."),
    ("bbh", "cot", "boolean_expressions", " So the answer is {}.\n\nQ: not zebras\nA: So the answer is maybe."),
    ("bbh", "direct", "boolean_expressions", " {}\n\nQ: not zebras is\nA: maybe"),
]


def t5():
    return load_vocabulary(shared_path("data/t5_tokenizer/spiece.model"))


def embedded():
    return load_vocabulary(assets.EMBEDDED_VOCAB)


@dataclasses.dataclass
class AlwaysRight:
    """Knows every answer, and does not know when to stop. `writes` with a vocabulary that it may name or not."""

    gold: dict
    run_on: str
    writes: Vocabulary | None = None
    name: str = "always right"
    fingerprint: str = "always right"

    def count_tokens(self, prompts):
        return [1 for _ in prompts]

    def longest_prompt(self, num_new_tokens):
        return 10**6

    def generate(self, requests):
        for position, request in enumerate(requests):
            answer = next(reference for question, reference in self.gold.items() if question in request.query)
            text = self.run_on.format(answer)
            if self.writes is not None:
                text = self.writes.decode(self.writes.encode(text))
            text, has_stop = cut_at_stop(text, request.stop)
            yield position, (Generated(text, -1.0, 5, has_stop),)

    def rank(self, requests):
        return iter(())


class NamesItsVocabulary(AlwaysRight):
    @property
    def vocabulary(self):
        return self.writes


@pytest.fixture
def data(monkeypatch):
    monkeypatch.setenv(data_dir.VARIABLE, str(shared_path("data")))


@pytest.mark.parametrize("kind", ["t5, named", "t5, not named", "line breaks kept"])
@pytest.mark.parametrize("case", RUN_ON, ids=lambda case: ":".join(case[:2]))
def test_a_model_that_is_right_and_runs_on_is_right(case, kind, data, tmp_path):
    name, format, subtask, run_on = case
    questions = get_benchmark(name).read(subtask, "test")
    gold = {question.text.strip(): question.references[0] for question in questions}
    make = NamesItsVocabulary if kind == "t5, named" else AlwaysRight
    model = make(gold, run_on, None if kind == "line breaks kept" else t5())
    with Journal(tmp_path / "journal.jsonl") as journal:
        config = SuiteConfig((f"{name}:{format}",), split="test", subtasks=(subtask,), limit=10)
        results = run_suite(config, model, journal)
        outputs = [output for record in journal.records.values() for output in record.outputs]
    assert results.benchmarks[0].score == 1.0
    assert outputs and all(output.is_finished and "zebra" not in output.text for output in outputs)
    assert bool(results.notes) == (kind == "t5, named"), "how they are matched is said where it is known"


def test_stop_texts_are_matched_as_the_vocabulary_writes_them():
    texts = ("\n\nQ:", "\n\n", "Question:", "}", " ", "\n\nQ:")
    assert writable_stops(t5(), texts) == (" Q:", "Question:", " ")
    assert writable_stops(embedded(), texts) == ("\n\nQ:", "\n\n", "Question:", "}", " ")
    vocabulary = t5()
    (sequence,) = set(stop_of(vocabulary, writable_stops(vocabulary, texts[:2])).sequences)
    assert vocabulary.decode(sequence) == "Q:"


def test_what_begins_another_question_is_cut_at_where_nothing_is_left_of_a_stop_text():
    model = NamesItsVocabulary({}, "", t5())
    layouts = [["Question: a?\nAnswer: b", "Question: c?"], ["Frage: a", "Frage: b"], ["Say this", "Q: that"]]
    found = fit_stop_texts(model, ("\n", "Q:", "\n\nA:"), layouts)
    assert found.texts == ("Q:", " A:", " Question:", " Frage:")
    assert found.note == (
        "matches '\\n\\nA:' as ' A:'; cannot write '\\n', and cuts where another question begins (' Question:', "
        "' Frage:') instead"
    )
    assert "cuts nowhere for it" in fit_stop_texts(model, ("\n",), layouts[2:]).note
    assert fit_stop_texts(model, ("Q:",), layouts).note == "" == fit_stop_texts(model, (), layouts).note
    kept = NamesItsVocabulary({}, "", embedded())
    assert fit_stop_texts(kept, ("\n\nQ:", "\n"), layouts).texts == ("\n\nQ:", "\n")
