"""What FLAN 2021's sources say of rows that cannot be used: left out and counted, or refused with file and line."""

import json
import re

import pytest
from shared import shared_path

import flan_jax.tasks  # noqa: F401  (registers the tasks)
from flan_jax.cache.native import Tally, tokenise
from flan_jax.cache.train_vocab import ASSET
from flan_jax.core.errors import TaskError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare.registry import get_task
from flan_jax.sources.data_dir import VARIABLE
from flan_jax.tasks.flan2021.dataset import dataset_of
from flan_jax.tasks.flan2021.samples import fault_of


def rte_sample(root, records):
    folder = root / "flan2021_sources" / "rte"
    folder.mkdir(parents=True)
    for name in ("train", "val"):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


RTE = {"premise": "It rains.", "hypothesis": "It is wet.", "label": "entailment"}


@pytest.mark.parametrize("field", ["premise", "hypothesis"])
@pytest.mark.parametrize("text", ["", " \n", None])
def test_rows_with_an_empty_text_are_left_out_and_counted(tmp_path, monkeypatch, field, text):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    records = [RTE | {"premise": f"It rains {i} times."} for i in range(20)]
    records[3] |= {field: text}
    records[4] |= {field: text}
    rte_sample(tmp_path, records)
    source = get_task("flan2021_rte").source
    num = {split: len(source.rows(split)) for split in ("train", "test")}
    assert num == {"train": 16, "test": 18}
    assert source.left_out("train") == source.left_out("test") == {"with an empty text": 2}
    assert source.left_out("validation") == {}
    tally = Tally()
    list(tokenise(get_task("flan2021_rte"), "train", load_vocabulary(str(ASSET)), 512, tally))
    assert dict(tally.dropped) == {"with an empty text": 2}


def test_a_row_with_an_empty_option_is_left_out_and_one_that_lacks_what_some_templates_read_is_not(
    tmp_path, monkeypatch
):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    folder = tmp_path / "flan2021_sources" / "hellaswag"
    folder.mkdir(parents=True)
    record = {"ctx": "She", "activity_label": "Tea", "endings": ["sits.", "runs."], "label": 0}
    records = [record, record | {"endings": ["sits.", " "]}, record | {"activity_label": ""}, record, record, record]
    (folder / "hellaswag_val_sample.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    source = get_task("flan2021_hellaswag").source
    assert [row["activity"] for row in source.rows("train")] == ["Tea", "", "Tea"]
    assert source.left_out("train") == {"with an empty text": 1}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"label": "neutral"}, "label is 'neutral', none of entailment, not_entailment"),
        ({"label": "Entailment"}, "label is 'Entailment', none of entailment, not_entailment"),
        ({"label": 1}, "label is 1, none of entailment, not_entailment"),
        ({"label": None}, "label is None, none of entailment, not_entailment"),
        ({"label": ...}, "no field 'label'; it has premise, hypothesis"),
        ({"hypothesis": ...}, "no field 'hypothesis'; it has premise, label"),
    ],
)
def test_a_record_with_an_unknown_label_or_without_a_field_is_named(tmp_path, monkeypatch, change, problem):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    wrong = {name: value for name, value in (RTE | change).items() if value is not ...}
    folder = rte_sample(tmp_path, [RTE, RTE, wrong, RTE, RTE])
    with pytest.raises(TaskError) as error:
        get_task("flan2021_rte").source.rows("train")
    assert str(error.value) == f"{folder}/train.jsonl:3: {problem}: mend the row, or download the file again"


@pytest.mark.parametrize(
    ("name", "field", "values", "problem"),
    [
        ("bool_q", "label", ["Maybe", ""], "none of False, True"),
        ("copa", "label", ["", "AB"], "none of A, B"),
        ("multirc", "label", ["maybe"], "none of False, True"),
        ("wic", "label", ["maybe"], "none of False, True"),
        ("glue_qqp", "label", ["maybe"], "none of False, True"),
        ("imdb_reviews", "label", ["Fine"], "none of Bad, Good"),
        ("anli_r1", "label", ["x", ""], "none of e, n, c"),
        ("mnli_matched", "label", ["x"], "none of entailment, neutral, contradiction"),
        ("winogrande", "answer", ["option3"], "none of option1, option2"),
        ("yelp_polarity_reviews", "label", ["awful"], "none of very negative, negative, positive"),
        ("openbookqa", "Answer Key", ["", "E"], "none of A, B, C, D"),
        ("arc_challenge", "answerKey", ["", "F"], "none of A, B, C, D, E"),
        ("arc_challenge", "answerKey", ["9"], "none of 1, 2, 3, 4, 5"),
        ("arc_easy", "answer", ["answer9", "x"], "none of answer1, answer2"),
        ("cb", "label", ["x"], "none of entailment, contradiction, neutral"),
        ("cosmos_qa", "answer", ["nothing of these"], "none of "),
        ("sst2", "label", ["good"], "no whole number"),
        ("cola", "label", ["x"], "no whole number"),
        ("glue_mrpc", "Quality", ["x"], "no whole number"),
        ("paws_wiki", "label", ["x"], "no whole number"),
        ("wsc", "label", [None, 0.5], "no whole number"),
        ("hellaswag", "label", ["x"], "no whole number"),
    ],
)
def test_the_real_samples_with_an_unknown_label_say_which_there_are(monkeypatch, name, field, values, problem):
    monkeypatch.setenv(VARIABLE, str(shared_path("data")))
    sample = dataset_of(get_task(f"flan2021_{name}")).sample
    record = dict(sample.read(sample.path(sample.train[0]))[0])
    sample.convert(record)
    for value in values:
        with pytest.raises(ValueError, match=re.escape(problem)) as error:
            sample.convert(record | {field: value})
        assert f"{field} is {value!r}" in fault_of(error.value, record)
