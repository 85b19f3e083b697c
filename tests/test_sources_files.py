"""Sources of files: each format gives the rows that were written, and says file and line for what it cannot read."""

import csv
import functools
import json
import pathlib
import re
import shutil
import zipfile

import pytest

import flan_jax.tasks  # noqa: F401
from flan_jax.cache.build import build_cache
from flan_jax.core import assets
from flan_jax.core.errors import TaskError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare.registry import all_tasks, restored
from flan_jax.declare.task import missing_source
from flan_jax.declare.templated import add_templated_task
from flan_jax.declare.templates import Template
from flan_jax.sources import (
    ArrayRecordSource,
    CsvSource,
    DataFolderSource,
    HuggingFaceFolderSource,
    JsonlSource,
    MappedSource,
    ParquetSource,
    write_array_record,
)
from flan_jax.sources.data_dir import VARIABLE, Download
from flan_jax.sources.jsonl import read_first_rows
from flan_jax.sources.separated import read_packaged_table, read_separated
from flan_jax.tasks.cot.sources import EsnliSource
from flan_jax.tasks.demonstrations.readers import read_demonstrations
from flan_jax.tasks.eval import files as eval_files
from flan_jax.tasks.flan2021 import samples
from flan_jax.tasks.procedural.family import ProceduralSource

SAVED = pathlib.Path(__file__).parent / "data" / "hugging_face_dict"  # written by datasets 5.2.0
ROWS = [
    {"text": "plain", "answer": "a"},
    {"text": 'a "quoted", thing\nover two lines', "answer": "b"},
    {"text": "\u2028 and \x0b inside, é", "answer": ""},
    {"text": "x" * 200_000, "answer": "long"},
]


@pytest.fixture
def registry():
    """The registry as it was before, afterwards."""
    with restored():
        yield


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_csv(path, rows, delimiter=","):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def write_parquet(path, rows):
    pytest.importorskip("pyarrow")
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=3)


FORMATS = {
    "jsonl": (JsonlSource, write_jsonl),
    "csv": (CsvSource, write_csv),
    "parquet": (ParquetSource, write_parquet),
    "array_record": (ArrayRecordSource, write_array_record),
}


@pytest.mark.parametrize("name", FORMATS)
def test_rows_are_those_written(name, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    source_class, write = FORMATS[name]
    (tmp_path / "mine").mkdir()
    write(tmp_path / f"mine/a.{name}", ROWS)
    source = source_class(
        {"train": f"mine/a.{name}", "test": [tmp_path / f"mine/a.{name}"] * 2}, fields=("text", "answer")
    )
    assert source.splits == ("train", "test")
    assert source.missing() is None
    assert list(source.rows("train")) == ROWS
    rows = source.rows("test")
    assert len(rows) == 8
    assert [rows[i] for i in (0, 3, 4, 7, -1)] == [ROWS[0], ROWS[3], ROWS[0], ROWS[3], ROWS[3]]
    assert rows[2:6] == [*ROWS[2:], *ROWS[:2]]
    with pytest.raises(IndexError):
        rows[8]
    with pytest.raises(TaskError, match="no split 'dev'; there are train, test"):
        source.rows("dev")


@pytest.mark.parametrize("name", FORMATS)
def test_a_changed_file_is_read_again(name, tmp_path):
    source_class, write = FORMATS[name]
    write(tmp_path / "a", ROWS)
    source = source_class({"train": tmp_path / "a"})
    assert len(source.rows("train")) == 4
    (tmp_path / "a").unlink()
    write(tmp_path / "a", ROWS[:2])
    assert list(source.rows("train")) == ROWS[:2]


@pytest.mark.parametrize("name", FORMATS)
def test_a_row_without_a_field_is_named(name, tmp_path):
    source_class, write = FORMATS[name]
    write(tmp_path / "a", ROWS)
    rows = source_class({"train": tmp_path / "a"}, fields=("text", "answr")).rows("train")
    with pytest.raises(TaskError, match=r"a, row 1: no field 'answr'; it has text, answer; did you mean answer"):
        rows[1]


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_not_here_is_named_in_a_line(name, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    source_class, _ = FORMATS[name]
    mine = source_class({"train": "mine/a"})
    assert str(tmp_path / "mine/a") in mine.missing()
    with pytest.raises(TaskError, match="a cannot be read"):
        mine.rows("train")
    public = source_class({"train": "mine/a"}, download=Download("Mine", "http://x.org/a", "CC0", "mine"))
    assert public.missing() == f"Mine: download http://x.org/a to {tmp_path / 'mine'} (licence: CC0)"
    with pytest.raises(TaskError, match=r"a is not there\. Mine: download"):
        public.rows("train")


@pytest.mark.parametrize("name", ["parquet", "array_record"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_file_half_there_is_named(name, share, tmp_path):
    source_class, write = FORMATS[name]
    write(tmp_path / "whole", ROWS)
    content = (tmp_path / "whole").read_bytes()
    (tmp_path / "half").write_bytes(content[: int(share * len(content))])
    with pytest.raises(TaskError, match=r"half cannot be read, .*is it half downloaded"):
        list(source_class({"train": tmp_path / "half"}).rows("train"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1}\n{"a": 2\n', r"a:2: not valid JSON, Expecting"),
        (b'{"a": 1}\n\n[3]\n', r"a:3: holds a list; each line is one JSON object"),
        (b'{"a": 1}\n{"a": "\xff"}\n', r"a:2: byte 0xff at column 8 is not UTF-8"),
        (b'{"a": 1}\n{"a": 2}\n{"a": ', r"a:3: not valid JSON"),
    ],
)
def test_malformed_json_lines_are_named(content, message, tmp_path):
    (tmp_path / "a").write_bytes(content)
    rows = JsonlSource({"train": tmp_path / "a"}).rows("train")
    assert rows[0] == {"a": 1}
    with pytest.raises(TaskError, match=message):
        list(rows)


def test_json_lines_may_be_blank_begin_with_a_mark_and_end_without_a_newline(tmp_path):
    (tmp_path / "a").write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\n  \n{"a": 2}')
    assert list(JsonlSource({"train": tmp_path / "a"}).rows("train")) == [{"a": 1}, {"a": 2}]
    (tmp_path / "a").write_bytes(b"")
    assert list(JsonlSource({"train": tmp_path / "a"}).rows("train")) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'a,b\n1,"2\n3"\n4\n', r"a:4: 1 columns, 2 are needed \(a, b\): quote a field that holds ','"),
        (b"a,b\n1,2,3\n", r"a:2: 3 columns, 2 are needed"),
        (b'a,b\n1,2\n3,"4\n', r"a:3: not separated values"),
        (b'a,b\n1,"2"x\n', r"a:2: not separated values"),
        (b"a,b\n1,\xff\n", r"a:2: byte 0xff at column 3 is not UTF-8"),
        (b"a,a\n1,2\n", r"a:1: two columns are called 'a'"),
        (b"a,\n1,2\n", r"a:1: column 2 has no name"),
    ],
)
def test_malformed_separated_values_are_named(content, message, tmp_path):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(TaskError, match=message):
        CsvSource({"train": tmp_path / "a"}).rows("train")


def test_tabs_headers_and_quotes_are_choices(tmp_path):
    write_csv(tmp_path / "a.tsv", ROWS, delimiter="\t")
    assert list(CsvSource({"train": tmp_path / "a.tsv"}, delimiter="\t").rows("train")) == ROWS
    (tmp_path / "b.tsv").write_text('"so\tyes\nno"\tno\n')
    source = CsvSource({"train": tmp_path / "b.tsv"}, delimiter="\t", columns=("text", "answer"), quote="")
    assert list(source.rows("train")) == [{"text": '"so', "answer": "yes"}, {"text": 'no"', "answer": "no"}]
    with pytest.raises(TaskError, match="give one character each"):
        CsvSource({"train": "a"}, delimiter="::")


def test_array_records_of_another_kind_are_named(tmp_path):
    module = pytest.importorskip("array_record.python.array_record_module")
    for record, message in ((b"\x0a\xff", "record 1: not UTF-8 JSON"), (b"[1]", "record 1: holds a list")):
        writer = module.ArrayRecordWriter(str(tmp_path / "a"), "group_size:1")
        writer.write(b"{}")
        writer.write(record)
        writer.close()
        with pytest.raises(TaskError, match=message):
            list(ArrayRecordSource({"train": tmp_path / "a"}).rows("train"))
        (tmp_path / "a").unlink()
    with pytest.raises(TaskError, match="row 1 cannot be written as JSON"):
        write_array_record(tmp_path / "b", [{"a": 1}, {"a": {1, 2}}])


def test_many_rows_come_in_order_from_every_chunk(tmp_path):
    rows = [{"n": i} for i in range(1_500)]
    pytest.importorskip("pyarrow")
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a", row_group_size=700)
    read = ParquetSource({"train": tmp_path / "a"}).rows("train")
    assert list(read) == rows
    assert [read[i]["n"] for i in (1_499, 0, 700, 699, 1_399, 1_400)] == [1_499, 0, 700, 699, 1_399, 1_400]


def test_a_folder_that_hugging_face_saved(tmp_path):
    pytest.importorskip("pyarrow")
    source = HuggingFaceFolderSource(SAVED)
    assert source.splits == ("train", "validation")
    rows = list(source.rows("train"))  # two files
    assert [row["text"] for row in rows] == [f"Text {i}." for i in range(5)]
    assert rows[4] == {"text": "Text 4.", "label": 0, "tags": ["a"], "more": {"n": 4}}
    assert source.features["label"]["names"] == ["no", "yes"]
    named = HuggingFaceFolderSource(SAVED, fields=("text", "label"))
    assert list(named.rows("train")) == rows
    with pytest.raises(TaskError, match=r"train, row 0: no field 'txet'; it has text, label, tags, more"):
        list(HuggingFaceFolderSource(SAVED, fields=("txet",)).rows("train"))
    with pytest.raises(TaskError, match=r"fields is the text 'text': give a tuple"):
        HuggingFaceFolderSource(SAVED, fields="text")
    single = HuggingFaceFolderSource(SAVED / "validation")
    assert single.splits == ("train",)
    assert list(single.rows("train")) == list(source.rows("validation"))
    with pytest.raises(TaskError, match="no split 'test'; there are train, validation"):
        source.rows("test")


def test_a_saved_folder_that_is_not_whole_is_named(tmp_path):
    pytest.importorskip("pyarrow")
    copy = tmp_path / "copy"
    shutil.copytree(SAVED, copy)
    arrow = copy / "train" / "data-00001-of-00002.arrow"
    content = arrow.read_bytes()
    for size in (len(content) - 8, len(content) // 2, 3):
        arrow.write_bytes(content[:size])
        with pytest.raises(TaskError, match=r"data-00001-of-00002\.arrow cannot be read, .*half downloaded"):
            HuggingFaceFolderSource(copy).rows("train")
    arrow.unlink()
    with pytest.raises(TaskError, match=r"data-00001-of-00002\.arrow cannot be read"):
        HuggingFaceFolderSource(copy).rows("train")
    state = copy / "validation" / "state.json"
    state.write_text(state.read_text().replace('"_split"', '"_indices_files": [{"filename": "i.arrow"}], "_split"'))
    with pytest.raises(TaskError, match="flatten_indices"):
        HuggingFaceFolderSource(copy).rows("validation")
    state.write_text('{\n"_split": ')
    with pytest.raises(TaskError, match=r"state\.json:2: not valid JSON"):
        HuggingFaceFolderSource(copy).rows("validation")
    assert "save_to_disk" in HuggingFaceFolderSource(tmp_path / "absent").missing()
    with pytest.raises(TaskError, match=r"neither dataset_dict\.json nor state\.json"):
        _ = HuggingFaceFolderSource(tmp_path).splits


def test_a_folder_is_read_in_whichever_format_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    pytest.importorskip("pyarrow")
    download = Download("Mine", "http://x.org", "CC0", "mine")
    source = DataFolderSource("mine", download)
    assert source.missing() == download.line()
    assert source.splits == ("train", "validation", "test")
    (tmp_path / "mine/data").mkdir(parents=True)
    with pytest.raises(TaskError, match="mine has no data: put what `save_to_disk` writes there"):
        source.rows("train")
    for part in range(2):
        write_parquet(tmp_path / f"mine/data/train-0000{part}-of-00002.parquet", ROWS[part : part + 1])
    assert (source.splits, list(source.rows("train"))) == (("train",), ROWS[:2])
    write_jsonl(tmp_path / "mine/dev.jsonl", ROWS[:1])
    with pytest.raises(TaskError, match=r"of 2 formats \(dev\.jsonl, data/train-00000-of-00002\.parquet\), one is nee"):
        source.rows("dev")
    shutil.rmtree(tmp_path / "mine/data")
    assert source.splits == ("dev",)
    renamed = DataFolderSource("mine", download, {"validation": "dev", "test": "test"})
    assert (renamed.splits, list(renamed.rows("validation"))) == (("validation",), ROWS[:1])
    with pytest.raises(TaskError, match="no split 'test'; there are validation"):
        renamed.rows("test")
    shutil.copytree(SAVED, tmp_path / "mine", dirs_exist_ok=True)
    with pytest.raises(TaskError, match=r"of 2 formats \(dataset_dict\.json, dev\.jsonl\)"):
        source.rows("train")
    (tmp_path / "mine/dev.jsonl").unlink()
    assert source.splits == ("train", "validation")


@pytest.mark.parametrize(
    ("names", "splits", "error"),
    [
        (["train", "train-old", "train-backup"], ("train-backup", "train-old", "train"), None),
        (["train-0", "train-1", "validation"], ("train", "validation"), None),
        (["train", "train-0"], None, r"split train is written in 2 ways \(train-0\.jsonl, train\.jsonl\), one is nee"),
        (["train", "train-00000-of-00001"], None, r"2 ways \(train-00000-of-00001\.jsonl, train\.jsonl\)"),
        (["train", "train/x", "train/y"], None, r"2 ways \(train/x\.jsonl, train\.jsonl\)"),
        (["train", "data/train"], None, r"2 ways \(data/train\.jsonl, train\.jsonl\), one is needed: move the others"),
    ],
)
def test_a_split_of_a_folder_is_written_in_one_way(tmp_path, names, splits, error):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_jsonl(tmp_path / f"{name}.jsonl", [{"from": name}])
    source = DataFolderSource(tmp_path, Download("Mine", "x", "CC0", str(tmp_path)))
    if error:
        with pytest.raises(TaskError, match=error):
            source.rows("train")
        return
    assert source.splits == splits
    found = [row["from"] for row in source.rows("train")]
    assert found == [name for name in names if name in ("train", "train-0", "train-1")]


def test_separated_values_are_read_from_a_folder(tmp_path):
    source = DataFolderSource(tmp_path, Download("Mine", "x", "CC0", str(tmp_path)))
    (tmp_path / "train.csv").write_text('q,a\n"one, two",2\n')
    (tmp_path / "validation.csv").write_text("q,a\nx,y\n")
    assert source.splits == ("train", "validation")
    assert list(source.rows("train")) == [{"q": "one, two", "a": "2"}]
    (tmp_path / "test.tsv").write_text("q\ta\nx\ty\n")
    with pytest.raises(TaskError, match=r"2 formats \(train\.csv, test\.tsv\)"):
        source.rows("train")


def test_rows_may_go_through_a_function(tmp_path):
    write_jsonl(tmp_path / "a", [{"text": "t", "label": 1}, {"text": "u", "label": 0}])
    source = MappedSource(
        JsonlSource({"train": tmp_path / "a"}),
        lambda row: {"text": row["text"], "answer": ("no", "yes")[row["label"]], "options": ("no", "yes")},
        fields=("text", "answer", "options"),
    )
    assert [row["answer"] for row in source.rows("train")] == ["yes", "no"]
    assert (source.splits, source.missing()) == (("train",), None)


def test_templates_are_checked_against_the_fields_when_registered(registry, tmp_path):
    source = JsonlSource({"train": tmp_path / "a"}, fields=("text", "answer"))
    task = add_templated_task("made_by_test", source, [Template("Read {text}")], cluster="tests", eval_split=None)
    assert missing_source(task)
    with pytest.raises(TaskError, match=r"reads unknown field 'txt'; rows have answer, text; did you mean text"):
        add_templated_task("made_too", source, [Template("Read {txt}")])
    with pytest.raises(TaskError, match=r"template 0 is 'Read \{text\}': give a Template\(inputs, targets\)"):
        add_templated_task("made_too", source, ("Read {text}",))
    with pytest.raises(TaskError, match=r"task made_too: chance is 1\.0: give a"):
        add_templated_task("made_too", source, [Template("Read {text}")], chance=1.0)
    with pytest.raises(TaskError, match=r"task made_too: metrics name exact_match twice: keep one"):
        add_templated_task("made_too", source, [Template("Read {text}")], metrics=("exact_match", "exact_match"))
    with pytest.raises(
        TaskError, match=r"made_by_test__fewshot_2 is the name of made_by_test in the format fewshot_2: ch"
    ):
        add_templated_task("made_by_test__fewshot_2", source, [Template("Read {text}")], eval_split=None)
    with pytest.raises(TaskError, match=r"task made_too: chance is nan: give a finite number"):
        add_templated_task("made_too", source, [Template("Read {text}")], chance=float("nan"))
    with pytest.raises(TaskError, match="names no fields, so that its templates cannot be checked"):
        add_templated_task("made_too", JsonlSource({"train": "a"}), [Template("Read {text}")])
    with pytest.raises(TaskError, match=r"give fields=\(...\) to HuggingFaceFolderSource"):
        add_templated_task("made_too", HuggingFaceFolderSource("a"), [Template("Read {text}")])
    with pytest.raises(TaskError, match=r"fields=\(...\) to a MappedSource of it: ProceduralSource takes none"):
        add_templated_task("made_too", ProceduralSource("made", lambda rng: {}), [Template("Read {text}")])
    with pytest.raises(TaskError, match="a task has no attribute metric"):
        add_templated_task("made_too", source, [Template("Read {text}")], metric="exact_match")
    assert "made_too" not in {task.name for task in all_tasks()}


def test_an_empty_target_is_left_out_and_counted(registry, tmp_path):
    write_jsonl(
        tmp_path / "a", [{"text": "t", "answer": "one"}, {"text": "u", "answer": " "}, {"text": "v", "answer": ""}]
    )
    source = JsonlSource({"train": tmp_path / "a"}, fields=("text", "answer"))
    add_templated_task("made_by_test", source, [Template("Read {text}")], eval_split=None)
    vocabulary = load_vocabulary(str(assets.EMBEDDED_VOCAB))
    manifest = build_cache("made_by_test", vocabulary=vocabulary, cache_dir=tmp_path / "cache", num_workers=1)
    assert manifest.num_examples == {"made_by_test": 1}
    (split,) = (tmp_path / "cache").glob("*/*/made_by_test/train/manifest.json")
    assert json.loads(split.read_text())["dropped"] == {"empty_targets": 2}


def test_files_that_cannot_be_named_are_refused():
    with pytest.raises(TaskError, match="a split without a file"):
        JsonlSource({})
    with pytest.raises(TaskError, match="a split without a file"):
        JsonlSource({"train": []})
    with pytest.raises(TaskError, match="give a tuple of names"):
        JsonlSource({"train": "a"}, fields="text")


def flan2021_reader(read):
    """What reads a file of a FLAN 2021 sample."""

    def rows(path):
        sample = samples.Sample((str(path),), read, lambda record: [record], "", "", folder=str(path.parent))
        return sample.rows("train", ("train",))

    return rows


def esnli(path):
    return type("Here", (EsnliSource,), {"path": path})("here").read()


JSONL_READERS = (
    lambda path: JsonlSource({"train": path}).rows("train"),
    flan2021_reader(samples.read_jsonl),
    esnli,
    eval_files.read_jsonl,
    lambda path: list(read_demonstrations(path, "flan_jax")),
    lambda path: read_first_rows(path, 4),
)
CSV_READERS = (
    lambda path: CsvSource({"train": path}, columns=("column 1", "column 2")).rows("train"),
    flan2021_reader(functools.partial(read_separated, columns=("column 1", "column 2"))),
    lambda path: eval_files.read_csv(path, 2),
)
TSV_READERS = (
    lambda path: CsvSource({"train": path}, delimiter="\t", columns=("column 1", "column 2"), quote="").rows("train"),
    flan2021_reader(functools.partial(samples.read_tsv, columns=("column 1", "column 2"))),
    lambda path: eval_files.read_csv(path, 2, "\t", quote=""),
)


@pytest.mark.parametrize(
    ("readers", "content", "message"),
    [
        (JSONL_READERS, b'\n{"a": 1,}\n', r":2: not valid JSON, \w.* at column \d+"),
        (JSONL_READERS, b"\n\n[1]\n", ":3: holds a list; each line is one JSON object"),
        (JSONL_READERS, b'\n{"a": "\xff"}\n', ":2: byte 0xff at column 8 is not UTF-8: convert the file"),
        (JSONL_READERS, None, r" cannot be read: \[Errno 2\].*"),
        (CSV_READERS, b'a,b\n"c\nd",e,f\n', r":2: 3 columns, 2 are needed \(column 1, column 2\): quote .* line's end"),
        (CSV_READERS, b'a,b\n"c"d,e\n', ":2: not separated values, .*"),
        (CSV_READERS, b"a,b\nc,\xff\n", ":2: byte 0xff at column 3 is not UTF-8: convert the file"),
        (CSV_READERS, None, r" cannot be read: \[Errno 2\].*"),
        (TSV_READERS, b'a\tb\n\n"c\n', r":3: 1 columns, 2 are needed .*: write '\\t' inside a field as a space"),
        (TSV_READERS, b"a\tb\nc\t\xff\n", ":2: byte 0xff at column 3 is not UTF-8: convert the file"),
        (TSV_READERS, None, r" cannot be read: \[Errno 2\].*"),
    ],
)
def test_each_mistake_has_one_text_whoever_reads(tmp_path, readers, content, message):
    path = tmp_path / "odd"
    if content is not None:
        path.write_bytes(content)
    said = set()
    for read in readers:
        with pytest.raises(TaskError) as error:
            list(read(path))
        said.add(str(error.value))
    (text,) = said
    assert re.fullmatch(re.escape(str(path)) + message, text), text


def test_a_table_without_quotes_keeps_what_its_fields_hold(tmp_path):
    path = tmp_path / "odd.tsv"
    path.write_bytes(b'\xef\xbb\xbfa\tb\r\n\r\n"x\ty"\r\n\t\n \t \n1\r2\t3\n')
    rows = [{"a": '"x', "b": 'y"'}, {"a": "", "b": ""}, {"a": " ", "b": " "}, {"a": "1\r2", "b": "3"}]
    table = read_separated(path, "\t", quote="")
    assert list(table) == rows and [table.line(i) for i in range(4)] == [3, 4, 5, 6]


def test_a_table_whose_lines_end_in_carriage_returns_is_not_one_header(tmp_path):
    (tmp_path / "odd.csv").write_bytes(b"q,a\r1,2\r")
    with pytest.raises(TaskError, match=r"odd.csv:1: lines end in carriage returns alone: end them in line feeds"):
        len(CsvSource({"train": tmp_path / "odd.csv"}).rows("train"))
    path = tmp_path / "odd.tsv"
    path.write_bytes(b"a\tb\r1\t2\r3\t4\r")
    with pytest.raises(TaskError, match=r"odd.tsv:1: lines end in carriage returns alone"):
        read_separated(path, "\t", quote="")


def test_a_table_of_a_package_is_read_as_its_modules_are(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as file:
        file.writestr("packed_tables/__init__.py", "")
        file.writestr("packed_tables/facts.tsv", 'name\tsays\n"a\tb c\n')
    monkeypatch.syspath_prepend(tmp_path / "packed.zip")
    monkeypatch.setattr("builtins.open", None)
    assert read_packaged_table("packed_tables", "facts.tsv") == [{"name": '"a', "says": "b c"}]
    with pytest.raises(OSError, match=r"packed_tables.absent\.tsv"):
        read_packaged_table("packed_tables", "absent.tsv")
