"""What a vocabulary cannot write: stop texts are matched in the form that it can, and what is lost is counted."""

import dataclasses
import json
import types

import pytest
import suite_benchmarks
from shared import shared_path
from tiny_model import CONFIG, VOCABULARY

import flan_jax.tasks  # noqa: F401
from flan_jax.cache.build import build_cache
from flan_jax.cli.main import main
from flan_jax.core import assets
from flan_jax.core.manifest import cache_root, read_split_manifest, split_dir
from flan_jax.core.vocabulary import Vocabulary, load_vocabulary
from flan_jax.core.written import can_write
from flan_jax.data import CacheReader
from flan_jax.declare.benchmark import BENCHMARKS, Question, get_benchmark
from flan_jax.declare.example import Rendered
from flan_jax.declare.names import restored
from flan_jax.declare.registry import add_mixture, add_task
from flan_jax.declare.task import Member, Mixture, Task
from flan_jax.declare.templated import add_templated_task
from flan_jax.declare.templates import Template
from flan_jax.decode.text import cut_at_stop, stop_of, writable_stops
from flan_jax.evaluate import EvalConfig, EvalResults, Generated, Journal, Ranked, SuiteConfig, run_suite
from flan_jax.evaluate.ask import ask
from flan_jax.evaluate.held_out import read_task
from flan_jax.evaluate.stop_texts import fit_stop_texts
from flan_jax.report import to_markdown
from flan_jax.report.run_data import _data_notes, _warnings
from flan_jax.report.suite_page import to_html
from flan_jax.sources import MemorySource, data_dir
from flan_jax.train.run import Run

THAI = "\u0e44\u0e17\u0e22"
BRACES = [
    Question("0", "red 0", ("0",), ("a", "b", "c"), (0,)),
    Question("1", "red 1", ("0",), ("{", "}", "c"), (0,)),  # one unknown piece each
    Question("2", "red 2", ("0",), ("a", "a ", "c"), (0,)),  # the same text twice, which is the data's doing
]
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
            asked = max((question for question in self.gold if question in request.query), key=len)
            text = self.run_on.format(self.gold[asked])
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


class LosesCase(Vocabulary):
    def encode_batch(self, texts):
        return [list(map(ord, text.lower())) for text in texts]

    def decode(self, ids):
        return "".join(map(chr, ids))

    def piece(self, token):
        return chr(token)


def test_a_text_can_be_written_where_it_comes_back():
    texts = ["plain text", "two\n lines", "{a}", "\u0e44\u0e17\u0e22", "\uff21 and \u2026", "caf\u00e9 \u00fc", ""]
    assert can_write(t5(), texts) == [True, True, False, False, True, True, True]
    assert can_write(embedded(), ["plain text", "\u0e44\u0e17\u0e22"]) == [True, False]
    assert can_write(t5(), []) == []
    assert can_write(LosesCase(), ["abc", "Abc"]) == [True, False], "without an unknown piece"


# Question, target, accepted answers: what T5's pieces lack is the braces.
ROWS = [
    ("Say red.", "red", ("red",)),
    ("Say {red}.", "red", ("red", "{red}")),  # an unknown piece in the input
    ("Say blue.", "{blue}", ("{blue}", "blue")),  # the target cannot be written, another answer can
    ("Say one.", "{one}", ("{one}",)),
    ("Say two.", "{two}", ()),
    ("Why?", "because {x}", ("x",)),  # a rationale, and the answer apart
]
LOST = {"inputs": 1, "targets": 4, "references": 2}


def cached(folder, vocabulary, metrics=("exact_match",)):
    """Caches ROWS as a task and mixture "written", and returns the cache's root."""
    rows = [{"q": q, "a": a, "r": list(r)} for q, a, r in ROWS]

    def render(row, rng, pool):
        return Rendered(row["q"], row["a"], references=tuple(row["r"]))

    source = MemorySource({"train": rows, "validation": rows})
    add_task(Task("written", "c", source, render, metrics=metrics, kind="whole cluster", eval_split="validation"))
    add_mixture(Mixture("written_mixture", (Member("written"),)))
    build_cache("written_mixture", vocabulary=vocabulary, cache_dir=folder, modules=(), num_workers=1)
    return cache_root(folder, vocabulary.fingerprint)


def test_a_cache_counts_what_the_vocabulary_cannot_write(tmp_path, capsys):
    with restored():
        root = cached(tmp_path, t5())
        said = capsys.readouterr().out
        manifest = read_split_manifest(split_dir(root, "written", "train"), t5().fingerprint)
        assert manifest.unwritten == LOST
        assert (
            "cache written_mixture: the vocabulary: of 12 examples 2 hold unknown pieces in their inputs, 8 have a "
            "target that it cannot write, 4 have no accepted answer that it can write"
        ) in said
        # A run says so of what it trains on, at its start and in data.json, which its report reads.
        run = types.SimpleNamespace(
            reader=CacheReader(root, t5().fingerprint),
            plan=types.SimpleNamespace(mixture="written_mixture", tasks=("written",)),
        )
        (note,) = Run.vocabulary_notes(run)
        assert note.startswith("the vocabulary: of 6 examples 1 hold unknown pieces in their inputs, 4 have a target")
        (tmp_path / "data.json").write_text(json.dumps({"vocabulary_notes": [note]}))
        assert _data_notes(tmp_path) == [note]
        build_cache("written_mixture", vocabulary=t5(), cache_dir=tmp_path, modules=(), num_workers=1)
        assert "8 have a target that it cannot write" in capsys.readouterr().out, "of a cache that is there already too"
    with restored():
        root = cached(tmp_path, embedded())
        assert read_split_manifest(split_dir(root, "written", "train"), embedded().fingerprint).unwritten == {}
        assert "cannot write" not in capsys.readouterr().out


def test_a_rendered_example_says_what_is_lost(data, capsys):
    name = "niv2_task1561_clickbait_new_bg_summarization"
    vocabulary = str(shared_path("data/t5_tokenizer/spiece.model"))
    assert main(["tasks", "render", name, "--n", "1", "--vocab_path", vocabulary]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "unknown pieces in the input; 1 of 1 accepted answer cannot be written with this vocabulary" in said
    assert main(["tasks", "render", "small_sum_zero_shot", "--n", "1"]) == 0
    said = capsys.readouterr().out
    assert "unknown" not in said and "cannot be written" not in said


def test_a_rendered_example_says_that_an_option_is_empty(capsys):
    with restored():
        source = MemorySource({"train": [{"q": "Is it?", "answer": "yes", "options": ["yes", " "]}]})
        add_templated_task("half", source, (Template("{q}\n{options}", "{answer}"),), eval_split=None)
        for name in ("half", "half__opt"):
            assert main(["tasks", "render", name, "--split", "train", "--n", "1"]) == 0
            said = capsys.readouterr().out
            assert "(empty)" in said and "empty answer option: dropped when cached, and counted" in said


def test_a_benchmarks_ceiling_is_what_the_vocabulary_can_write(data, tmp_path):
    questions = get_benchmark("bbh").read("dyck_languages", "test")
    model = NamesItsVocabulary({q.text.strip(): q.references[0] for q in questions}, " {}", t5())
    with Journal(tmp_path / "journal.jsonl") as journal:
        config = SuiteConfig(("bbh:direct",), split="test", subtasks=("dyck_languages",))
        results = run_suite(config, model, journal)
        pages = to_markdown(results), to_html(results, journal.records, {})
    (result,) = results.benchmarks
    assert (result.n, result.num_unwritable) == (250, 99) and result.subtasks[0].num_unwritable == 99
    assert result.ceiling == result.score == pytest.approx(151 / 250), "which a model that is always right gets"
    assert result.num_unknown > 200
    for page in pages:
        assert "cannot write an accepted answer to 99 of 250 items: at most 60.4 could be scored" in page
    assert EvalResults.from_json(results.to_json()).tasks == {
        name: dataclasses.replace(task, item_keys=()) for name, task in results.tasks.items()
    }
    unnamed = AlwaysRight(model.gold, " {}", t5())
    with Journal(tmp_path / "second.jsonl") as journal:
        (result,) = run_suite(config, unnamed, journal).benchmarks
    assert result.ceiling is None and result.num_unwritable == result.num_unknown == 0


def test_options_that_are_the_same_tokens_cannot_be_told_apart(monkeypatch, tmp_path):
    benchmark = suite_benchmarks.colours()
    benchmark = dataclasses.replace(benchmark, read=lambda subtask, split: BRACES, subtasks=benchmark.subtasks[:1])
    monkeypatch.setitem(BENCHMARKS, "colours", benchmark)
    model = NamesItsVocabulary({}, "", t5())
    model.rank = lambda requests: ((i, Ranked((-1.0,) * 3, (1,) * 3)) for i, _ in enumerate(requests))
    with Journal(tmp_path / "journal.jsonl") as journal:
        (result,) = run_suite(SuiteConfig(("colours",)), model, journal).benchmarks
    assert result.ceiling == pytest.approx(2 / 3) and result.num_unwritable == 1


class SaysNothing:
    def generate(self, requests):
        return ((i, (Generated("", -1.0, 1, True),)) for i, _ in enumerate(requests))

    def rank(self, requests):
        return iter(())


def test_held_out_tasks_and_a_runs_report_say_it_too(tmp_path):
    rows = [("Say red.", "red"), ("Say {thai}.", THAI), (f"Say {THAI}.", "blue"), ("Say it.", "red " * 8 + "red")]
    with restored():
        source = MemorySource({"validation": [{"q": q, "a": a} for q, a in rows]})

        def render(row, rng, pool):
            return Rendered(row["q"], row["a"])

        add_task(
            Task("written_held_out", "c", source, render, metrics=("exact_match",), train_split=None, kind="c",
                 eval_split="validation")
        )  # fmt: skip
        build_cache("written_held_out", vocabulary=VOCABULARY, cache_dir=tmp_path, modules=(), num_workers=1)
        config = EvalConfig(inputs_length=16, targets_length=4)
        reader = CacheReader(cache_root(tmp_path, VOCABULARY.fingerprint), VOCABULARY.fingerprint)
        task = read_task(reader, "written_held_out", "validation", "report", config, VOCABULARY, CONFIG)
    with Journal(None) as journal:
        records = {record.key: record for record in ask(task.work, SaysNothing(), journal)}
    result = task.result(records, config, VOCABULARY)
    assert (result.n, result.num_unwritable, result.num_unknown, result.num_too_long) == (4, 1, 1, 1)
    assert result.ceiling == pytest.approx(3 / 4)
    told = "\n".join(_warnings(EvalResults(0, {result.task: result})))
    assert "1 of 4 examples have no accepted answer short enough for a generation" in told
    assert "1 of 4 examples have no accepted answer that the vocabulary can write" in told
    assert "1 of 4 prompts hold what the vocabulary has no piece for" in told
