"""Rows as a notebook has them: read the same from any source, made a task once, refused where they do not fit."""

import dataclasses
import json
import re
import sys
import types

import numpy as np
import pytest

import flan_jax as fj
from flan_jax.core.errors import CheckpointError, ConfigError, FlanError, TaskError
from flan_jax.declare.registry import add_task, get, get_task, restored
from flan_jax.workflows import finetuning
from flan_jax.workflows.names import split_names
from flan_jax.workflows.rows import note_of_shared_rows, register_by_content, register_rows

ROWS = [{"question": "Say red.", "answer": "red"}, {"question": "Say blue and red.", "answer": "blue red"}]


@pytest.fixture(scope="module", autouse=True)
def own_registry():
    with restored():
        yield


@pytest.mark.parametrize("metric, chance", [("rank_accuracy", 5 / 12), ("exact_match", 5 / 12), ("rouge_l", 0.0)])
def test_chance_is_what_guessing_among_a_rows_options_gets(metric, chance):
    rows = [
        {"q": "red", "answer": "a", "options": ["a", "b"]},
        {"q": "blue", "answer": "c", "options": ["a", "b", "c"]},
    ]
    name = register_rows(rows, "guessed", template="{q} {options}", target="{answer}", metrics=metric, is_held_out=True)
    assert get(name).chance == pytest.approx(chance)


def test_equal_rows_have_equal_names_wherever_they_are_and_a_users_task_keeps_its_own():
    how = {"template": "{question}", "target": "{answer}"}
    name = register_by_content(ROWS, "rows", **how)
    assert re.fullmatch(r"rows_[0-9a-f]{8}", name) and register_by_content(list(ROWS), "rows", **how) == name
    assert register_by_content(ROWS[:1], "rows", **how) != name
    assert register_by_content("who_has_new_template", "rows", **how) == "who_has_new_template"
    add_task(dataclasses.replace(get_task(name), name="taken"))
    with pytest.raises(TaskError, match="a task or mixture is called 'taken', which is what rows"):
        register_rows(ROWS, "taken", is_held_out=True, **how)


def test_a_metric_whose_body_was_edited_is_another(tmp_path):
    prints = []
    for body in ("return 1.0", "return 1.0", "return 0.5"):
        space: dict = {"__name__": "__main__"}
        exec(f"def edited(text, references):\n    {body}", space)
        name = register_rows(
            ROWS, "edited", template="{question}", target="{answer}", metrics=space["edited"], is_held_out=True
        )
        prints.append(finetuning._metrics_fingerprint(name))
    assert prints[0] == prints[1] != prints[2]


def written(tmp_path, kind):
    if kind == "jsonl":
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    elif kind in ("csv", "tsv"):
        path, comma = tmp_path / f"rows.{kind}", "," if kind == "csv" else "\t"
        path.write_text("".join(f"{comma.join(line)}\n" for line in [ROWS[0].keys(), *(r.values() for r in ROWS)]))
    elif kind == "folder":
        path = tmp_path
        (path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    else:
        parquet = pytest.importorskip("pyarrow.parquet")
        path = tmp_path / "rows.parquet"
        parquet.write_table(sys.modules["pyarrow"].Table.from_pylist(ROWS), path)
    return path


@pytest.mark.parametrize("kind", ["jsonl", "csv", "tsv", "parquet", "folder"])
def test_rows_are_the_same_from_a_file_or_a_list(tmp_path, kind):
    options = {"template": "Q: {question}", "target": "{answer}"}
    texts = []
    for rows in (ROWS, written(tmp_path, kind)):
        task = get_task(register_rows(rows, "mine_rows", **options))
        texts.append([example for _, example in task.rendered("train")])
    assert texts[0] == texts[1] and texts[0][0].query == "Q: Say red."


@pytest.mark.parametrize(
    ("rows", "template", "words"),
    [
        (ROWS, None, "rows with fields question, answer need a template"),
        (ROWS, [], "template is an empty list: give one wording"),
        (ROWS, ["{question}", 3], "template has 3, no text"),
        (
            [{**ROWS[0], "options": "red, blue"}],
            "{question} {options}",
            "'options' is 'red, blue', .* a list",
        ),
        (ROWS, "{qestion}", "did you mean question"),
        ({"question": ["a"], "answer": ["b"]}, "{question}", "one dict, of 'question', 'answer': rows are a list of"),
        ("nothing.jsonl", "{question}", "nothing.jsonl is no file and no folder"),
        ("who_has_new_templat", None, "did you mean who_has_new_template"),
        ([], "{question}", "no rows"),
        ([*ROWS, {"question": "a", "answer": ["b"]}], "{question}", r"row 2: field 'answer' is \['b'\], of type list"),
        ([{**ROWS[0], "references": "rot"}], "{question}", "row 0: field 'references' is 'rot', .* a list of texts"),
    ],
)
def test_rows_that_do_not_fit_are_refused(rows, template, words):
    with pytest.raises(TaskError, match=words):
        register_rows(rows, "mine_rows", template=template, target="{answer}")


@pytest.mark.parametrize(
    ("row", "metric", "words"),
    [
        (
            {"options": ["blue", "green"]},
            "rank_accuracy",
            "'red' is not among its options 'blue', 'green', which metric",
        ),
        (
            {"options": []},
            ["exact_match", "rank_accuracy"],
            "row 1: the answer 'red' is without options, which metric rank_accuracy",
        ),
        ({}, "rouge", r"no metric is called 'rouge'; did you mean rouge_l"),
        ({}, [], "metric is an empty list"),
        ({}, lambda text: 1.0, r"metric <lambda>\(text\) cannot be called with \(text, references\)"),
    ],
)
def test_what_a_metric_cannot_score_is_refused(row, metric, words):
    rows = [{**ROWS[0], "options": ["red", "blue"]}, {**ROWS[0], **row}]
    options = {"template": "{question}", "target": "{answer}", "metrics": metric, "is_held_out": True}
    with pytest.raises(FlanError, match=words):
        register_rows(rows, "mine_held_out", **options)


def test_held_out_rows_that_are_trained_on_are_counted(tmp_path):
    options = {"template": ["{question}", "Q: {question}"], "target": "{answer}"}
    held_out = [*ROWS, {**ROWS[0], "answer": "another"}, {"question": "Say one.", "answer": "one"}]
    names = [
        register_rows(written(tmp_path, "jsonl"), "mine_rows", **options),
        register_rows(held_out, "mine_held_out", is_held_out=True, **options),
    ]
    assert note_of_shared_rows(*reversed(names)).startswith("2 of 4 held-out rows are among the training rows")
    register_rows(held_out[1:], "mine_held_out", is_held_out=True, **options)
    assert note_of_shared_rows(*reversed(names)).startswith("1 of 3 held-out rows is among")
    register_rows(held_out[2:], "mine_held_out", is_held_out=True, **options)
    assert note_of_shared_rows(*reversed(names)) == note_of_shared_rows("who_has_new_template", names[0]) == ""
    (tmp_path / "file").write_text("")
    with (
        pytest.warns(UserWarning, match="2 of 2 held-out rows are among") as said,
        pytest.raises(CheckpointError, match="is no folder"),
    ):
        fj.train(ROWS, held_out=ROWS, template="{question}", init=tmp_path / "nothing", to=tmp_path / "run")
    assert said[0].filename == __file__


def test_options_may_be_listed_in_any_order(tmp_path):
    options = {"template": "{question} {options}", "target": "{answer}"}
    rows = [{**ROWS[0], "options": ["red", "blue"]}]
    held_out = [{**ROWS[0], "options": ["blue", "red"]}]
    names = (
        register_rows(rows, "mine_rows", **options),
        register_rows(held_out, "mine_held", is_held_out=True, **options),
    )
    assert note_of_shared_rows(*reversed(names)).startswith("1 of 1 held-out row is among")


def test_a_file_without_rows_is_told(tmp_path):
    (tmp_path / "rows.jsonl").write_text("")
    with pytest.raises(TaskError, match=r"rows\.jsonl has no rows; at least 1 is needed"):
        register_rows(tmp_path / "rows.jsonl", "mine_rows", template="{a}", target="{a}")


def test_an_unknown_ending_is_told(tmp_path):
    (tmp_path / "rows.jsnl").write_text("{}")
    with pytest.raises(TaskError, match=r"ends in '\.jsnl'.*did you mean \.jsonl"):
        register_rows(tmp_path / "rows.jsnl", "mine_rows", template="{a}", target="{a}")


def test_names_and_rows_are_told_apart(tmp_path):
    assert split_names("mmlu, bbh:cot") == split_names(["mmlu", "bbh:cot"]) == ["mmlu", "bbh:cot"]
    for rows in (ROWS, "rows.jsonl", str(tmp_path), tmp_path):
        assert split_names(rows) is None


def test_a_field_whose_name_is_no_text_is_told():
    with pytest.raises(TaskError, match="row 0: a field is called 1; names are texts"):
        register_rows([{1: "a", "q": "b", "answer": "c"}], "mine_rows", template="{q}", target="{answer}")


@pytest.mark.parametrize(
    ("value", "text"), [(np.int64(5), "5"), (np.float32(0.5), "0.5"), (np.bool_(True), "True"), (np.str_("x"), "x")]
)
def test_numpys_numbers_in_rows_are_numbers(value, text):
    rows = [{"q": value, "answer": value}]
    name = register_rows(rows, "mine_rows", template="{q}", target="{answer}")
    ((_, example),) = get_task(name).rendered("train")
    assert (example.inputs(), example.targets) == (text, text)


def test_a_run_goes_on_with_the_same_evaluators_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(finetuning, "_latest_step", lambda folder: 2)
    name = register_by_content(ROWS, "rows", template="{question}", target="{answer}")
    told = finetuning.Finetuning(tmp_path, name, steps=4)
    (tmp_path / finetuning.ROWS_FILE).write_text("{}")
    finetuning.remember_run(told, "start", "w" * 64, "a" * 64)
    finetuning.remember_run(told, "start", "w" * 64, "a" * 64)
    for other in ("b" * 64, ""):
        with pytest.raises(CheckpointError, match=r"holds a run with other evaluators \(their code or number differ\)"):
            finetuning.remember_run(told, "start", "w" * 64, other)


def test_a_run_goes_on_from_the_same_weights_alone(tmp_path, monkeypatch):
    name = register_by_content(ROWS, "rows", template="{question}", target="{answer}")
    told = finetuning.Finetuning(tmp_path, name, steps=4)
    finetuning.remember_run(told, "", "a" * 64)
    finetuning.remember_run(told, "", "b" * 64)  # nothing has been trained
    monkeypatch.setattr(finetuning, "_latest_step", lambda folder: 2)
    finetuning.remember_run(told, "", "b" * 64)
    finetuning.remember_run(told, "", None)  # not known
    finetuning.remember_run(told, "", "b" * 64)
    with pytest.raises(CheckpointError, match="holds a run that began from other weights than `init` is now"):
        finetuning.remember_run(told, "", "c" * 64)


def test_a_copy_of_temporary_weights_is_kept_once_something_was_trained_on_them(tmp_path, monkeypatch):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_text(name)
    models = {
        name: types.SimpleNamespace(source=types.SimpleNamespace(path=tmp_path / name)) for name in ("one", "two")
    }
    run = tmp_path / "run"
    run.mkdir()
    for latest, model, kept in ((0, "one", "one"), (0, "two", "two"), (2, "one", "two")):
        monkeypatch.setattr(finetuning, "_latest_step", lambda folder, latest=latest: latest)
        assert (finetuning.keep_start(models[model], run) / "weights").read_text() == kept


@pytest.mark.parametrize(
    ("splits", "is_held_out", "said"),
    [
        (("train", "validation", "test"), True, "has the splits test, train, validation: validation is judged by"),
        (("test",), False, "has the split test: test is trained on"),
        (("train",), False, ""),
    ],
)
def test_which_split_of_a_folder_is_taken_is_said(tmp_path, capsys, splits, is_held_out, said):
    for split in splits:
        (tmp_path / f"{split}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    register_by_content(tmp_path, "rows", template="{question}", target="{answer}", is_held_out=is_held_out)
    out = capsys.readouterr().out
    assert said in out if said else out == ""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_any_row_of_a_file_that_changes_makes_other_rows(tmp_path, kind):
    many = [{"question": f"q{i}", "answer": f"a{i}"} for i in range(300)]
    path = tmp_path / "train.jsonl"
    names = []
    for answer in ("a17", "a17", "mended"):
        many[17]["answer"] = answer  # the cache looks at 64 rows, and this is none of them
        path.write_text("".join(f"{json.dumps(row)}\n" for row in many))
        given = path if kind == "file" else tmp_path
        names.append(register_by_content(given, "rows", template="{question}", target="{answer}"))
    assert names[0] == names[1] != names[2]


def test_a_folder_is_judged_by_the_split_that_was_asked(tmp_path, capsys):
    for split in ("train", "test"):
        rows = [{**row, "options": [row["answer"], "other"] if split == "test" else ["none"]} for row in ROWS]
        (tmp_path / f"{split}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    how = {"template": "{question}", "target": "{answer}", "metrics": "rank_accuracy", "is_held_out": True}
    with pytest.raises(TaskError, match="no split 'validation'; there are test, train"):
        register_rows(tmp_path, "judged_rows", **how)
    task = get_task(register_rows(tmp_path, "judged_rows", split="test", **how))
    assert (task.eval_split, task.chance) == ("test", 0.5)
    assert "test is judged by" in capsys.readouterr().out
    with pytest.raises(TaskError, match=r"row 0: the answer .* is not among its options 'none', which metric rank_acc"):
        register_rows(tmp_path, "judged_rows", split="train", **how)
    (tmp_path / "train.jsonl").unlink()
    with pytest.raises(TaskError, match="no split 'validation'; there is test: name that, or leave it out"):
        register_rows(tmp_path, "judged_rows", split="validation", **how)
    with pytest.raises(ConfigError, match="split is 'test', of rows that have none: leave it out, or give a folder"):
        register_rows(ROWS, "judged_rows", split="test", **how)
    with pytest.raises(ConfigError, match="split is 'test', of rows that have none"):
        fj.evaluate("nowhere", ROWS, template="{question}", split="test")
