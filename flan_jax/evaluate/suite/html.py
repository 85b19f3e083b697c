"""A suite's results as one HTML file without links: tables, figures, samples, settings, and what to be wary of."""

from __future__ import annotations

import html
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from flan_jax.declare.benchmark import Format, get_benchmark
from flan_jax.evaluate.best_template import BestTemplate
from flan_jax.evaluate.calibration import Calibration, calibration
from flan_jax.evaluate.report import STYLE, image
from flan_jax.evaluate.suite.figures import (
    calibration_png,
    formats_png,
    name_of,
    overview_png,
    spread_png,
    subtasks_png,
)
from flan_jax.evaluate.suite.results import BenchmarkResult, GroupResult, SubtaskResult, SuiteResults
from flan_jax.evaluate.suite.tables import about, our_rows, published_by_part, published_rows

REPORT = "report.html"
NUM_SAMPLES = 3  # of each benchmark and format
SHOWN_CHARACTERS = 1200  # of a prompt; its end is what is asked
# Tags of benchmarks whose subtasks are one data set's prompts -> what such a prompt is called.
PROMPT_TAGS = {"t0": "prompt", "flan2021": "template"}
_DIRECT, _THOUGHT = ("direct", "generate"), ("cot", "zero_shot_cot")
_MORE_STYLE = """
body { max-width: 74rem; }
.note { background: #fff4e0; border-left: 4px solid #d9822b; padding: .5rem .9rem; margin: .6rem 0; }
details { margin: .5rem 0; } summary { cursor: pointer; } details pre { margin: .4rem 0 .8rem; }
.side { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; align-items: flex-start; } .side h3 { margin-top: 0; }
tr.ours td { background: #eef4fb; font-weight: 600; } .scroll { overflow-x: auto; } h3 { font-size: 1rem; }
nav a { margin-right: 1rem; white-space: nowrap; } td.right { color: #1a7f37; } td.wrong { color: #b42318; }
"""

Records = Mapping[str, Mapping[str, Any]]

__all__ = ["REPORT", "to_html", "write_html"]


def write_html(
    folder: pathlib.Path,
    results: SuiteResults,
    records: Records,
    settings: Mapping[str, str],
    best: Sequence[BestTemplate] = (),
) -> pathlib.Path:
    """Writes `report.html` in `folder`, whole or not at all, and returns its path. Arguments: see `to_html`."""
    path = folder / REPORT
    partial = folder / f".{REPORT}.partial"
    partial.write_text(to_html(results, records, settings, best), encoding="utf-8")
    partial.replace(path)
    return path


def to_html(
    results: SuiteResults, records: Records, settings: Mapping[str, str], best: Sequence[BestTemplate] = ()
) -> str:
    """The page.

    Args:
      results: of `run_suite`.
      records: the journal's, by key.
      settings: name -> value, of how the model was asked.
      best: templates picked on the development set; shown where there are any.
    """
    listed = results.benchmarks
    links = " ".join(f'<a href="#{_anchor(r)}">{_e(name_of(r))}</a>' for r in listed)
    notes = "".join(f"<p class=note>{_e(note)}</p>" for note in results.notes)
    if results.limit is not None:
        notes += (
            f"<p>A sample: at most {results.limit:,} items a subtask, drawn by seed {results.seed}. Where all items of "
            f"a small sample score alike, resampling sees no spread, and the interval is too narrow.</p>"
        )
    average = results.flan_normalised_average
    if average is not None:
        notes += (
            f"<p>Normalised average of the six scores of Chung et al. 2022: <b>{_percent(average)}</b> (its lower "
            f"bounds were fitted, they are not the paper's).</p>"
        )
    body = [
        f"<h1>{_e(results.model)}</h1>{notes}<nav>{links}</nav>",
        "<h2>Scores</h2>",
        _overview(listed),
        image(overview_png(listed), "scores by benchmark"),
        _format_pairs(listed),
        _spread(listed),
        _best(best),
        _calibration(listed, records),
        "<h2>What went wrong</h2>",
        _rates(listed),
        *(_section(result, records) for result in listed),
        _settings(results, settings),
    ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_e(results.model)}: benchmarks</title>'
        f"<style>{STYLE}{_MORE_STYLE}</style></head><body>\n" + "\n".join(part for part in body if part)
    ) + "\n</body></html>\n"


def _overview(listed: Sequence[BenchmarkResult]) -> str:
    rows = []
    for r in listed:
        published = published_rows(r)
        best = f"{published[0].model}: {published[0].score:.1f}" if published else "-"
        items = f"{r.count('n'):,}" + ("" if r.is_complete else f" of {r.count('num_items'):,}")
        link = f'<a href="#{_anchor(r)}">{_e(r.title)}</a>'
        interval = f"{_percent(r.score)} [{_percent(r.low)}, {_percent(r.high)}]"
        words = [link, _e(r.published_format), _e(r.split), _e(r.metric)]
        rows.append([*words, items, _percent(r.chance), interval, _e(best)])
    header = ["benchmark", "format", "split", "metric", "items", "chance", "score", "best published"]
    caption = "Percent. Scores are unweighted means over subtasks, with 95% bootstrap intervals."
    return _table(header, rows, num_words=4, caption=caption)


def _format_pairs(listed: Sequence[BenchmarkResult]) -> str:
    pairs = []
    for name in dict.fromkeys(r.benchmark for r in listed):
        mine = [r for r in listed if r.benchmark == name]
        direct = next((r for r in mine if r.format in _DIRECT), None)
        thought = next((r for r in mine if r.format in _THOUGHT), None)
        if direct and thought:
            pairs.append((direct, thought))
    if not pairs:
        return ""
    return "<h2>Chain of thought and direct answers</h2>" + image(formats_png(pairs), "chain of thought against direct")


def _spread(listed: Sequence[BenchmarkResult]) -> str:
    parts = []
    for tag, what in PROMPT_TAGS.items():
        rows: dict[str, list[float]] = {}
        chances: dict[str, float] = {}
        for result in listed:
            if tag not in get_benchmark(result.benchmark).tags:
                continue
            for group, members in _datasets(result, tag).items():
                name = group if result.format in ("rank", "zero_shot") else f"{group}, {result.format}"
                rows[name] = [subtask.metrics[result.metric] for subtask in members]
                chances[name] = members[0].chance
        if not rows:
            continue
        cells = []
        for name, scores in rows.items():
            g = GroupResult.of(scores)
            values = (g.mean, g.median, g.low_quartile, g.high_quartile, g.high_quartile - g.low_quartile)
            cells.append([_e(name), str(g.num_subtasks), *(_percent(value) for value in values)])
        header = ["data set", f"{what}s", "mean", "median", "lower quartile", "upper quartile", "middle half's width"]
        parts.append(
            f"<h2>Spread over {what}s</h2>{image(spread_png(rows, chances, what), f'spread over {what}s')}"
            + _table(header, cells, num_words=1)
        )
    return "".join(parts)


def _datasets(result: BenchmarkResult, tag: str) -> dict[str, list[SubtaskResult]]:
    """Data set -> its prompts: T0 has a benchmark a data set, FLAN a group."""
    if tag == "t0":
        return {result.benchmark.removeprefix("t0_"): list(result.subtasks)}
    found: dict[str, list[SubtaskResult]] = {}
    for subtask in result.subtasks:
        found.setdefault(subtask.groups[0], []).append(subtask)
    return found


def _best(best: Sequence[BestTemplate]) -> str:
    if not best:
        return ""
    rows = [
        [_e(b.dataset), _e(b.subtask), str(b.num_templates)]
        + [_percent(value) for value in (b.development_score, b.test_score, b.mean_score)]
        for b in best
    ]
    header = ["data set", "template", "of", "development", "test", "mean over templates, test"]
    caption = "The template that is best on the development set, and what it scores on the test set (Wei et al. 2022)."
    return "<h2>Best template</h2>" + _table(header, rows, num_words=2, caption=caption)


def _calibration(listed: Sequence[BenchmarkResult], records: Records) -> str:
    found = []
    for result in listed:
        curve = ranked_calibration([records[key] for key in result.item_keys])
        if curve is not None and get_benchmark(result.benchmark).format(result.format).aggregate == "mean":
            found.append((name_of(result), curve))
    if not found:
        return ""
    lines = "; ".join(f"{_e(name)} {_percent(c.expected_error)} of {c.num_items:,} items" for name, c in found)
    return (
        f"<h2>Calibration of ranked options</h2>{image(calibration_png(found), 'reliability diagrams')}"
        f"<p class=dim>Confidence: the likeliest option's share of the options' joint probability (summed "
        f"log-likelihoods). ECE: expected calibration error over 10 bins (Guo et al. 2017), percent: {lines}.</p>"
    )


def ranked_calibration(records: Sequence[Mapping[str, Any]]) -> Calibration | None:
    """Of items whose options were ranked and have finite log-likelihoods; None where there are none."""
    asked = [r for r in records if r.get("option_probabilities")]
    if not asked:
        return None
    likeliest = [r["option_probabilities"].index(max(r["option_probabilities"])) for r in asked]
    confidences = [min(1.0, r["option_probabilities"][i]) for r, i in zip(asked, likeliest, strict=True)]
    return calibration(confidences, [i in r["correct"] for r, i in zip(asked, likeliest, strict=True)])


def _rates(listed: Sequence[BenchmarkResult]) -> str:
    rows = []
    for r in listed:
        n = r.count("n")
        is_ranked = get_benchmark(r.benchmark).format(r.format).method == "rank"
        num_outputs = n * (1 if r.sampling is None else r.sampling["num_samples"])
        generated = ["-", "-"]
        if not is_ranked:
            generated = [_share(r.count("num_unextracted"), n), _share(r.count("num_unfinished"), num_outputs)]
        prompts = [_share(r.count(name), n) for name in ("num_prompts_shortened", "num_trimmed", "num_not_finite")]
        tokens = [f"{r.count(name):,}" for name in ("num_prompt_tokens", "num_generated_tokens")]
        rows.append([_e(name_of(r)), f"{n:,}", *generated, *prompts, *tokens])
    header = ["benchmark", "items", "no answer", "cut at limit", "lost exemplars", "lost start", "not a number"]
    caption = (
        "No answer: nothing could be extracted, scored wrong. Cut at limit: the generation did not end by itself. Lost "
        "exemplars: the prompt was longer than the model and had some taken out. Lost start: too long without any. Not "
        "a number: a log-probability was NaN or infinite; ranked options are then scored wrong."
    )
    return _table([*header, "prompt tokens", "answer tokens"], rows, num_words=1, caption=caption)


def _section(result: BenchmarkResult, records: Records) -> str:
    benchmark = get_benchmark(result.benchmark)
    format = benchmark.format(result.format)
    parts = [
        f'<h2 id="{_anchor(result)}">{_e(result.title)} <span class=dim>{_e(name_of(result))}, {_e(result.split)}'
        f"</span></h2><p>{_e(about(result))}</p><div class=side>{_published(result)}{_groups(result)}</div>",
        _by_part(result),
    ]
    has_figure = len(result.subtasks) > 1 and not set(PROMPT_TAGS) & set(benchmark.tags)
    if has_figure:
        parts.append(image(subtasks_png(result), f"{result.title} by subtask"))
    if len(result.subtasks) > 1 or len(result.metrics) > 1:
        parts.append(
            f"<details><summary>{len(result.subtasks)} subtasks as a table</summary>{_subtasks(result)}</details>"
        )
    parts.append(_samples(result, format, records))
    return "".join(parts)


def _published(result: BenchmarkResult) -> str:
    rows = published_rows(result)
    lines = [
        (score, f"<tr class=ours><td>{_e(name)}</td><td class=n>{score:.1f}</td><td></td></tr>")
        for name, score in our_rows(result)
    ]
    lines += [
        (row.score, f"<tr><td>{_e(row.model)}</td><td class=n>{row.score:.1f}</td><td>{_e(row.source)}</td></tr>")
        for row in rows
    ]
    body = "".join(line for _, line in sorted(lines, key=lambda line: -line[0]))
    said = "" if rows else "<p class=dim>No published row of this format and split.</p>"
    head = "<tr><th>model</th><th class=n>score</th><th>source</th></tr>"
    return (
        f"<div><h3>Beside what was published</h3><table><thead>{head}</thead><tbody>{body}</tbody></table>{said}</div>"
    )


def _groups(result: BenchmarkResult) -> str:
    if not result.groups:
        return ""
    header = ["group", "subtasks", "mean", "median", "middle half"]
    rows = []
    for name, g in result.groups.items():
        middle = f"{_percent(g.low_quartile)} to {_percent(g.high_quartile)}"
        cells = [_e(name), str(g.num_subtasks), _percent(g.mean), _percent(g.median), middle]
        rows.append(cells)
    return f"<div><h3>Groups</h3>{_table(header, rows, num_words=1)}</div>"


def _by_part(result: BenchmarkResult) -> str:
    parts, by_part = published_by_part(result)
    if not parts:
        return ""
    rows = [[_e(model), *("-" if s is None else f"{s:.1f}" for s in scores)] for model, scores in by_part]
    table = _table(["model", *parts], rows, num_words=1)
    return f"<details><summary>Published scores of {', '.join(_e(p) for p in parts)}</summary>{table}</details>"


def _subtasks(result: BenchmarkResult) -> str:
    names = list(result.metrics)
    rows = []
    for s in result.subtasks:
        words = [_e(s.name), _e(", ".join(s.groups)), f"{s.n:,} of {s.num_items:,}"]
        values = [_percent(s.chance), *(_percent(s.metrics[name]) for name in names)]
        rows.append([*words, *values, f"{_percent(s.low)} to {_percent(s.high)}"])
    header = ["subtask", "groups", "items", "chance", *names, f"interval of {names[0]}"]
    return _table(header, rows, num_words=2)


def _samples(result: BenchmarkResult, format: Format, records: Records) -> str:
    first: dict[str, Mapping[str, Any]] = {}
    for key in result.item_keys:
        first.setdefault(records[key]["subtask"], records[key])
    names = list(first)
    places = sorted({round(k * (len(names) - 1) / max(1, NUM_SAMPLES - 1)) for k in range(NUM_SAMPLES)})
    shown = "".join(_sample(first[names[place]], result, format) for place in places)
    return f"<h3>Samples <span class=dim>(the first item of its subtask, not picked)</span></h3>{shown}"


def _sample(record: Mapping[str, Any], result: BenchmarkResult, format: Format) -> str:
    score = record["scores"][result.metric]
    verdict = {1.0: "right", 0.0: "wrong"}.get(score, f"{score:.2f}")
    given = "no answer" if record["answer"] is None else f"answered “{_short(record['answer'])}”"
    head = f"{record['subtask']}, item {record['id']}: <b>{verdict}</b>, {_e(given)}"
    prompt = record["prompt"]
    left_out = len(prompt) - SHOWN_CHARACTERS
    start = f"<span class=dim>… {left_out:,} characters before, in journal.jsonl …</span>\n" if left_out > 0 else ""
    parts = [f"<pre dir=auto>{start}{_e(prompt[-SHOWN_CHARACTERS:])}</pre>"]
    if format.method == "rank":
        parts.append(_options(record))
    else:
        parts += [_output("reasoning", text["text"]) for text in record["reasoning"][:1]]
        shown = (record.get("ranking") or [0])[0]
        parts.append(_output("output", record["outputs"][shown]["text"]))
        if len(record["outputs"]) > 1:
            parts.append(_drawn(record, format))
        accepted = " | ".join(_short(r) for r in record["references"][:8])
        parts.append(f"<p>Extracted: <b>{_e(str(record['answer']))}</b>. Accepted: {_e(accepted) or '(judged)'}.</p>")
    scores = ", ".join(f"{name} {value:.2f}" for name, value in record["scores"].items())
    parts.append(f"<p class=dim>{_e(scores)}; {record['num_prompt_tokens']:,} prompt tokens.</p>")
    return f"<details><summary>{head}</summary>{''.join(parts)}</details>"


def _drawn(record: Mapping[str, Any], format: Format) -> str:
    """What became of several samples: votes, or their ranking."""
    answers = ["(none)" if answer is None else _short(answer) for answer in record["answers"]]
    if format.choose == "vote":
        tie = ", a tie: the answer given first counts" if record.get("is_tied") else ""
        return f"<p>{len(answers)} samples, their answers{tie}: {_e(', '.join(answers))}</p>"
    scores = [output["log_prob"] for output in record["outputs"]]
    lines = [f"<li>{_e(answers[i])} <span class=dim>({scores[i]:.1f} nats)</span></li>" for i in record["ranking"]]
    num_loops = len(answers) - len(lines)
    return f"<p>{len(answers)} samples by log-probability; {num_loops} dropped as loops:</p><ol>{''.join(lines)}</ol>"


def _options(record: Mapping[str, Any]) -> str:
    probabilities = record["option_probabilities"] or [None] * len(record["options"])
    rows = ""
    for i, (option, log_prob) in enumerate(zip(record["options"], record["option_log_probs"], strict=True)):
        mark = "<td class=right>right</td>" if i in record["correct"] else "<td></td>"
        value = "not a number" if log_prob is None else f"{log_prob:.3f}"
        share = "-" if probabilities[i] is None else _percent(probabilities[i])
        rows += f"<tr><td dir=auto>{_e(_short(option))}</td><td class=n>{value}</td><td class=n>{share}</td>{mark}</tr>"
    head = "<tr><th>option</th><th class=n>nats</th><th class=n>percent</th><th></th></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _output(name: str, text: str) -> str:
    return f"<p class=dim>{name}</p><pre dir=auto>{_e(text) or '<span class=dim>(nothing)</span>'}</pre>"


def _settings(results: SuiteResults, settings: Mapping[str, str]) -> str:
    rows = [
        *settings.items(),
        ("items a subtask", "all" if results.limit is None else f"at most {results.limit:,}"),
        ("seed", str(results.seed)),
        ("fingerprint of model and tokenizer", results.fingerprint),
        ("asked in this run", f"{results.num_asked:,} items in {results.secs:.1f} s"),
    ]
    for r in results.benchmarks:
        format = get_benchmark(r.benchmark).format(r.format)
        how = [format.method, f"{format.num_shots} exemplars" if format.num_shots else "", format.extract]
        how += [
            f"at most {format.max_tokens} tokens" if format.max_tokens else "",
            f"stop {list(format.stop)}" if format.stop else "",
        ]
        how += ["" if r.sampling is None else ", ".join(f"{name} {value}" for name, value in r.sampling.items())]
        rows.append((name_of(r), "; ".join(text for text in how if text)))
    body = "".join(f"<tr><td>{_e(name)}</td><td>{_e(value)}</td></tr>" for name, value in rows)
    return f"<h2>Settings</h2><div class=scroll><table><tbody>{body}</tbody></table></div>"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], num_words: int, caption: str = "") -> str:
    """Cells are HTML; columns after the first `num_words` hold numbers."""

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(f"<{tag}{' class=n' if i >= num_words else ''}>{cell}</{tag}>" for i, cell in enumerate(row))

    head = cells("th", [_e(name) for name in header])
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    told = f"<p class=dim>{_e(caption)}</p>" if caption else ""
    return f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{told}"


def _anchor(result: BenchmarkResult) -> str:
    return _e(f"{result.benchmark}-{result.published_format}-{result.split}")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 120 else f"{text[:119]}…"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _share(count: int, n: int) -> str:
    return f"{100 * count / n:.1f}% ({count:,})" if count else "0"


def _e(text: str) -> str:
    return html.escape(text)
