"""What data, models, names and paths hold is shown on a terminal, and does nothing there."""

import ast
import contextlib
import io
import json
import pathlib
import sys

import pytest
from rich.table import Table
from test_report_run import make_task

import flan_jax
from flan_jax.cli.main import main
from flan_jax.core.terminal import VisibleStream, console, plain_stream, visible
from flan_jax.decode import TextGeneration
from flan_jax.evaluate.results.eval_results import EvalResults
from flan_jax.evaluate.results.files import append_results
from flan_jax.evaluate.select import write_selected
from flan_jax.report import print_report, write_report
from flan_jax.train.logs import RunLog

ESC = "\x1b[2J\x1b]0;owned\x9c"
SHOWN = r"\x1b[2J\x1b]0;owned\x9c"


def test_control_characters_are_written_out():
    assert visible(f"a{ESC}b\n\tc") == f"a{SHOWN}b\n\tc"
    assert visible("\r\x00\x7f\x9b\u202eabc\u2069") == r"\x0d\x00\x7f\x9b\u202eabc\u2069"
    assert visible("ordinary, ünïcode, عربي \u200f🙂") == "ordinary, ünïcode, عربي \u200f🙂"


def test_a_stream_shows_what_print_gives_it():
    out = io.StringIO()
    with contextlib.redirect_stdout(VisibleStream(out)):
        print(ESC, end="")
        print(ESC, end="", file=plain_stream(sys.stdout))
        assert not sys.stdout.isatty()
    assert out.getvalue() == SHOWN + ESC


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_stream_takes_every_text_whatever_its_encoding(encoding):
    """`tasks render` into an ASCII stdout ended with a traceback, after some of the text."""
    written = io.BytesIO()
    out = io.TextIOWrapper(written, encoding=encoding)
    with contextlib.redirect_stdout(VisibleStream(out)):
        print("é 中 🙂 \udcff")
        print("é", file=plain_stream(sys.stdout))
        table = Table("中", title="é")
        table.add_row("🙂")
        shown = console(width=40)
        shown.print(table)
        shown.rule("é")
    out.flush()
    text = written.getvalue().decode(encoding)
    first = {
        "ascii": r"\xe9 \u4e2d \U0001f642 \udcff",
        "latin-1": r"é \u4e2d \U0001f642 \udcff",
        "utf-8": r"é 中 🙂 \udcff",
    }
    assert text.splitlines()[0] == first[encoding]
    assert text.count(r"\xe9" if encoding == "ascii" else "é") == 4


@pytest.mark.parametrize("text", [ESC, "mk[/x]", "a[red]b", "[bold]x", ":smile:", "[link=file:///etc]x[/link]"])
def test_a_console_prints_what_it_is_given(text):
    out = io.StringIO()
    shown = console(out, width=100, force_terminal=True, color_system=None, highlight=False)
    shown.print(text)
    shown.rule(text)
    table = Table(text, title=text, caption=text)
    table.add_row(text)
    shown.print(table)
    assert out.getvalue().count(visible(text)) == 6 and "\x1b" not in out.getvalue()


@pytest.mark.parametrize("name", ["mk[/x]", "a[red]b", f"e{ESC}f"])
def test_a_runs_folder_may_have_any_name(tmp_path, name, capsys):
    """A finished run ended with rich's MarkupError, or told of another path."""
    folder = tmp_path / name
    folder.mkdir(parents=True)
    for step, rate in ((0, 0.25), (50, 0.9)):
        tasks = [make_task("t[/b]", rate, "report", "whole cluster"), make_task("s", rate, "selection", "composition")]
        append_results(folder / "evals.jsonl", EvalResults(step, {task.task: task for task in tasks}))
    (folder / "metrics.jsonl").write_text(json.dumps({"step": 50, "loss": 1.0}) + "\n")
    (folder / "config.gin").write_text("")
    write_selected(folder)
    write_report(folder)
    print_report(folder)
    with RunLog(folder, 0, 50, is_writer=True) as log:
        log.say(f"model folder: {folder}")
    text = capsys.readouterr().out
    assert f"model folder: {visible(str(folder))}\n" in text and "\x1b" not in text
    assert text.count(visible(name)) > 3 and "t[/b]" in text


def test_rows_errors_and_answers(tmp_path, capsys, monkeypatch):
    module = tmp_path / "hostile_tasks.py"
    module.write_text(
        "from flan_jax.declare import Task, Template, TemplateRenderer, add_task\n"
        "from flan_jax.sources import MemorySource\n"
        f"rows = {{'train': [{{'text': {ESC!r} + '\\a[red]a[/]', 'answer': {ESC!r}}}]}}\n"
        "add_task(Task(name='hostile', cluster='c', source=MemorySource(rows),\n"
        "    render=TemplateRenderer((Template('{text}', targets='{answer}'),)), eval_split=None))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["tasks", "render", "hostile", "--module", "hostile_tasks"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and SHOWN + r"\x07[red]a[/]" in out
    assert main([f"verb{ESC}"]) == 2
    error = capsys.readouterr().err
    assert "\x1b" not in error and "verb" in error


def _generation(text):
    return TextGeneration(0, "p", 0, text, 0.0, 0.0, 1, True, 1, False)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_an_answer_is_whole_in_a_file_and_harmless_on_a_terminal(is_terminal):
    from flan_jax.cli.infer import _print
    from flan_jax.models import T5Config

    out = io.StringIO()
    out.isatty = lambda: is_terminal
    with contextlib.redirect_stdout(VisibleStream(out)):
        _print([_generation(ESC)], False, T5Config(), 8)
        _print([_generation(ESC)], True, T5Config(), 8)
    first, second = out.getvalue().splitlines()
    assert first == (SHOWN if is_terminal else ESC)
    assert json.loads(second)["generation"] == ESC


def test_nothing_prints_by_a_console_of_its_own():
    """Rich's own reads markup: there is one place that makes one."""
    package = pathlib.Path(flan_jax.__file__).parent
    for file in [*package.glob("*.py"), *package.glob("[!t]*/**/*.py"), *package.glob("t[!a]*/**/*.py")]:
        if file.name == "terminal.py":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            options = {keyword.arg: keyword.value for keyword in node.keywords}
            assert name != "Console" and name != "from_markup", f"{file}:{node.lineno}"
            if name == "TextColumn" and "{" in getattr(node.args[0], "value", "{"):
                assert isinstance(options.get("markup"), ast.Constant), f"{file}:{node.lineno}"
