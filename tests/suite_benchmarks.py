"""A made-up benchmark of nine questions, and a model that answers from a table, for tests above the runner."""

import dataclasses

from flan_jax.declare.benchmark import (
    Benchmark,
    Format,
    Prompt,
    Published,
    Question,
    Subtask,
)
from flan_jax.evaluate import Generated, Ranked

SIZES = {"red": 4, "green": 3, "blue": 2}


def read(subtask, split):
    """Question i of a subtask asks "SUBTASK i" and is answered by i; as a choice, option i % 3 is right."""
    return [
        Question(str(i), f"{subtask} {i}", (str(i),), ("zero", "one", "two"), (i % 3,)) for i in range(SIZES[subtask])
    ]


def open_prompts(subtask, split):
    def build(question):
        exemplars = tuple(f"shot {k} {subtask}\n\n" for k in range(3))
        options = tuple(f" {choice}" for choice in question.choices)
        return Prompt("Answer.\n\n", exemplars, question.text, question.references, options, question.correct, "prior")

    return build


FORMATS = (
    Format("direct", "rank", open_prompts, ("accuracy", "accuracy_pmi", "accuracy_per_byte")),
    Format("cot", "generate", open_prompts, ("equals",), extract="number", stop=("\n\n",), max_tokens=20, drop="last"),
    Format(
        "zero_shot_cot",
        "reason_then_answer",
        open_prompts,
        ("equals",),
        extract="first_number",
        max_tokens=20,
        answer_trigger="Therefore",
        answer_max_tokens=5,
    ),
)


def colours():
    """A benchmark of nine questions in three subtasks and two groups, of unequal sizes."""
    return Benchmark(
        name="colours",
        title="Colours",
        paper="nobody",
        downloads=(),
        read=read,
        subtasks=(
            Subtask("red", ("warm", "all"), 1 / 3),
            Subtask("green", ("cold", "all"), 1 / 3),
            Subtask("blue", ("cold", "all"), 1 / 3, baseline=0.0),
        ),
        splits=("test", "other"),
        formats=FORMATS,
        published=(Published("giant", "cot", "test", 90.0, "a paper"), Published("giant", "cot+sc", "test", 95.0, "x")),
    )


class Stopped(Exception):
    """The kill."""


@dataclasses.dataclass
class TableModel:
    """Answers by the question at the prompt's end: `say(question, sample)` and `like(question)`; counts words."""

    say: object = lambda question, sample: f"The answer is {question.split()[-1]}."
    like: object = lambda question: (0.0, -1.0, -2.0)
    longest: int = 1000
    stop_after: int = 10**9
    fingerprint: str = "table"
    name: str = "table model"
    asked: list = dataclasses.field(default_factory=list)

    def count_tokens(self, prompts):
        return [len(prompt.split()) for prompt in prompts]

    def longest_prompt(self, num_new_tokens):
        return self.longest

    def generate(self, requests):
        for position in reversed(range(len(requests))):
            request = requests[position]
            self._count(request)
            samples = 1 if request.sampling is None else request.sampling.num_samples
            question = request.query.partition("\n")[0]
            if "Therefore" in request.query:
                texts = [f" {request.query.partition('reasoned ')[2].split()[0]}"]
            else:
                texts = [self.say(question, k) for k in range(samples)]
            yield position, tuple(Generated(text, -1.0, len(text.split()), True) for text in texts)

    def rank(self, requests):
        for position, request in enumerate(requests):
            self._count(request)
            scores = (-1.0, -1.0, -1.0) if request.prompt == "prior" else self.like(request.query)
            yield position, Ranked(tuple(scores), (1,) * len(scores))

    def _count(self, request):
        if len(self.asked) == self.stop_after:
            raise Stopped
        self.asked.append(request)
