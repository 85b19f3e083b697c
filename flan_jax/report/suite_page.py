"""A suite's results as one HTML file without links: tables, figures, samples, settings, and what to be wary of."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence

from flan_jax.core.disk import write_text_atomically
from flan_jax.declare.benchmark import get_benchmark
from flan_jax.evaluate.aggregates.best_template import BestTemplate
from flan_jax.evaluate.aggregates.calibration import Calibration, calibration
from flan_jax.evaluate.results.eval_results import EvalResults, GroupResult, SubtaskResult, TaskResult
from flan_jax.evaluate.results.record import Record
from flan_jax.report.page import html, joined, page, picture, table
from flan_jax.report.published import (
    about,
    our_rows,
    published_by_part,
    published_by_scorer,
    published_cells,
    published_rows,
)
from flan_jax.report.suite_figures import (
    calibration_png,
    formats_png,
    name_of,
    overview_png,
    spread_png,
    subtasks_png,
)
from flan_jax.report.suite_samples import Records, samples
from flan_jax.report.tables import percent, percent_interval, share

REPORT = "report.html"
# Tags of benchmarks whose subtasks are one data set's prompts -> what such a prompt is called.
PROMPT_TAGS = {"t0": "prompt", "flan2021": "template"}
# Counts of items that are shown as rates.
_COUNTS = {
    "num_prompts_shortened": "lost exemplars",
    "num_trimmed": "lost start",
    "num_not_finite": "not a number",
    "num_unknown": "unknown",
    "num_unwritable": "not to be written",
    "num_too_long": "answer too long",
}
_DIRECT, _THOUGHT = ("direct", "generate"), ("cot", "zero_shot_cot")

__all__ = ["REPORT", "to_html", "write_html"]


def write_html(
    folder: pathlib.Path,
    results: EvalResults,
    records: Records,
    settings: Mapping[str, str],
    best: Sequence[BestTemplate] = (),
) -> pathlib.Path:
    """Writes `report.html` in `folder`, whole or not at all, and returns its path. Arguments: see `to_html`.

    Args:
      folder: where it is written.
      results: the scores.
      records: the answered items.
      settings: name -> value, as the page shows them.
      best: each data set's best template; none for no such table.
    """
    write_text_atomically(folder / REPORT, to_html(results, records, settings, best))
    return folder / REPORT


def to_html(
    results: EvalResults, records: Records, settings: Mapping[str, str], best: Sequence[BestTemplate] = ()
) -> str:
    """The page.

    Args:
      results: of `run_suite`.
      records: the journal's, by key.
      settings: name -> value, of how the model was asked.
      best: templates picked on the development set; shown where there are any.
    """
    listed = results.benchmarks
    links = joined((html('<a href="#{}">{}</a>', _anchor(r), name_of(r)) for r in listed), " ")
    notes = [html("<p class=note>{}</p>", note) for note in results.notes]
    if results.limit is not None:
        notes.append(
            html(
                "<p>A sample: at most {:,} items a subtask, drawn by seed {}. Where all items of a small sample score "
                "alike, resampling sees no spread, and the interval is too narrow.</p>",
                results.limit,
                results.seed,
            )
        )
    average = results.flan_normalised_average
    if average is not None:
        notes.append(
            html(
                "<p>Normalised average of the six scores of Chung et al. 2022: <b>{}</b> (its lower bounds were "
                "fitted, they are not the paper's).</p>",
                percent(average),
            )
        )
    body = [
        html("<h1>{}</h1>{}<nav>{}</nav>", results.model, joined(notes), links),
        html("<h2>Scores</h2>"),
        _overview(listed),
        picture(overview_png(listed), "scores by benchmark"),
        _format_pairs(listed),
        _spread(listed),
        _best(best),
        _calibration(listed, records),
        html("<h2>What went wrong</h2>"),
        _rates(listed),
        *(_section(result, records) for result in listed),
        _settings(results, settings),
    ]
    return page(f"{results.model}: benchmarks", body)


def _overview(listed: Sequence[TaskResult]) -> str:
    rows = []
    for r in listed:
        published = published_rows(r)
        best = f"{published[0].model}: {published[0].score:.1f}" if published else "-"
        cut = f" of {r.num_examples:,}" if r.n < r.num_examples else " (not all items)"
        items = f"{r.n:,}" + ("" if r.is_complete else cut)
        link = html('<a href="#{}">{}</a>', _anchor(r), r.title)
        interval = percent_interval(r.score, r.low, r.high)
        words = [link, r.published_format, r.split, r.metric]
        rows.append([*words, items, percent(r.chance), interval, best])
    header = ["benchmark", "format", "split", "metric", "items", "chance", "score", "best published"]
    caption = "Percent. Scores are unweighted means over subtasks, with 95% bootstrap intervals."
    return table(header, rows, num_words=4, caption=caption)


def _format_pairs(listed: Sequence[TaskResult]) -> str:
    pairs = []
    for name in dict.fromkeys(r.benchmark for r in listed):
        mine = [r for r in listed if r.benchmark == name]
        direct = next((r for r in mine if r.format in _DIRECT), None)
        thought = next((r for r in mine if r.format in _THOUGHT), None)
        if direct and thought:
            pairs.append((direct, thought))
    if not pairs:
        return ""
    shown = picture(formats_png(pairs), "chain of thought against direct")
    return html("<h2>Chain of thought and direct answers</h2>{}", shown)


def _spread(listed: Sequence[TaskResult]) -> str:
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
            cells.append([name, str(g.num_subtasks), *(percent(value) for value in values)])
        header = ["data set", f"{what}s", "mean", "median", "lower quartile", "upper quartile", "middle half's width"]
        shown = picture(spread_png(rows, chances, what), f"spread over {what}s")
        parts.append(html("<h2>Spread over {}s</h2>{}{}", what, shown, table(header, cells, num_words=1)))
    return joined(parts)


def _datasets(result: TaskResult, tag: str) -> dict[str, list[SubtaskResult]]:
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
        [b.dataset, b.subtask, str(b.num_templates)]
        + [percent(value) for value in (b.development_score, b.test_score, b.mean_score)]
        for b in best
    ]
    header = ["data set", "template", "of", "development", "test", "mean over templates, test"]
    caption = "The template that is best on the development set, and what it scores on the test set (Wei et al. 2022)."
    return html("<h2>Best template</h2>{}", table(header, rows, num_words=2, caption=caption))


def _calibration(listed: Sequence[TaskResult], records: Records) -> str:
    found = []
    for result in listed:
        curve = ranked_calibration([records[key] for key in result.item_keys])
        if curve is not None and get_benchmark(result.benchmark).format(result.format).aggregate == "mean":
            found.append((name_of(result), curve))
    if not found:
        return ""
    lines = "; ".join(f"{name} {percent(c.expected_error)} of {c.num_items:,} items" for name, c in found)
    return html(
        "<h2>Calibration of ranked options</h2>{}<p class=dim>Confidence: the likeliest option's share of the options' "
        "joint probability (summed log-likelihoods). ECE: expected calibration error over 10 bins (Guo et al. 2017), "
        "percent: {}.</p>",
        picture(calibration_png(found), "reliability diagrams"),
        lines,
    )


def ranked_calibration(records: Sequence[Record]) -> Calibration | None:
    """Of items whose options were ranked and have finite log-likelihoods; None where there are none."""
    asked = [r for r in records if r.option_probabilities]
    if not asked:
        return None
    likeliest = [r.option_probabilities.index(max(r.option_probabilities)) for r in asked]
    confidences = [min(1.0, r.option_probabilities[i]) for r, i in zip(asked, likeliest, strict=True)]
    return calibration(confidences, [i in r.correct for r, i in zip(asked, likeliest, strict=True)])


def _rates(listed: Sequence[TaskResult]) -> str:
    rows = []
    for r in listed:
        n = r.n
        is_ranked = get_benchmark(r.benchmark).format(r.format).method == "rank"
        num_outputs = n * (1 if r.sampling is None else r.sampling["num_samples"])
        generated = ["-", "-"]
        if not is_ranked:
            generated = [_share(r.num_unextracted, n), _share(r.num_unfinished, num_outputs)]
        prompts = [_share(getattr(r, name), n) for name in _COUNTS]
        tokens = [f"{getattr(r, name):,}" for name in ("num_prompt_tokens", "num_generated_tokens")]
        rows.append([name_of(r), f"{n:,}", *generated, *prompts, *tokens])
    header = ["benchmark", "items", "no answer", "cut at limit", *_COUNTS.values()]
    caption = (
        "No answer: nothing could be extracted, scored wrong. Cut at limit: the generation did not end by itself. Lost "
        "exemplars: the prompt was longer than the model and had some taken out. Lost start: too long without any. Not "
        "a number: a log-probability was NaN or infinite; ranked options are then scored wrong. Unknown: the question "
        "holds what the vocabulary has no piece for. Not to be written: nor has it any for the answer."
    )
    return table([*header, "prompt tokens", "answer tokens"], rows, num_words=1, caption=caption)


def _section(result: TaskResult, records: Records) -> str:
    benchmark = get_benchmark(result.benchmark)
    heading = (_anchor(result), result.title, f"{name_of(result)}, {result.split}")
    parts = [
        html('<h2 id="{}">{} <span class=dim>{}</span></h2>', *heading),
        html("<p>{}</p><div class=side>{}{}</div>", about(result), _published(result), _groups(result)),
        _by_part(result),
    ]
    has_figure = len(result.subtasks) > 1 and not set(PROMPT_TAGS) & set(benchmark.tags)
    if has_figure:
        parts.append(picture(subtasks_png(result), f"{result.title} by subtask"))
    if len(result.subtasks) > 1 or len(result.metrics) > 1:
        shown = (len(result.subtasks), _subtasks(result))
        parts.append(html("<details><summary>{} subtasks as a table</summary>{}</details>", *shown))
    parts.append(samples(result, records))
    return joined(parts)


def _published(result: TaskResult) -> str:
    published = published_rows(result)
    scored = [(score, "ours", name, "") for name, score in our_rows(result)]
    scored += [(row.score, "", row.model, row.source) for row in published]
    scored.sort(key=lambda entry: -entry[0])
    rows = [(name, source, f"{score:.1f}") for score, _, name, source in scored]
    shown = table(("model", "source", "score"), rows, num_words=2, classes=[kind for _, kind, *_ in scored])
    said = "" if published else html("<p class=dim>No published row of this format and split.</p>")
    return html("<div><h3>Beside what was published</h3>{}{}</div>", shown, said)


def _groups(result: TaskResult) -> str:
    if not result.groups:
        return ""
    header = ["group", "subtasks", "mean", "median", "middle half"]
    rows = []
    for name, g in result.groups.items():
        middle = f"{percent(g.low_quartile)} to {percent(g.high_quartile)}"
        cells = [name, str(g.num_subtasks), percent(g.mean), percent(g.median), middle]
        rows.append(cells)
    return html("<div><h3>Groups</h3>{}</div>", table(header, rows, num_words=1))


def _by_part(result: TaskResult) -> str:
    found = []
    parts, by_part = published_by_part(result)
    if parts:
        found.append((f"Published scores of {', '.join(parts)}", parts, by_part))
    for scorer, (parts, by_part) in published_by_scorer(result).items():
        found.append((f"Published scores by {scorer}, which ours cannot be compared with", parts, by_part))
    return joined(
        html(
            "<details><summary>{}</summary>{}</details>",
            title,
            table(["model", *parts], published_cells(by_part), num_words=1),
        )
        for title, parts, by_part in found
    )


def _subtasks(result: TaskResult) -> str:
    names = list(result.metrics)
    rows = []
    for s in result.subtasks:
        words = [s.name, ", ".join(s.groups), f"{s.n:,} of {s.num_examples:,}"]
        values = [percent(s.chance), *(percent(s.metrics[name]) for name in names)]
        rows.append([*words, *values, f"{percent(s.low)} to {percent(s.high)}"])
    header = ["subtask", "groups", "items", "chance", *names, f"interval of {names[0]}"]
    return table(header, rows, num_words=2)


def _settings(results: EvalResults, settings: Mapping[str, str]) -> str:
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
    return html("<h2>Settings</h2>{}", table((), rows, num_words=2))


def _anchor(result: TaskResult) -> str:
    return f"{result.benchmark}-{result.published_format}-{result.split}"


def _share(count: int, total: int) -> str:
    return f"{share(count, total, num_decimals=1)} ({count:,})" if count else "0"
