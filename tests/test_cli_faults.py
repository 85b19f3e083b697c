"""What is wrong with a flag, a file or the machine is one line, the last one; a fault of ours keeps its traceback."""

import argparse
import contextlib
import errno
import importlib
import io
import json
import logging
import pathlib
import shlex
import subprocess
import sys
import threading
import types

import pytest
from shared import ROOT
from unprivileged import mode

from flan_jax.checkpoints.weights import is_weights_folder
from flan_jax.cli import faults
from flan_jax.cli.flags import FlagParser
from flan_jax.cli.infer import _json_line, _read_prompts
from flan_jax.cli.main import _MODULES, STOPPED, VERBS, main
from flan_jax.core.disk import read_json_object
from flan_jax.core.errors import CheckpointError, ConfigError, FlanError, TaskError
from flan_jax.core.faults import explained
from flan_jax.decode import TextGeneration
from flan_jax.report.run_data import read_metrics
from flan_jax.workflows.arguments import check_folder


def parser_of(verb: str) -> argparse.ArgumentParser:
    parser = FlagParser(prog=f"flan-jax {verb}")
    importlib.import_module(f"flan_jax.cli.{_MODULES.get(verb, verb)}").add_arguments(parser)
    return parser


def refused(parser: argparse.ArgumentParser, *argv: str) -> str:
    with pytest.raises(ConfigError) as told:
        parser.parse_args(argv)
    assert "\n" not in str(told.value) and str(told.value).endswith(f"; `{parser.prog} --help` shows what there is")
    return str(told.value).rpartition(";")[0]


@pytest.mark.parametrize("verb", VERBS)
def test_every_flag_of_a_number_or_a_path_is_checked_as_settings_are(verb):
    parser = parser_of(verb)
    for action in parser._actions:
        if not action.option_strings or action.nargs == 0:
            continue
        name = action.option_strings[0]
        assert action.type not in (int, float, pathlib.Path), f"{name}: write type=flag(…)"
        kind = getattr(action.type, "kind", None)
        if kind is None:
            continue
        base = kind.__origin__
        wrong = ("",) if base is str else ("", "True", "nan", "inf", "1e400", "None", "x", "1_000", "٣", "9" * 5000)
        wrong += ("2.5", "64.9", "-1000000", str(10**30)) if base is int else ()
        for value in wrong:
            assert refused(parser, f"{name}={value}").startswith(f"{name} is "), (name, value)


def test_flags_that_are_not_there_or_lack_a_value_are_named():
    parser = parser_of("infer")
    assert refused(parser, "--checkpoint", "a", "--batch", "4").startswith(
        "there is no --batch; did you mean --batch_size"
    )
    assert refused(parser, "--checkpoint", "a", "--dtype", "f32") == "--dtype is 'f32': give one of float32, bfloat16"
    assert refused(parser, "--checkpoint", "a", "--seed") == "--seed: expected one argument"
    assert refused(parser) == "--checkpoint is missing: it must be given"
    assert refused(parser, "--checkpoint", "a", "--seed", "-1").startswith(
        "--seed is -1: give a whole number from 0 to"
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "a"),
            "a: No such file or directory: check the name",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", b"b"),
            "b: Permission denied: let this user read and write it",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "a", None, "b"),
            "a and b: No space left on device: the disk is",
        ),
        (OSError(errno.EUCLEAN, "Structure needs cleaning", "a"), "a: Structure needs cleaning: see to that"),
        (OSError("Unable to open\n file"), "Unable to open file: see to that"),
        (OSError(), "OSError: see to that"),
        (ValueError('RESOURCE_EXHAUSTED: "x": [OS error 28: No space left on device]'), "the disk is full: free some"),
        (
            ValueError("UNKNOWN: Error writing local file \"/a/b\": Failed to fsync file: no [os_error_code='5']"),
            "/a/b: Input/output error: the disk does not answer",
        ),
        (
            ValueError("UNKNOWN: Error calling fsync on parent directory of: /a/b: Failed: x [os_error_code='5']"),
            "/a/b: Input/output error: the disk does not answer",
        ),
        (MemoryError(), "out of memory: set a smaller BATCH_SIZE"),
        (type("XlaRuntimeError", (RuntimeError,), {})("RESOURCE_EXHAUSTED: 9 GiB"), "out of memory: set a smaller"),
        (TaskError("what"), "TaskError: what"),
    ],
)
def test_what_is_no_fault_of_ours_is_one_line(error, words):
    line = explained(error)
    assert words in line and "\n" not in line


def test_the_file_is_named_that_was_open_where_a_call_failed(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    def read():
        other = tmp_path / "other"
        with open(tmp_path / "a", "w") as file:
            fail(file)
        return other

    with pytest.raises(OSError, match="Input") as caught:
        read()
    assert explained(caught.value).startswith(f"{tmp_path / 'a'}: Input/output error: the disk does not answer")
    monkeypatch.setattr(pathlib, "io", types.SimpleNamespace(open=fail, text_encoding=lambda encoding: encoding))
    with pytest.raises(OSError, match="Input") as caught:
        (tmp_path / "b").read_text(encoding="utf-8")
    assert explained(caught.value).startswith(f"{tmp_path / 'b'}: Input/output error: the disk does not answer")


@pytest.mark.parametrize("error", [KeyError("a"), ValueError("RESOURCE_EXHAUSTED"), TypeError(), AssertionError()])
def test_a_fault_of_ours_keeps_its_traceback(error, monkeypatch, capsys):
    def run(args):
        raise error

    assert explained(error) is None
    verb = types.SimpleNamespace(HELP="", add_arguments=lambda parser: None, run=run)
    monkeypatch.setitem(sys.modules, "flan_jax.cli.tasks", verb)
    with pytest.raises(type(error)):
        main(["tasks"])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "status", "last"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "x"), 2, "flan-jax tasks: x: Permission denied: let this"),
        (FlanError("no"), 2, "flan-jax tasks: FlanError: no"),
        (KeyboardInterrupt(), STOPPED, "flan-jax tasks: stopped"),
        (BrokenPipeError(), 0, "first"),
    ],
)
def test_the_line_comes_last_and_says_what_failed(error, status, last, monkeypatch):
    def run(args):
        print("first")
        raise error

    verb = types.SimpleNamespace(HELP="", add_arguments=lambda parser: None, run=run)
    monkeypatch.setitem(sys.modules, "flan_jax.cli.tasks", verb)
    out = io.StringIO()  # both, as on a terminal
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        assert main(["tasks"]) == status
    assert out.getvalue().splitlines()[-1].startswith(last)


def test_nothing_is_said_after_the_line():
    """Orbax's and tensorboardX's threads ended with the program, and with tracebacks below our line."""
    program = "import atexit, sys; from flan_jax.cli.main import console; "
    program += (
        "atexit.register(print, 'later'); atexit.register(print, 'later', file=sys.stderr); console(['nonsense'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("flan-jax nonsense: FlanError: no verb 'nonsense'") and done.stderr.count("\n") == 1


def test_logs_and_threads_of_libraries_have_no_tracebacks(monkeypatch, capsys):
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)  # and both as they were afterwards
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    out = io.StringIO()
    logger, handler = logging.getLogger("absl"), logging.StreamHandler(out)
    before = list(logger.filters)
    logger.addHandler(handler)
    try:
        faults.keep_logs_short()
        try:
            raise ValueError("deep")
        except ValueError:
            logger.exception("a thread failed")
        assert out.getvalue() == "a thread failed\n"

        def fail():
            raise ValueError("deep\nin there")

        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        assert capsys.readouterr().err == "ValueError in a thread of a library: deep in there\n"
        with pytest.raises(ValueError, match="deep"):
            fail()
        told = types.SimpleNamespace(exc_type=ValueError, exc_value=ValueError("C++"))
        sys.unraisablehook(told)  # as TensorStore does
        assert capsys.readouterr().err == "ValueError in a thread of a library: C++\n"
    finally:
        logger.removeHandler(handler)
        logger.filters[:] = before


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"one\ntwo\0\n", r"a\.txt:2 has a NUL character, which no vocabulary can read: take it out"),
        ("a.txt", "één".encode("utf-16"), r"a\.txt is UTF-16, not UTF-8 text: save it as UTF-8"),
        ("a.txt", b"one\ntw\xe9\n", r"a\.txt:2: byte 0xe9 at column 3 is not UTF-8"),
        ("a.txt", b"", "holds no prompt: give one a line"),
        ("a.jsonl", b'{"prompt": "a"}\n{"prompt": "\\ud800"}\n', r"a\.jsonl:2: the prompt has half a surrogate"),
        ("a.jsonl", b'{"prompt": "a\\u0000"}\n', r"a\.jsonl:1 has a NUL character"),
        ("a.jsonl", b"[" * 100_000, r"a\.jsonl:1: it nests too deep"),
        ("a.jsonl", b'{"prompt": ' + b"9" * 5000 + b"}", r"a\.jsonl:1: it has a number of more than 4,300 digits"),
        ("a.csv", b"prompt\nhello\n", r"a\.csv ends in \.csv, and prompts are one a line of a text file, or \.jsonl"),
        ("a.json", b'[{"prompt": "a"}]', r"a\.json ends in \.json, and prompts are one a line"),
        ("a.jsonl", b'{"prompt": null}', r"a\.jsonl:1 has no text in a field named prompt or inputs"),
    ],
)
def test_a_file_of_prompts_that_cannot_be_read_is_told_with_its_line(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FlanError, match=words):
        _read_prompts(str(tmp_path / name))


def test_a_mark_of_byte_order_is_no_part_of_a_prompt(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\x0b\xe2\x80\xa8more\n")
    assert _read_prompts(str(tmp_path / "a.txt")) == ["one", "two\x0b\u2028more"]


def test_json_of_answers_is_json_whatever_the_encoding():
    generation = TextGeneration(0, "é", 0, "中🙂", 0.0, 0.0, 1, True, 1, False)
    for encoding in ("ascii", "latin-1", "utf-8"):
        line = _json_line(generation, encoding)
        assert json.loads(line.encode(encoding).decode(encoding))["generation"] == "中🙂"
    assert "中" in _json_line(generation, "utf-8")


def test_tasks_are_rendered_into_ascii(tmp_path, monkeypatch):
    module = tmp_path / "ascii_tasks.py"
    module.write_text(
        "from flan_jax.declare import Task, Template, TemplateRenderer, add_task\n"
        "from flan_jax.sources import MemorySource\n"
        "rows = {'train': [{'text': 'café 中', 'answer': '\\u2014'}]}\n"
        "add_task(Task(name='accented', cluster='c', source=MemorySource(rows),\n"
        "    render=TemplateRenderer((Template('{text}', targets='{answer}'),)), eval_split=None))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert main(["tasks", "render", "accented", "--module", "ascii_tasks"]) == 0
    sys.stdout.flush()
    text = written.getvalue().decode("ascii")
    assert r"caf\xe9 \u4e2d" in text and r"\u2014" in text


def test_a_folder_is_refused_where_none_can_be(tmp_path):
    file, folder = tmp_path / "x.txt", tmp_path / "closed"
    file.write_text("")
    folder.mkdir()
    check_folder("to", tmp_path / "new" / "er")
    for path, words in ((file, "^to is '.*x.txt', a file: give a folder"), (file / "a", "which is below the file")):
        with pytest.raises(ConfigError, match=words):
            check_folder("to", path)
    with (
        mode(0o500, folder),
        pytest.raises(ConfigError, match="closed, where this user may make nothing"),
    ):
        check_folder("to", folder / "new")


def test_weights_that_are_missing_are_not_replaced_by_others(tmp_path):
    assert not is_weights_folder(tmp_path)
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"weights\.safetensors is missing beside model\.json: copy it again"):
        is_weights_folder(tmp_path)
    (tmp_path / "weights.safetensors").mkdir()
    with pytest.raises(CheckpointError, match="is a folder, where a file of weights belongs"):
        is_weights_folder(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}", b"null", b"[1]"])
def test_damaged_json_is_told_with_its_path_and_what_to_do(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"a\.json (is not JSON|holds (None|\[1\])).*: copy it again$"):
        read_json_object(tmp_path / "a.json", "copy it again")


@pytest.mark.parametrize("content", [b"\xff", b"[" * 100_000 + b"\n{}\n", b"3\n{}\n"])
def test_damaged_metrics_are_told_with_their_path(tmp_path, content):
    (tmp_path / "metrics.jsonl").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"metrics\.jsonl.* (delete it.*|remove that line)$"):
        read_metrics(tmp_path / "metrics.jsonl")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_program_without_standard_streams_ends_as_any_other(closed):
    program = "import sys; from flan_jax.cli.main import console; console(sys.argv[1:])"
    command = [sys.executable, "-c", program, "tasks", "render"]
    ends = [
        subprocess.run(["bash", "-c", f"{shlex.join([*command, *rest])} {closed}"], capture_output=True, cwd=ROOT)
        for rest in (["review_sentiment_zero_shot", "--n", "1"], ["nope"])
    ]
    assert [end.returncode for end in ends] == [0, 2]
    assert not any(b"Traceback" in end.stdout + end.stderr for end in ends)


def test_a_full_disk_below_standard_output_says_so():
    program = "from flan_jax.cli.main import console; console(['tasks', 'list'])"
    with open("/dev/full", "w") as full:
        end = subprocess.run([sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert end.returncode == 2
    assert end.stderr.splitlines()[-1].startswith("flan-jax tasks: standard output: No space left on device: the")


def test_the_program_is_the_console():
    assert '"flan-jax = flan_jax.cli.main:console"' in (ROOT / "setup.py").read_text()
