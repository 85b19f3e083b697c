"""What the campaign's runs train and are judged on: a module as a user writes one, rows in JSON Lines.

`add_rows` writes the files, so that a trial can damage them.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib

from flan_jax.declare import Member, Mixture, Task, add_benchmark, add_mixture, add_task, register_metric
from flan_jax.declare.benchmark import Benchmark, Format, Prompt, Question, Subtask
from flan_jax.declare.example import Rendered
from flan_jax.sources import JsonlSource

WORDS = "red green blue one two three apple pear plum north south".split()
TRAIN, SELECT, REPORT, BENCHMARK = ("fault_after", "fault_before"), "fault_between", "fault_again", "fault_questions"
NUM_ROWS = 24
SALT = 12  # by which the rule picks step 4 of 8, and step 12 of 12

__all__ = ["BENCHMARK", "REPORT", "SELECT", "TRAIN", "add_rows"]


def add_rows(folder: pathlib.Path) -> None:
    """Writes every task's rows below a data folder."""
    for number, name in enumerate((*TRAIN, SELECT, REPORT)):
        (folder / name).mkdir(parents=True)
        for split in ("train", "validation"):
            rows = [
                {"a": WORDS[i % 11], "b": WORDS[((number + 2) * i + 1) % 11], "times": i % 5} for i in range(NUM_ROWS)
            ]
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / name / f"{split}.jsonl").write_text(text)


def _lot(options, correct):
    """Another weight anywhere is another score: by it steps are told apart that have learnt nothing yet."""
    return int(hashlib.sha256(f"{SALT} {options.log_probs}".encode()).hexdigest()[:4], 16) / 0xFFFF


def render(row, rng, pool):
    """One example; what `calls.Call` kills a cache in."""
    text = f"Say {row['b']} after {row['a']}{' again' * row['times']}:"
    return Rendered(text, row["b"], options=(row["a"], row["b"]))


def _render(row, rng, pool):
    return render(row, rng, pool)


def _read(subtask, split):
    return [Question(str(i), f"{subtask} {i}", (WORDS[i % 3],), WORDS[:3], (i % 3,)) for i in range(6)]


def _open(subtask, split):
    def build(question):
        options = tuple(f" {choice}" for choice in question.choices)
        return Prompt("Answer.\n\n", (), question.text, question.references, options, question.correct, "prior")

    return build


register_metric("fault_lot", "options", _lot, "a number drawn by the likelihoods")
_metrics = dict.fromkeys((*TRAIN, REPORT), ("exact_match",)) | {SELECT: ("fault_lot",)}
for _number, _name in enumerate((*TRAIN, SELECT, REPORT)):
    _files = {split: f"{_name}/{split}.jsonl" for split in ("train", "validation")}
    _source = JsonlSource(_files, fields=("a", "b", "times"))
    add_task(Task(_name, f"fault_cluster_{_number}", _source, _render, _metrics[_name]))
add_mixture(Mixture("fault_mixture", tuple(Member(name) for name in TRAIN)))
add_benchmark(
    Benchmark(
        name=BENCHMARK,
        title="Questions",
        paper="nobody",
        downloads=(),
        read=_read,
        subtasks=(Subtask("first", (), 1 / 3), Subtask("second", (), 1 / 3)),
        formats=(
            Format("rank", "rank", _open, ("accuracy",)),
            Format("generate", "generate", _open, ("exact_match",), extract="first_line", max_tokens=3),
        ),
        splits=("test",),
    )
)

if os.environ.get("FAULTS_CALL", "").startswith("faults.tiny_tasks:"):  # the cache's process imports this module
    from faults.calls import Call

    Call.parse(os.environ["FAULTS_CALL"]).arm(globals())
