"""Items of a suite's page in full: the prompt's end, what was said or ranked, and what counts as right."""

from __future__ import annotations

import math
from collections.abc import Mapping

from flan_jax.declare.benchmark import Format, get_benchmark
from flan_jax.evaluate.results.eval_results import TaskResult
from flan_jax.evaluate.results.record import Record
from flan_jax.report.page import html, joined, table
from flan_jax.report.tables import percent

NUM_SAMPLES = 3  # of each benchmark and format
SHOWN_CHARACTERS = 1200  # of a prompt; its end is what is asked

Records = Mapping[str, Record]

__all__ = ["Records", "samples"]


def samples(result: TaskResult, records: Records) -> str:
    """NUM_SAMPLES of the result's items, spread over its subtasks, folded.

    Args: of a benchmark in a format; the journal's records, by key.
    """
    format = get_benchmark(result.benchmark).format(result.format)
    first: dict[str, Record] = {}
    for key in result.item_keys:
        first.setdefault(records[key].subtask, records[key])
    names = list(first)
    places = sorted({round(k * (len(names) - 1) / max(1, NUM_SAMPLES - 1)) for k in range(NUM_SAMPLES)})
    shown = joined(_sample(first[names[place]], result, format) for place in places)
    return html("<h3>Samples <span class=dim>(the first item of its subtask, not picked)</span></h3>{}", shown)


def _sample(record: Record, result: TaskResult, format: Format) -> str:
    score = record.scores[result.metric]
    verdict = {1.0: "right", 0.0: "wrong"}.get(score, f"{score:.2f}")
    given = "no answer" if record.answer is None else f"answered “{_short(record.answer)}”"
    head = html("{}, item {}: <b>{}</b>, {}", record.subtask, record.id, verdict, given)
    prompt = record.prompt
    left_out = len(prompt) - SHOWN_CHARACTERS
    before = html("<span class=dim>… {:,} characters before, in journal.jsonl …</span>\n", left_out)
    parts: list[str] = [html("<pre dir=auto>{}{}</pre>", before if left_out > 0 else "", prompt[-SHOWN_CHARACTERS:])]
    if format.method == "rank":
        parts.append(_options(record))
    else:
        parts += [_output("reasoning", text.text) for text in record.reasoning[:1]]
        shown = (record.ranking or (0,))[0]
        parts.append(_output("output", record.outputs[shown].text))
        if len(record.outputs) > 1:
            parts.append(_drawn(record, format))
        accepted = " | ".join(_short(r) for r in record.references[:8])
        parts.append(html("<p>Extracted: <b>{}</b>. Accepted: {}.</p>", record.answer, accepted or "(judged)"))
    scores = ", ".join(f"{name} {value:.2f}" for name, value in record.scores.items())
    parts.append(html("<p class=dim>{}; {:,} prompt tokens.</p>", scores, record.num_prompt_tokens))
    return html("<details><summary>{}</summary>{}</details>", head, joined(parts))


def _drawn(record: Record, format: Format) -> str:
    """What became of several samples: votes, or their ranking."""
    answers = ["(none)" if answer is None else _short(answer) for answer in record.answers]
    if format.choose == "vote":
        tie = ", a tie: the answer given first counts" if record.is_tied else ""
        return html("<p>{} samples, their answers{}: {}</p>", len(answers), tie, ", ".join(answers))
    scores = [output.log_prob for output in record.outputs]
    lines = [html("<li>{} <span class=dim>({:.1f} nats)</span></li>", answers[i], scores[i]) for i in record.ranking]
    num_loops = len(answers) - len(lines)
    counts = (len(answers), num_loops, joined(lines))
    return html("<p>{} samples by log-probability; {} dropped as loops:</p><ol>{}</ol>", *counts)


def _options(record: Record) -> str:
    shares = [percent(share) for share in record.option_probabilities] or ["-"] * len(record.options)
    rows = []
    for i, (option, log_prob) in enumerate(zip(record.options, record.option_log_probs, strict=True)):
        text = html("<div dir=auto>{}</div>", _short(option))
        mark = html("<span class=right>right</span>") if i in record.correct else ""
        value = f"{log_prob:.3f}" if math.isfinite(log_prob) else "not a number"
        rows.append((text, mark, value, shares[i]))
    return table(("option", "", "nats", "percent"), rows, num_words=2)


def _output(name: str, text: str) -> str:
    return html("<p class=dim>{}</p><pre dir=auto>{}</pre>", name, text or html("<span class=dim>(nothing)</span>"))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 120 else f"{text[:119]}…"
