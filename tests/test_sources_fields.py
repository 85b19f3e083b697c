"""Values of rows as text: what has one is written, null is empty, anything else is an error with file and line, and no
row is ever worded "None", "nan", "['a']" or "b'x'"."""

import datetime
import decimal
import json
import os
import pathlib

import numpy as np
import pytest

from flan_jax.cache.native import Tally, render, tokenise
from flan_jax.core import assets
from flan_jax.core.errors import TaskError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare.example import Rendered, is_blank
from flan_jax.declare.formatted import format_task
from flan_jax.declare.task import Task
from flan_jax.declare.templates import Template, TemplateRenderer
from flan_jax.sources import (
    ArrayRecordSource,
    CsvSource,
    DataFolderSource,
    JsonlSource,
    MappedSource,
    MemorySource,
    ParquetSource,
    write_array_record,
)
from flan_jax.sources.data_dir import Download
from flan_jax.sources.fields import FieldError, TextFields, text_of, texts_of
from flan_jax.sources.jsonl import read_first_rows, read_json
from flan_jax.sources.prompts import read_prompts
from flan_jax.sources.text import read_text

SURROGATE = '{"q": "smile \\ud83d", "a": "x"}'


def task(source, *templates, **attributes):
    templates = templates or (Template("{q}", "{a}"),)
    return Task("mine", "mine", source, TemplateRenderer(templates), eval_split=None, **attributes)


def examples(of):
    return [example for _, example in render(of, "train")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a é", "a é"),
        (None, ""),
        (b"caf\xc3\xa9", "café"),
        (7, "7"),
        (0.5, "0.5"),
        (True, "True"),
        (np.int64(3), "3"),
        (np.bool_(False), "False"),
        (np.float32(0.1), "0.1"),
        (decimal.Decimal("1.50"), "1.50"),
        (datetime.date(2024, 1, 2), "2024-01-02"),
        (np.datetime64("2024-01-02"), "2024-01-02"),
    ],
)
def test_what_has_a_text_is_written(value, text):
    assert text_of({"a": value}, "a") == text
    assert "{a}!".format_map(TextFields({"a": value, "b": [1]})) == text + "!"


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (float("nan"), "is nan, of type float"),
        (float("inf"), "is inf, of type float"),
        (np.float32("nan"), "is .*nan"),
        (decimal.Decimal("sNaN"), "is .*of type Decimal"),
        (decimal.Decimal("NaN"), "is .*of type Decimal"),
        (np.datetime64("NaT"), "is .*of type datetime64"),
        (["a"], r"is \['a'\], of type list; a text is needed"),
        ({"text": "a"}, "is .*of type dict"),
        ({1}, "is .*of type set"),
        (np.array([1]), "is .*of type ndarray"),
        (1 + 2j, "is .*of type complex"),
        (object, "is .*of type type"),
        (b"\xff", "is bytes, which are not UTF-8 at byte 0"),
        ("half \ud83d", r"has half a surrogate pair, U\+D83D, as its character 5"),
        pytest.param(10**5000, "is a number that cannot be written", id="a long number"),
    ],
)
def test_what_has_none_is_an_error_that_names_the_field(value, fault):
    with pytest.raises(FieldError, match=f"^field 'a' {fault}"):
        text_of({"a": value}, "a")


def test_a_field_that_is_not_there_is_named():
    with pytest.raises(FieldError, match="no field 'b'; it has a, c"):
        text_of({"a": 1, "c": 2}, "b")


@pytest.mark.parametrize("value", [["a", "é"], ("a", "é"), np.array(["a", "é"]), [b"a", "é"]])
def test_a_list_of_texts(value):
    assert texts_of({"a": value}, "a") == ("a", "é")
    assert texts_of({"a": None}, "a") == texts_of({}, "a") == ()


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("Paris, Rome", r"is 'Paris, Rome', of type str; a list of texts is needed, such as \[\"a\", \"b\"\]"),
        ({"a": 1}, "is .*of type dict; a list of texts is needed"),
        (3, "is 3, of type int; a list of texts is needed"),
        ([0, 1], "item 0 of its list, is 0, of type int; a text is needed"),
        (["a", None], "item 1 of its list, is None, of type NoneType; a text is needed"),
        (["a", "\udc00"], "item 1 of its list, has half a surrogate pair"),
    ],
)
@pytest.mark.parametrize("name", ["options", "references"])
@pytest.mark.parametrize("form", ["", "opt"])
def test_a_string_or_numbers_where_a_list_is_meant_are_no_letters(name, form, value, fault):
    rows = [{"q": "Capital?", "answer": "Paris"}, {"q": "Capital?", "answer": "Rome", name: value}]
    of = task(MemorySource({"train": rows}), Template("{q}"))
    if form:
        of = format_task(of, form)
    with pytest.raises(TaskError, match=rf"^task mine.*, split train, row 1: field '{name}',? {fault}"):
        examples(of)


def write_parquet(path, rows):
    pytest.importorskip("pyarrow")
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=2)


def write_jsonl(path, rows):
    path.write_text("\n" + "".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize(
    ("source_class", "write", "place"),
    [
        (JsonlSource, write_jsonl, r"/b:5"),
        (ParquetSource, write_parquet, r"/b, row 3"),
        (ArrayRecordSource, write_array_record, r"/b, record 3"),
    ],
    ids=["jsonl", "parquet", "array_record"],
)
def test_a_value_without_text_is_named_by_file_and_row(tmp_path, source_class, write, place):
    good = [{"q": f"{i}?", "a": [], "b": "x"} for i in range(4)]
    write(tmp_path / "a", good)
    write(tmp_path / "b", [*good[:3], {"q": "4?", "a": ["z"], "b": None}])
    files = source_class({"train": [tmp_path / "a", tmp_path / "b"]}, fields=("q", "a"))
    of = task(MappedSource(files, lambda row: {**row, "a": row["a"] or row["b"]}))
    with pytest.raises(TaskError, match=rf"task mine, split train, {tmp_path}{place}: field 'a' is \['z'\]"):
        examples(of)
    # Among exemplars it is still the row at fault that is named.
    for shown in (task(of.source, exemplar_split="train"), task(of.source, exemplar_split="train")):
        shown = format_task(shown, "fewshot_5")
        with pytest.raises(TaskError, match=rf"split train, {tmp_path}{place}: field 'a' is"):
            list(shown.rendered("train", [0]))


def test_null_is_empty_and_a_blank_target_is_dropped_and_counted(tmp_path):
    rows = [{"q": "a?", "a": None}, {"q": None, "a": "b"}, {"q": "c?", "a": "\u200b \n"}, {"q": "d?", "a": 0}]
    write_jsonl(tmp_path / "rows", rows)
    of = task(JsonlSource({"train": tmp_path / "rows"}))
    assert [(example.query, example.targets) for example in examples(of)][:2] == [("a?", ""), ("", "b")]
    tally = Tally()
    (kept,) = tokenise(of, "train", load_vocabulary(str(assets.EMBEDDED_VOCAB)), None, tally)
    assert kept.references == ("0",) and kept.index == 3
    assert tally.dropped == {"empty_targets": 2, "empty_inputs": 1}
    assert tally.dropped_rows == {"empty_targets": [0, 2], "empty_inputs": [1]}
    assert [is_blank(text) for text in ("", " \n", "\u200b \ufeff", "a", " .")] == [True, True, True, False, False]


def test_null_options_are_none(tmp_path):
    source = MemorySource({"train": [{"q": "a?", "answer": "b", "options": None, "references": None}]})
    for of in (task(source, Template("{q}\n{options}")), format_task(task(source, Template("{q}")), "opt")):
        (example,) = examples(of)
        assert (example.query.strip(), example.options, example.references) == ("a?", (), ())


@pytest.mark.parametrize("target", ["summary", "answer"])
@pytest.mark.parametrize("form", ["", "opt"])
def test_references_are_honoured_whatever_the_target_is_called(target, form):
    rows = [{"text": "Long.", target: "Short.", "references": ["Brief.", "Terse."]}]
    around = Template("Write out: {" + target + "}", "{text}")
    of = task(MemorySource({"train": rows * 20}), Template("{text}", "{" + target + "}"), around)
    if form:
        of = format_task(of, form)
    found = {(example.targets, example.references) for example in examples(of)}
    # What is asked for the other way round has other answers.
    assert found == {("Short.", ("Short.", "Brief.", "Terse.")), ("Long.", ())}


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (Rendered("a?", None), "targets is None, of type NoneType; a text is needed"),
        (Rendered("a?", "\ud83d"), "targets has half a surrogate pair"),
        (Rendered("a?", "b", references="yes"), "references is 'yes', of type str; a list of texts is needed"),
        (Rendered("a?", "b", options=(1, 2)), "options, item 0, is 1, of type int"),
    ],
)
def test_a_renderer_of_ones_own_is_held_to_it(made, fault):
    source = MemorySource({"train": [{"q": "x"}]})
    of = Task("mine", "mine", source, lambda row, rng, pool: made, eval_split=None)
    with pytest.raises(TaskError, match=f"^task mine, split train, row 0: {fault}"):
        examples(of)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x1f\x8b\x08\0\0\0", "packed by gzip, not UTF-8 text: unpack it"),
        ('{"q": 1}'.encode("utf-16"), "UTF-16, not UTF-8 text: save it as UTF-8"),
        ('{"q": 1}'.encode("utf-16-be"), "NUL byte"),
        ('{"q": 1}'.encode("utf-32"), "UTF-32"),
        (b"PAR1\x15\0", "Parquet"),
    ],
)
def test_files_that_are_no_text_are_refused_by_every_reader(tmp_path, content, message):
    path = tmp_path / "odd"
    path.write_bytes(content)
    readers = (
        lambda: JsonlSource({"train": path}).rows("train"),
        lambda: CsvSource({"train": path}).rows("train"),
        lambda: read_text(path),
        lambda: read_json(path),
        lambda: read_first_rows(path, 1),
    )
    for read in readers:
        with pytest.raises(TaskError, match=f"odd .*{message}"):
            read()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"q": "a", "q": "b"}', ":2: an object has 'q' twice: keep one"),
        ('{"q": {"x": 1, "x": 1}}', ":2: an object has 'x' twice: keep one"),
        ('{"q": 1}{"q": 2}', ":2: not valid JSON, Extra data at column 9: one value ends there and another begins"),
        ('{\n"q": 1}', ":2: not valid JSON, .*: each line is one JSON object, whole"),
        ('[{"q": 1},\n{"q": 2}]', ":2: not valid JSON, .*: each line is one JSON object, whole"),
        ('{"q": ' + "9" * 5000 + "}", ":2: it has a number of more than 4,300 digits: write that as text"),
        ('{"q": ' + "[" * 100_000 + "]" * 100_000 + "}", ":2: it nests too deep"),
        ("\0\0\0", ":2: not valid JSON"),
    ],
)
def test_json_that_would_lose_something_is_named(tmp_path, content, message):
    (tmp_path / "odd").write_text("{  }\n" + content + "\n")
    with pytest.raises(TaskError, match=f"odd{message}"):
        list(JsonlSource({"train": tmp_path / "odd"}).rows("train"))


def test_half_a_surrogate_pair_is_named_by_file_and_line(tmp_path):
    (tmp_path / "rows").write_text('{"q": "\\ud83d\\ude00", "a": "x"}\n' + SURROGATE)
    of = task(JsonlSource({"train": tmp_path / "rows"}))
    assert next(of.rendered("train", [0]))[1].query == "\U0001f600"
    with pytest.raises(TaskError, match=r"rows:2: field 'q' has half a surrogate pair, U\+D83D"):
        examples(of)


def test_a_json_number_keeps_its_digits(tmp_path):
    (tmp_path / "rows").write_text('{"q": 0.12345678901234567891, "a": 0.30000000000000004, "b": 1.50}\n')
    row = JsonlSource({"train": tmp_path / "rows"}).rows("train")[0]
    assert [text_of(row, name) for name in row] == ["0.12345678901234567891", "0.30000000000000004", "1.5"]


def test_parquet_keeps_bytes_and_refuses_columns_of_one_name(tmp_path):
    pytest.importorskip("pyarrow")
    import pyarrow.parquet

    column = pyarrow.array([b"caf\xc3\xa9", None, b"\xff"], pyarrow.binary())
    table = pyarrow.table({"q": column, "n": pyarrow.array([1.0, None, 2.0]), "a": ["x", "y", "z"]})
    pyarrow.parquet.write_table(table, tmp_path / "a")
    rows = ParquetSource({"train": tmp_path / "a"}).rows("train")
    assert [text_of(row, "n") for row in rows] == ["1.0", "", "2.0"]
    assert [row["q"] for row in rows] == ["café", None, b"\xff"]
    with pytest.raises(TaskError, match=r"/a, row 2: field 'q' is bytes, which are not UTF-8 at byte 0"):
        examples(task(ParquetSource({"train": tmp_path / "a"})))
    short = {kind: pyarrow.array([0.1, None]).cast(kind) for kind in ("float", "halffloat", "double")}
    pyarrow.parquet.write_table(pyarrow.table(short), tmp_path / "short")
    row = ParquetSource({"train": tmp_path / "short"}).rows("train")[0]
    assert {kind: text_of(row, kind) for kind in short} == dict.fromkeys(short, "0.1")
    for kind in ("dictionary", "large_string"):
        array = pyarrow.array(["x", "y"])
        array = array.dictionary_encode() if kind == "dictionary" else array.cast(kind)
        pyarrow.parquet.write_table(pyarrow.table({"q": array, "a": array}), tmp_path / kind)
        of = task(ParquetSource({"train": tmp_path / kind}))
        assert [example.targets for example in examples(of)] == ["x", "y"]
    twice = pyarrow.Table.from_arrays([pyarrow.array(["a"])] * 3, names=["q", "a", "a"])
    pyarrow.parquet.write_table(twice, tmp_path / "b")
    with pytest.raises(TaskError, match="two columns are called 'a': rename one"):
        ParquetSource({"train": tmp_path / "b"}).rows("train")


def test_the_hubs_layout_is_read_as_splits(tmp_path):
    def folder():
        return DataFolderSource(tmp_path, Download("Mine", "x", "CC0", str(tmp_path)))

    for name in ("train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001-0123456789abcdef"):
        (tmp_path / "plain_text").mkdir(exist_ok=True)
        write_parquet(tmp_path / f"plain_text/{name}.parquet", [{"q": name}])
    assert folder().splits == ("test", "train")
    assert [row["q"] for row in folder().rows("train")] == ["train-00000-of-00002", "train-00001-of-00002"]
    (tmp_path / "plain_text/train-00000-of-00002.parquet").unlink()
    with pytest.raises(TaskError, match=r"split train is 2 files, of which 1 are in .*plain_text: get number 0"):
        folder().rows("train")
    write_parquet(tmp_path / "plain_text/train-00000-of-00003.parquet", [{"q": "x"}])
    with pytest.raises(TaskError, match="split train has files of two counts"):
        folder().rows("train")
    (tmp_path / "other").mkdir()
    write_parquet(tmp_path / "other/train-00000-of-00001.parquet", [{"q": "other"}])
    with pytest.raises(TaskError, match=r"holds 2 configurations \(other, plain_text\): name the folder of one"):
        folder().rows("train")
    for path in tmp_path.glob("*/*"):
        path.unlink()
    # As the hub converts data sets: a folder a split below the configuration's.
    (tmp_path / "plain_text/train").mkdir()
    write_parquet(tmp_path / "plain_text/train/0000.parquet", [{"q": "converted"}])
    assert (folder().splits, folder().rows("train")[0]) == (("train",), {"q": "converted"})
    write_parquet(tmp_path / "plain_text/train/0002.parquet", [{"q": "converted"}])
    with pytest.raises(TaskError, match=r"split train has parts 0 to 2 in .*plain_text/train, and none numbered 1"):
        folder().rows("train")
    for number in ("0000", "0002"):  # numbers that count nothing
        (tmp_path / f"plain_text/train/{number}.parquet").rename(tmp_path / f"plain_text/train/2024{number}.parquet")
    assert len(folder().rows("train")) == 2


def test_prompts_are_read_as_rows_are():
    text = "\ufeffWhere?\r\n\r\n \u2028\none\x85two\u2028three\x0cfour"
    found, num_blank = read_prompts(pathlib.Path("p.txt"), text.encode())
    assert found == [("p.txt:1", "Where?"), ("p.txt:4", "one\x85two\u2028three\x0cfour")] and num_blank == 2
    lines = b'{"prompt": "a"}\n\n{"inputs": "b", "n": 1}\n'
    assert read_prompts(pathlib.Path("p.jsonl"), lines) == ([("p.jsonl:1", "a"), ("p.jsonl:3", "b")], 1)
    assert read_prompts(pathlib.Path("p.txt"), b"") == ([], 0)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.txt", b"a\ncaf\xe9?\n", r"^p.txt:2: byte 0xe9 at column 4 is not UTF-8"),
        (
            "p.jsonl",
            b'{"prompt": "a", "inputs": "b"}',
            "^p.jsonl:1 has other texts in prompt and inputs, and one is asked",
        ),
        ("p.txt", "where?".encode("utf-16"), r"^p.txt is UTF-16"),
        ("p.txt", b"a\rb\r", r"^p.txt:1: lines end in carriage returns alone"),
        ("p.jsonl", b'{"prompt": "a"}\n{"prompt": null}', r"^p.jsonl:2 has no text in a field named prompt or inputs"),
        ("p.jsonl", b'{"instruction": "a"}', r"^p.jsonl:1 has no text in a field named"),
        (
            "p.jsonl",
            b'{"messages": [{"role": "user", "content": "a"}]}',
            r"^p.jsonl:1 has messages and no text in .*: a prompt of one turn is such a text, with --chat; a "
            r"conversation is answered in Python, by model.chat\(messages\)$",
        ),
        ("p.jsonl", b'{"prompt": ["a"]}', r"^p.jsonl:1 has no text in a field named"),
        ("p.jsonl", b'{"prompt": "\\ud83d"}', r"^p.jsonl:1: the prompt has half a surrogate pair"),
        ("p.jsonl", b'{"prompt": "a", "prompt": "b"}', r"^p.jsonl:1: an object has 'prompt' twice"),
        ("p.jsonl", b'["a"]', r"^p.jsonl:1: holds a list; each line is one JSON object"),
    ],
)
def test_prompts_that_cannot_be_read_are_named(name, content, message):
    with pytest.raises(TaskError, match=message):
        read_prompts(pathlib.Path(name), content)


def test_a_pipe_is_no_file_to_read_again_and_again(tmp_path):
    os.mkfifo(tmp_path / "rows")
    with pytest.raises(TaskError, match=r"rows is a pipe, which is read once and may never end: write its rows to"):
        JsonlSource({"train": tmp_path / "rows"}).rows("train")
