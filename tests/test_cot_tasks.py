"""The nine chain-of-thought sets: rationale then answer, the answer alone, turned around; the real files go through."""

import csv
import json

import pytest
from shared import shared_path

import flan_jax.tasks  # noqa: F401
from flan_jax.core.errors import TaskError
from flan_jax.declare.formats import PUBLIC_TRIGGER, TRIGGERS
from flan_jax.declare.registry import get_mixture, get_task, mixture_members
from flan_jax.declare.task import missing_source
from flan_jax.evaluate.metrics import get_metric
from flan_jax.tasks.cot.register import INVERTED, NUM_EXAMPLES, SOURCES
from flan_jax.tasks.cot.sources import ESNLI, QED
from flan_jax.tasks.cot.templates import INVERTED_TEMPLATES, TEMPLATES

ROWS = [(f"How many are {i} and {i}?", str(2 * i), f"{i} + {i} = {2 * i}.") for i in range(30)]
PAIR = {
    "premise": "A cat sleeps .",
    "hypothesis": "It rests .",
    "label": "entailment",
    "explanation_1": "sleep is rest",
}
ANSWERED = {
    "question_text": "who painted it",
    "paragraph_text": "The house is old . Ann painted the house .",
    "annotation": {
        "explanation_type": "single_sentence",
        "selected_sentence": {"string": "Ann painted the house . "},
        "referential_equalities": [
            {"question_reference": {"string": "it"}, "sentence_reference": {"string": "the house"}},
            {"question_reference": {"string": "x"}, "sentence_reference": {"string": ""}},
        ],
        "answer": [{"sentence_reference": {"string": "Ann"}}],
    },
}


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    """A data folder with a few rows of three sets."""
    (tmp_path / "flan_cot").mkdir()
    (tmp_path / "flan_cot/gsm8k_train.tsv").write_text("".join("\t".join(row) + "\n" for row in ROWS))
    write_lines(tmp_path, "esnli_dev", PAIR, {**PAIR, "label": "-"})
    write_lines(tmp_path, "qed_dev", ANSWERED, {**ANSWERED, "annotation": {"explanation_type": "none"}})
    monkeypatch.setenv("FLAN_JAX_DATA_DIR", str(tmp_path))
    return tmp_path


def write_lines(folder, name, *records):
    path = folder / "cot_extra" / f"{name}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def examples(name, indices=None):
    return [example for _, example in get_task(name).rendered("train", indices)]


def test_targets_reason_and_then_answer(data_dir):
    wordings = set()
    for (question, answer, rationale), example in zip(ROWS, examples("cot_gsm8k"), strict=True):
        assert example.targets.index(rationale) < example.targets.index(f"answer is {answer}.")
        assert question in example.inputs() and rationale not in example.inputs()
        assert get_metric("numeric")(example.targets, [example.targets]) == 1.0
        wordings.add(example.inputs().replace(question, ""))
    assert len(wordings) > 6


def test_the_answer_alone(data_dir):
    for (question, answer, rationale), example in zip(ROWS, examples("cot_gsm8k__direct"), strict=True):
        assert example.targets == answer
        assert question in example.inputs() and "step" not in example.inputs().replace(question, "")
        assert rationale not in example.inputs()
    few = examples("cot_gsm8k__direct__fewshot_3")
    assert all(len(example.exemplars) == 3 for example in few)
    assert not any("+" in exemplar for example in few for exemplar in example.exemplars if "++" not in exemplar
                   and "+ +" not in exemplar)  # fmt: skip


def test_triggers_follow_the_bare_question(data_dir):
    for (question, _, rationale), example in zip(ROWS, examples("cot_gsm8k__trigger_public"), strict=True):
        assert example.inputs() == f"{question}\n{PUBLIC_TRIGGER}"
        assert rationale in example.targets
    own = {example.inputs().split("\n")[1] for example in examples("cot_gsm8k__trigger")}
    assert own <= set(TRIGGERS) and len(own) > 3 and PUBLIC_TRIGGER not in TRIGGERS


def test_turned_around(data_dir):
    (question, answer, rationale), *_ = ROWS[5:]
    explain, ask, both = (examples(f"cot_gsm8k_{ending}", [5])[0] for ending in INVERTED.values())
    assert explain.targets == rationale and question in explain.inputs() and answer in explain.inputs()
    assert ask.targets == question and rationale in ask.inputs()
    assert both.targets == f"{question}\nAnswer: {answer}" and rationale in both.inputs()
    assert question not in ask.inputs() + both.inputs() and rationale not in explain.inputs()
    for text in (template.inputs for templates in INVERTED_TEMPLATES.values() for template in templates):
        assert text.count("{") in (1, 2, 3)


def test_esnli_and_qed_are_made_of_their_own_fields(data_dir):
    (row,) = get_task("cot_esnli").source.rows("train")  # a pair without an agreed label is outside the set
    assert row == {
        "question": "Premise: A cat sleeps .\nHypothesis: It rests .\nOptions:\n"
        "- entailment\n- neutral\n- contradiction",
        "answer": "entailment",
        "rationale": "sleep is rest.",
    }
    (row,) = get_task("cot_qed").source.rows("train")  # as is a question that no single sentence answers
    assert row == {
        "question": "Passage: The house is old . Ann painted the house .\nQuestion: who painted it?",
        "answer": "Ann",
        "rationale": 'The passage says: "Ann painted the house ." There "the house" is what the question calls "it".',
    }


def test_the_training_file_comes_before_the_development_file(data_dir):
    assert get_task("cot_esnli").source.path.name == "esnli_dev.jsonl"
    write_lines(data_dir, "esnli_train", PAIR, PAIR, PAIR)
    assert get_task("cot_esnli").source.path.name == "esnli_train.jsonl"
    assert len(get_task("cot_esnli").source.rows("train")) == 3


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"label": "entailment"', r"esnli_dev\.jsonl:2: not valid JSON"),
        ('{"label": "entailment"}', r"esnli_dev\.jsonl:2: not an example of e-SNLI \(KeyError: 'premise'\)"),
        ("7", r"esnli_dev\.jsonl:2: holds a int; each line is one JSON object"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(data_dir, line, problem):
    (data_dir / "cot_extra/esnli_dev.jsonl").write_text(json.dumps(PAIR) + "\n" + line + "\n")
    with pytest.raises(TaskError, match=problem):
        get_task("cot_esnli").source.rows("train")


def test_what_is_missing_says_what_to_download(tmp_path, monkeypatch):
    monkeypatch.setenv("FLAN_JAX_DATA_DIR", str(tmp_path))
    for name, source in SOURCES.items():
        line = missing_source(get_task(f"cot_{name}"))
        assert line and str(tmp_path) in line and f"{name}_train" in line and "licence: " in line
        assert line.startswith(source.download.name)
    assert {ESNLI.folder, QED.folder} == {"cot_extra"}


def test_the_table_of_flan_2022_is_covered():
    """Nine sets, 27 turned-around rows, each with a task of its category."""
    with open(shared_path("facts/flan2022_tasks.csv")) as file:
        listed = [row for row in csv.DictReader(file) if row["csv_source"] == "CoT"]
    assert len(listed) == 36
    for row in listed:
        name = row["dataset"].removeprefix("stream_").removeprefix("cot_")
        if row["inverted"] == "no":
            assert get_task(f"cot_{name}").cluster == "chain_of_thought"
        else:
            assert get_task(f"cot_{name}_{INVERTED[row['generic_category']]}").cluster == row["generic_category"]
        assert abs(NUM_EXAMPLES[name] - int(row["train_examples"])) < 15  # the table rounds down to whole batches
    mixture = get_mixture("cot")
    assert mixture.cap == 100_000 and len(mixture_members(mixture)) == 9
    assert len(mixture_members(get_mixture("cot_inverted"))) == 27


def test_wordings_are_different_everywhere():
    texts = [template.inputs for templates in TEMPLATES.values() for template in templates]
    assert len(set(texts)) == len(texts) == 90


def test_real_files_go_through(monkeypatch):
    monkeypatch.setenv("FLAN_JAX_DATA_DIR", str(shared_path("data")))
    sizes = {name: len(get_task(f"cot_{name}").source.rows("train")) for name in SOURCES}
    assert {name: sizes[name] for name in sizes if name not in ("esnli", "qed")} == {
        name: count for name, count in NUM_EXAMPLES.items() if name not in ("esnli", "qed")
    }
    assert sizes["esnli"] == 3_000 and sizes["qed"] == 1_020  # development files; one answer of QED is empty
    forms = ["", "__direct", "__fewshot_5", "__trigger", "__noinst", *(f"_{ending}" for ending in INVERTED.values())]
    for name, size in sizes.items():
        spread = range(0, size, max(1, size // 40))
        for form in forms:
            for example in examples(f"cot_{name}{form}", spread):
                assert example.query.strip() and example.targets.strip()
        for row, example in zip(spread, examples(f"cot_{name}", spread), strict=True):
            answer = get_task(f"cot_{name}").source.rows("train")[row]["answer"]
            assert f"answer is {answer}." in example.targets
