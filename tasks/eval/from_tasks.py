"""Benchmarks made of registered tasks: their rows as the tasks render them, one subtask a task."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import Format, Prompt, PromptBuilder, Question
from flan_jax.declare.task import Task
from flan_jax.tasks.eval.formats import Opener, multiple_choice, short_answer

FindTask = Callable[[str, str], Task]  # (subtask, format) -> the task that renders its rows

__all__ = ["FindTask", "generated_format", "questions", "ranked_format"]


def questions(task: Task, split: str) -> Sequence[Question]:
    """The rows of `split` as `task` renders them. A question's `fields` hold the preamble and, as JSON, the exemplars,
    their groups, and which part of a prompt stays that is too long.

    Raises `TaskError` for a split that the task's source does not have.
    """
    found = []
    for index, rendered in task.rendered(split):
        references = rendered.references or (rendered.targets,)
        correct = tuple(i for i, option in enumerate(rendered.options) if option in references)
        fields = {"preamble": rendered.preamble, "exemplars": json.dumps(rendered.exemplars)}
        fields |= {"groups": json.dumps(rendered.groups), "keeps": rendered.keeps}
        place = f"row {index} of {task.name}"
        found.append(Question(str(index), rendered.query, references, rendered.options, correct, fields, place))
    return tuple(found)


def ranked_format(name: str, find: FindTask, num_shots: int = 0, description: str = "") -> Format:
    """The likeliest of each row's options, with the end of sequence after it (some begin alike)."""
    open_ = _opened(name, find, _ranked)
    return multiple_choice(open_, description, name=name, num_shots=num_shots, option_end="eos")


def generated_format(
    name: str, find: FindTask, metrics: tuple[str, ...], max_tokens: int, num_shots: int = 0, description: str = ""
) -> Format:
    """A greedy answer to each row, scored as the task's metrics do."""
    return short_answer(
        _opened(name, find, _generated),
        "whole_text",
        description,
        name=name,
        metrics=metrics,
        stop=(),
        max_tokens=max_tokens,
        num_shots=num_shots,
    )


def _opened(name: str, find: FindTask, build: Callable[[Task, Question], Prompt]) -> Opener:
    def open_(subtask: str, split: str) -> PromptBuilder:
        task = find(subtask, name)
        rendered = {question.id: question for question in questions(task, split)}
        return lambda question: build(task, rendered[question.id])

    return open_


def _ranked(task: Task, question: Question) -> Prompt:
    if not question.correct:
        raise TaskError(
            f"{task.name}, row {question.id}: none of the options {', '.join(question.choices) or '(there are none)'} "
            f"is an accepted answer ({', '.join(question.references)}), so that no ranking could be right"
        )
    space = "" if question.text[-1:].isspace() else " "
    options = tuple(space + choice for choice in question.choices)
    return _prompt(question, options)


def _generated(task: Task, question: Question) -> Prompt:
    return _prompt(question, ())


def _prompt(question: Question, options: tuple[str, ...]) -> Prompt:
    exemplars = tuple(json.loads(question.fields["exemplars"]))
    return Prompt(
        question.fields["preamble"],
        exemplars,
        question.text,
        question.references,
        options,
        question.correct if options else (),
        groups=tuple(json.loads(question.fields["groups"])),
        keeps="start" if question.fields["keeps"] == "start" else "end",
    )
