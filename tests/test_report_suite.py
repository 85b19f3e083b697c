"""The suite's HTML report and its calibration: whole in one file, and plain about what went wrong."""

import ast
import base64
import dataclasses
import hashlib
import html.parser
import math
import pathlib
import re

import numpy as np
import pytest
from suite_benchmarks import FORMATS, SIZES, TableModel, colours

import flan_jax
from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import BENCHMARKS, Published, Subtask
from flan_jax.evaluate import Journal, SuiteConfig, run_suite
from flan_jax.evaluate.aggregates.best_template import BestTemplate
from flan_jax.evaluate.aggregates.calibration import calibration
from flan_jax.report import best_markdown, to_markdown
from flan_jax.report.suite_figures import LONGEST_LABEL, shortened
from flan_jax.report.suite_page import ranked_calibration, to_html, write_html

NOTE = "colours: the same data set was trained on <b>"
BAD = "red 1"  # the question whose log-likelihoods are not numbers


class Page(html.parser.HTMLParser):
    """Texts, pictures and references of a page; fails on tags that are left open."""

    def __init__(self, text):
        super().__init__()
        self.text, self.sources, self.links, self.open = "", [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.sources += [values[name] for name in ("src",) if name in values]
        self.links += [values["href"]] if "href" in values else []
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def like(question):
    if question == BAD:
        return (float("nan"), -1.0, -2.0)
    return (-0.5, -1.5, -3.0)


def report(tmp_path, monkeypatch, benchmark=None, names=("colours", "colours:cot"), best=(), notes=(NOTE,)):
    benchmark = benchmark or colours()
    monkeypatch.setitem(BENCHMARKS, benchmark.name, benchmark)
    model = TableModel(
        name="a <model>", like=like, say=lambda q, k: "I <i>cannot" if "blue" in q else f"answer is {q[-1]}"
    )
    with Journal(tmp_path / "journal.jsonl") as journal:
        results = run_suite(SuiteConfig(names), model, journal, notes=notes)
        path = write_html(tmp_path, results, journal.records, {"longest prompt": "7 < 8"}, best)
    return results, path.read_text(), journal.records


def test_one_file_says_everything_and_refers_to_nothing_outside(tmp_path, monkeypatch):
    _, text, _ = report(tmp_path, monkeypatch)
    page = Page(text)
    assert all(source.startswith("data:image/png;base64,") for source in page.sources) and len(page.sources) == 5
    anchors = set(re.findall(r'id="([^"]+)"', text))
    assert page.links and all(link.startswith("#") and link[1:] in anchors for link in page.links)
    assert "<script" not in text and "http:" not in text and "https:" not in text
    for expected in (
        "a <model>",
        NOTE,
        "7 < 8",
        "Chain of thought and direct answers",
        "Calibration of ranked options",
        "giant",  # the published row
        "warm",  # a group
        "I <i>cannot",  # an output
        "no answer",
        "shot 2 red",  # a prompt with its exemplars
    ):
        assert expected in page.text, expected
    assert not list(tmp_path.glob(".*partial"))


def test_published_scores_of_parts_stand_beside_ours(tmp_path, monkeypatch):
    rows = [
        Published("giant", "cot", "test", score, "a paper", part) for part, score in (("warm", 12.5), ("blue", 7.5))
    ]
    parted = dataclasses.replace(colours(), name="parted", published=(*colours().published, *rows))
    results, text, _ = report(tmp_path, monkeypatch, parted, ("parted:cot",))
    (table,) = re.findall(r"Published scores of (.*?)</details>", text, re.S)
    assert table.startswith("blue, warm</summary>"), "subtasks, then groups"
    assert "<td>giant</td><td class=n>7.5</td><td class=n>12.5</td>" in table
    blue = next(100 * s.metrics["equals"] for s in results.benchmarks[0].subtasks if s.name == "blue")
    assert f"<td>this model</td><td class=n>{blue:.1f}</td>" in table
    assert "| published by part | blue | warm |" in to_markdown(results)


def test_the_page_is_the_same_every_time(tmp_path, monkeypatch):
    _, first, _ = report(tmp_path / "a", monkeypatch)
    _, second, _ = report(tmp_path / "b", monkeypatch)

    def seconds(text):
        return re.sub(r"in [\d.]+ s", "", text)

    assert seconds(first) == seconds(second)


def test_what_went_wrong_is_counted(tmp_path, monkeypatch):
    results, text, records = report(tmp_path, monkeypatch)
    direct, cot = results.benchmarks
    assert direct.num_not_finite == 1 and cot.num_unextracted == SIZES["blue"]
    wrong = next(r for r in records.values() if r.id == "1" and r.subtask == "red" and r.format == "direct")
    assert set(wrong.scores.values()) == {0.0} and wrong.answer is None
    rates = re.search(r"What went wrong</h2>(.*?)</table>", text, re.S)[1]
    assert "<td class=n>11.1% (1)</td>" in rates  # not a number, of nine
    assert f"<td class=n>{100 * SIZES['blue'] / 9:.1f}% ({SIZES['blue']})</td>" in rates


def test_spread_over_templates_is_shown_where_subtasks_are_templates(tmp_path, monkeypatch):
    parts = tuple(Subtask(name, ("one set",), 0.5) for name in SIZES)
    templates = dataclasses.replace(colours(), name="templates", subtasks=parts, tags=("flan2021",))
    best = [BestTemplate("one set", "red", 0.5, 0.25, 0.125, 3)]
    results, text, _ = report(tmp_path, monkeypatch, templates, ("templates",), best)
    scores = [subtask.metrics["accuracy"] for subtask in results.benchmarks[0].subtasks]
    cells = re.search(r"Spread over templates</h2>(.*?)</table>", text, re.S)[1]
    for value in (np.mean(scores), np.median(scores), *np.quantile(scores, [0.25, 0.75])):
        assert f"<td class=n>{100 * value:.1f}</td>" in cells
    assert "Best template" in text and "<td class=n>12.5</td>" in text
    assert "| one set | red | 3 | 50.0 | 25.0 | 12.5 |" in best_markdown(best)
    _, plain, _ = report(tmp_path, monkeypatch)
    assert "Spread over" not in plain and "Best template" not in plain


def test_calibration_of_a_model_that_knows_what_it_knows_is_zero():
    rng = np.random.default_rng(0)
    confidences = rng.random(200_000)
    is_right = rng.random(200_000) < confidences
    honest = calibration(confidences, is_right)
    assert honest.expected_error < 0.01 and honest.num_items == 200_000
    assert calibration(confidences, ~is_right).expected_error > 0.4
    sure = calibration([1.0, 1.0, 1.0, 1.0], [True, False, False, False])
    assert sure.expected_error == pytest.approx(0.75) and sure.bins[-1].accuracy == 0.25


def test_calibration_bins_hold_every_item_once_whatever_their_number():
    rng = np.random.default_rng(1)
    confidences, is_right = np.round(rng.random(500), 1), rng.random(500) < 0.5
    for num_bins in (1, 3, 10):
        found = calibration(confidences, is_right, num_bins)
        assert found.num_items == 500 and len(found.bins) == num_bins
        right = sum(b.num_items * b.accuracy for b in found.bins)
        assert right == pytest.approx(is_right.sum())
        assert all(b.low <= b.confidence <= b.high + 1e-12 for b in found.bins if b.num_items)
    assert calibration(confidences, is_right, 1).expected_error == pytest.approx(
        abs(confidences.mean() - is_right.mean())
    )


@pytest.mark.parametrize(
    ("confidences", "verdicts"), [([], []), ([0.5], [True, False]), ([1.5], [True]), ([math.nan], [True])]
)
def test_calibration_refuses_what_are_no_probabilities(confidences, verdicts):
    with pytest.raises(TaskError):
        calibration(confidences, verdicts)


def test_ranked_calibration_leaves_out_what_is_not_a_number(tmp_path, monkeypatch):
    results, _, records = report(tmp_path, monkeypatch)
    direct, cot = results.benchmarks
    assert ranked_calibration([records[key] for key in direct.item_keys]).num_items == 8
    assert ranked_calibration([records[key] for key in cot.item_keys]) is None


def test_long_names_keep_both_ends():
    name = "t0_super_glue_rte_" + "x" * 60 + "_score_eval"
    assert len(shortened(name)) <= LONGEST_LABEL
    assert shortened(name).startswith("t0_super_glue_rte") and shortened(name).endswith("_score_eval")
    assert shortened("short") == "short" and FORMATS[0].name == "direct"


HOSTILE = "<img src=x onerror=alert(1)>'\"&"


def _hostile(value, name=""):
    """A dataclass with every text in it ended by HTML, but for the names by which it is found again."""
    if isinstance(value, str):
        return value if name in ("benchmark", "format", "metric", "key", "published_format") else value + HOSTILE
    if isinstance(value, tuple | list):
        return type(value)(_hostile(item, name) for item in value)
    if dataclasses.is_dataclass(value):
        fields = {field.name: _hostile(getattr(value, field.name), field.name) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **{name: v for name, v in fields.items() if name != "item_keys"})
    return value


def test_no_text_of_data_or_model_is_html(tmp_path, monkeypatch):
    """Subtasks and ids of items, which data sets choose, stood on the page as they are."""
    results, _, records = report(tmp_path, monkeypatch)
    results = _hostile(results)
    records = {key: _hostile(record) for key, record in records.items()}
    best = [BestTemplate(HOSTILE, HOSTILE, 0.5, 0.25, 0.125, 3)]
    text = to_html(results, records, {HOSTILE: HOSTILE}, best)
    page = Page(text)
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert "<img src=x" not in text and page.text.count(HOSTILE) > 40
    assert "<img" not in to_markdown(results) + best_markdown(best)


def test_the_page_forbids_what_it_does_not_need(tmp_path, monkeypatch):
    _, text, _ = report(tmp_path, monkeypatch)
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', text)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert " style=" not in text and text.index("Content-Security-Policy") < text.index("<title>")


def test_html_is_made_by_one_function():
    """A format string with a tag in it, anywhere in the package, would be HTML that nobody has escaped."""
    package = pathlib.Path(flan_jax.__file__).parent
    for file in [*package.glob("*.py"), *package.glob("[!t]*/**/*.py"), *package.glob("t[!a]*/**/*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.JoinedStr):
                literal = "".join(part.value for part in node.values if isinstance(part, ast.Constant))
                is_cell = literal.startswith(("{cell}</", ">{cell}</", "{cell}"))  # of `page.table`, given to `html`
                assert is_cell or not re.search(r"</[a-z0-9]+>|<br|<img|<a ", literal), f"{file}:{node.lineno}"
