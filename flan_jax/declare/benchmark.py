"""What a benchmark is: questions, how each format asks them, and which names of `flan_jax.evaluate` read the answers.

A benchmark is declared in one file under `tasks/eval/` and registered by `add_benchmark`. Nothing is read before a
split's questions are asked for. The steps are kept apart: `Benchmark.read` reads questions from the data folder,
`Format.open` reads exemplars and returns a pure function from a question to a `Prompt`, and everything that happens to
the model's answer (extraction, votes, scores, averages) is named here and done in `flan_jax.evaluate`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal, TypeVar

from flan_jax.core.errors import TaskError, did_you_mean, some_of
from flan_jax.core.settings import Above, AtLeast, AtMost, Below, Natural, Positive, SlipAbove, settle
from flan_jax.declare.example import has_empty_option
from flan_jax.declare.metric import metric_names
from flan_jax.declare.names import ByName
from flan_jax.sources.data_dir import Download
from flan_jax.sources.fields import FieldError, check_are_texts, check_is_text

Method = Literal["rank", "generate", "reason_then_answer"]
_Value = TypeVar("_Value")

__all__ = [
    "BENCHMARKS",
    "COLLECTIONS",
    "Benchmark",
    "Format",
    "Item",
    "Method",
    "Prompt",
    "PromptBuilder",
    "Published",
    "Question",
    "SampleSettings",
    "Subtask",
    "add_benchmark",
    "add_collection",
    "get_benchmark",
    "items",
    "resolve",
]


@dataclasses.dataclass(frozen=True)
class Question:
    """One question of a split, whichever way it will be asked.

    Attributes:
      id: unique in its subtask and split, the same for ever: the row's number or the data's own id.
      text: the question.
      references: accepted answers as text.
      choices: texts of the answer options, in order; empty for free-form questions.
      correct: positions in `choices` that are right.
      fields: further texts (a passage, a title) that formats may show.
      place: its file and line, for messages; "" where it is not known.
    """

    id: str
    text: str
    references: tuple[str, ...]
    choices: tuple[str, ...] = ()
    correct: tuple[int, ...] = ()
    fields: Mapping[str, str] = dataclasses.field(default_factory=dict)
    place: str = ""

    def __post_init__(self) -> None:
        for name in ("references", "choices", "correct"):
            if not isinstance(getattr(self, name), (tuple, list)):
                raise TaskError(f"question {self.id}: {name} is {getattr(self, name)!r:.60}: give a tuple, as (0,)")


@dataclasses.dataclass(frozen=True)
class Prompt:
    """A question as one format asks it. The model reads `preamble + exemplars + query`.

    Attributes:
      preamble: kept however short the model's input is.
      exemplars: worked questions, each with its separator at its end; dropped one by one where the prompt is too long.
      query: the question itself, which ends where the model's answer begins.
      references: accepted answers, in the form that the format's extractor returns.
      options: continuations to rank, each with its leading space where it has one; for method "rank" only.
      correct: positions in `options` that are right.
      unconditional: the prompt that the options' prior is measured after, for ranking by mutual information.
      extract: an extractor for this question in place of the format's, as languages may need; "" for the format's.
      wrong: answers known to be wrong, for metrics that compare with both kinds.
      groups: sizes of groups of exemplars, as in `flan_jax.declare.example.Rendered`; () for one.
      keeps: which part stays of a prompt that is too long without exemplars, its "end" or its "start".
    """

    preamble: str
    exemplars: tuple[str, ...]
    query: str
    references: tuple[str, ...]
    options: tuple[str, ...] = ()
    correct: tuple[int, ...] = ()
    unconditional: str = ""
    extract: str = ""
    wrong: tuple[str, ...] = ()
    groups: tuple[int, ...] = ()
    keeps: Literal["start", "end"] = "end"

    def check_is_text(self) -> None:
        """Raises `FieldError` for a part that is no text, or no tuple of texts, such as one text as references."""
        for name in ("preamble", "query", "unconditional"):
            check_is_text(getattr(self, name), name)
        for name in ("exemplars", "references", "options", "wrong"):
            check_are_texts(getattr(self, name), name)


PromptBuilder = Callable[[Question], Prompt]


@dataclasses.dataclass(frozen=True)
class SampleSettings:
    """How a benchmark's generations are drawn: `num_samples` of each prompt at `temperature` from the `top_k` likeliest
    tokens (0 for all), and of these from the likeliest whose probabilities sum to `top_p`. Several samples are put to
    a majority vote over their extracted answers (self-consistency, Wang et al. 2022: 40 samples, PaLM at temperature
    0.7 and top-k 40). `evaluate.on_mesh.method_of` makes a model's `decode.Sampling` of it."""

    num_samples: Annotated[int, AtLeast(1), SlipAbove(2**20)] = 40
    temperature: Annotated[Positive, "or ask greedily"] = 0.7
    top_k: Annotated[Natural, "where 0 keeps all tokens"] = 40
    top_p: Annotated[float, Above(0), AtMost(1), "where 1 keeps all tokens"] = 1.0

    def __post_init__(self) -> None:
        settle(self, TaskError)


@dataclasses.dataclass(frozen=True)
class Format:
    """One way to ask a benchmark's questions.

    Attributes:
      name: "direct", "generate", "cot", "zero_shot_cot", "cloze", …
      method: "rank": the likeliest option. "generate": the answer is extracted from one generation.
        "reason_then_answer": two generations, Kojima et al. 2022: reasoning, then, after prompt, reasoning and
        `answer_trigger`, the answer.
      open: `open(subtask, split)` reads the format's exemplars and returns the pure prompt builder.
      metrics: names in `flan_jax.evaluate.metrics`, or functions of a text and its references; the first is the
        headline.
      extract: name in `flan_jax.evaluate.extract.EXTRACTORS` (not for "rank").
      stop: generation ends before the first of these texts.
      max_tokens: most tokens of a generation.
      answer_trigger, answer_max_tokens: of the second generation of "reason_then_answer".
      drop: which exemplar goes first where a prompt is too long.
      option_end: "open": an option's score is that of its own tokens. "eos": with the end of sequence after it, which
        tells options apart that begin alike.
      num_shots: exemplars that `open` gives, for the record.
      sampling: how this format draws (for sets of continuations) unless the run says otherwise; None for greedy.
      choose: which of several samples is the answer: the extracted answer that most of them "vote" for, or the
        "likeliest" sample that is no repetition loop (Chung et al. 2022, section 6).
      aggregate: a subtask's score from its items' scores: their "mean", or the area under the "roc" curve (AUC) of the
        first metric as a detector of the items whose first option is right.
      description: one sentence for tables and docs.
    """

    name: str
    method: Method
    open: Callable[[str, str], PromptBuilder]
    metrics: tuple[str, ...]
    extract: str = ""
    stop: tuple[str, ...] = ()
    max_tokens: int = 0
    answer_trigger: str = ""
    answer_max_tokens: int = 32
    drop: Literal["first", "last"] = "first"
    option_end: Literal["open", "eos"] = "open"
    num_shots: int = 0
    sampling: SampleSettings | None = None
    choose: Literal["vote", "likeliest"] = "vote"
    aggregate: Literal["mean", "roc"] = "mean"
    description: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", metric_names(self.metrics))
        if self.aggregate == "roc" and (self.method != "rank" or len(self.metrics) != 1):
            raise TaskError(f"format {self.name}: a ROC curve is of one metric of ranked options; use the mean")
        if not self.metrics:
            raise TaskError(f"format {self.name} names no metric: give at least one")
        if self.method == "rank":
            return
        if self.max_tokens < 1:
            raise TaskError(f"format {self.name} generates {self.max_tokens} tokens: give max_tokens, at least 1")
        if not self.extract:
            raise TaskError(f"format {self.name} generates but has no extractor: name one, as 'whole_text'")
        if (self.method == "reason_then_answer") != bool(self.answer_trigger):
            raise TaskError(
                f"format {self.name}: an answer_trigger goes with method reason_then_answer, and only there"
            )


@dataclasses.dataclass(frozen=True)
class Subtask:
    """A part with a score of its own: a subject, a language, a task.

    groups: names of the averages it belongs to. chance: the score of guessing, in [0, 1]; 0 where the answer is free,
    or where it follows from the options that are ranked (`evaluate.aggregates.chance`). baseline: what normalised
    averages count as 0 where that is not chance; None for chance. parent: the task that it is a variant of, for
    counting. num_published: split -> questions that were published, so that a file that was cut is told from a whole
    one; a split whose number is not known has no entry.
    """

    name: str
    groups: tuple[str, ...] = ()
    chance: Annotated[float, AtLeast(0), Below(1)] = 0.0
    baseline: Annotated[float, AtLeast(0), Below(1)] | None = None
    parent: str = ""
    num_published: Mapping[str, Annotated[int, AtLeast(1)]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        settle(self, TaskError, of=f"subtask {self.name}: ")


@dataclasses.dataclass(frozen=True)
class Published:
    """A published score, in percent, to stand beside ours.

    format: the nearest format's name; with "+sc" after it for self-consistency. group: the average or subtask that it
    is the score of; "" for the whole benchmark. source: where it is printed. scorer: what judged the answers, where
    that is not the format's own metric: such scores are shown in a table of their own, never beside ours.
    """

    model: str
    format: str
    split: str
    score: float
    source: str
    group: str = ""
    scorer: str = ""


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """A registered evaluation.

    Attributes:
      name: what `--suite` and EVAL_SUITE call it.
      title, paper: for tables.
      downloads: what has to be on disk, each with where to get it.
      read: `read(subtask, split)` -> questions. Raises `TaskError` with what to download, or with file and line.
      subtasks: in reporting order; the score of the whole is their unweighted mean.
      splits: names; the first is the default, the one that the paper reports.
      formats: by name, in order; the first is the default.
      published: rows beside which results are shown.
      note: what a reader of the table has to know.
      tags: words to select benchmarks by ("reasoning", "knowledge", …).
      left_out: `left_out(subtasks, split)` -> reason -> rows of the subtasks' data that are no questions, which the
        results have to say; None where all rows are.
    """

    name: str
    title: str
    paper: str
    downloads: tuple[Download, ...]
    read: Callable[[str, str], Sequence[Question]]
    subtasks: tuple[Subtask, ...]
    splits: tuple[str, ...]
    formats: tuple[Format, ...]
    published: tuple[Published, ...] = ()
    note: str = ""
    tags: tuple[str, ...] = ()
    left_out: Callable[[Sequence[str], str], Mapping[str, int]] | None = None

    def __post_init__(self) -> None:
        for subtask in self.subtasks:
            for split in subtask.num_published:
                if split not in self.splits:
                    raise TaskError(
                        f"subtask {subtask.name} of benchmark {self.name} says how many questions split {split!r} has: "
                        f"the benchmark's splits are {', '.join(self.splits)}"
                    )
        for what, names in (
            ("subtask", [s.name for s in self.subtasks]),
            ("split", list(self.splits)),
            ("format", [f.name for f in self.formats]),
        ):
            if not names:
                raise TaskError(f"benchmark {self.name} has no {what}: give at least one")
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise TaskError(f"benchmark {self.name} has {what} {', '.join(twice)} twice: rename one")

    def format(self, name: str) -> Format:
        """The format called `name`. Raises `TaskError` that names the others."""
        return _named(
            name, {f.name: f for f in self.formats}, f"{self.name}:{name}: benchmark {self.name} has no format"
        )

    def subtask(self, name: str) -> Subtask:
        """The subtask called `name`. Raises `TaskError` that names the nearest."""
        return _named(name, {s.name: s for s in self.subtasks}, f"benchmark {self.name} has no subtask")

    def split(self, name: str | None) -> str:
        """`name`, or the default split for None. Raises `TaskError` for one that is not there."""
        return _named(name or self.splits[0], {s: s for s in self.splits}, f"benchmark {self.name} has no split")

    def groups(self) -> dict[str, tuple[str, ...]]:
        """Group -> its subtasks' names, both in order of `subtasks`."""
        members: dict[str, list[str]] = {}
        for subtask in self.subtasks:
            for group in subtask.groups:
                members.setdefault(group, []).append(subtask.name)
        return {group: tuple(names) for group, names in members.items()}


@dataclasses.dataclass(frozen=True)
class Item:
    """One question, ready to be asked: what a runner works on. has_empty_option: whether one of its answer options is
    empty, which ranking could not score and a prompt may list. place: as in `Question`."""

    benchmark: str
    subtask: str
    split: str
    format: str
    id: str
    prompt: Prompt
    has_empty_option: bool = False
    place: str = ""

    @property
    def title(self) -> str:
        """Subtask, number and, where it is known, the place, for messages."""
        return f"{self.subtask}/{self.id}" + (f" at {self.place}" if self.place else "")


BENCHMARKS: ByName[Benchmark] = ByName("benchmark")
# Name -> (benchmark, format) pairs that are run together, as `--suite NAME`.
COLLECTIONS: ByName[tuple[tuple[str, str], ...]] = ByName("collection")


def add_benchmark(benchmark: Benchmark, *, replace: bool = False) -> Benchmark:
    """Registers `benchmark`, in place of one of that name if `replace`, and returns it. Raises `TaskError` for a name
    that is taken."""
    # The same object again is no other benchmark: a module may be run twice.
    return BENCHMARKS.add(benchmark.name, benchmark, replace=replace or BENCHMARKS.get(benchmark.name) is benchmark)


def get_benchmark(name: str) -> Benchmark:
    """The benchmark called `name` (after `import flan_jax.tasks`). Raises `TaskError` that suggests the nearest."""
    if name not in BENCHMARKS:
        known = [*COLLECTIONS, *BENCHMARKS]
        raise TaskError(
            f"no benchmark is called {name!r}{did_you_mean(name, known) or '.'} Import the module that registers it "
            f"(`flan-jax eval --module MODULE`, MIXTURE_OR_TASK_MODULE in a recipe); `flan-jax eval --list` shows the "
            f"others, such as {some_of(known)}"
        )
    return BENCHMARKS[name]


def add_collection(name: str, members: Sequence[tuple[str, str]], *, replace: bool = False) -> None:
    """Registers (benchmark, format) pairs under a name that `resolve` knows, in place of a collection of that name if
    `replace`. Raises `TaskError` for a name in use."""
    if name in BENCHMARKS:
        raise TaskError(f"a benchmark called {name} is already registered: choose another name for the collection")
    for benchmark, format in members:
        get_benchmark(benchmark).format(format)
    COLLECTIONS.add(name, tuple(members), replace=replace)


def resolve(names: Sequence[str], format: str | None = None) -> list[tuple[Benchmark, Format]]:
    """What is to be run for benchmark and collection names, in their order, each pair once.

    Args:
      names: of benchmarks, of collections, or "BENCHMARK:FORMAT".
      format: asks every benchmark named in this format; None for the collections' own, and each benchmark's first.

    Raises `TaskError` for no name, an unknown one, a benchmark that has no such format, and a name with another format
    of its own than `format`.
    """
    if not names:
        raise TaskError(f"no benchmark to run: name one of {some_of([*COLLECTIONS, *BENCHMARKS])}")
    pairs: dict[tuple[str, str], tuple[Benchmark, Format]] = {}
    for name in names:
        benchmark_name, _, own_format = name.partition(":")
        if not benchmark_name:
            raise TaskError(
                f"--suite {name!r} names no benchmark: give NAME or NAME:FORMAT, such as {some_of(list(BENCHMARKS))}"
            )
        if name in COLLECTIONS:
            members = COLLECTIONS[name]
        else:
            members = ((benchmark_name, own_format or get_benchmark(benchmark_name).formats[0].name),)
            own = get_benchmark(benchmark_name).format(members[0][1]).name  # raises where there is no such format
            if format and own_format and format != own:
                raise TaskError(f"--suite {name} names a format, and --format {format} another: leave one of them out")
        for benchmark_name, its_format in members:
            benchmark = get_benchmark(benchmark_name)
            chosen = benchmark.format(format or its_format)
            pairs[benchmark.name, chosen.name] = (benchmark, chosen)
    return list(pairs.values())


def items(benchmark: Benchmark, subtask: str, split: str, format: Format) -> list[Item]:
    """All questions of one subtask and split under one format, in the data's order.

    Raises `TaskError` for data that is not there, cannot be read, is empty, or holds one id twice, and for a prompt
    that is not of texts.

    Args:
      benchmark: the benchmark.
    """
    questions = list(benchmark.read(benchmark.subtask(subtask).name, benchmark.split(split)))
    if not questions:
        raise TaskError(
            f"{benchmark.name}/{subtask} has no question in split {split}: download its data again, or name another "
            f"split of {', '.join(benchmark.splits)}"
        )
    if len({question.id for question in questions}) < len(questions):
        raise TaskError(f"{benchmark.name}/{subtask}, split {split}, holds a question id twice: ids must be unique")
    build = format.open(subtask, split)
    found = []
    for question in questions:
        prompt = build(question)
        try:
            prompt.check_is_text()
        except FieldError as error:
            raise error.placed(f"{benchmark.name}/{subtask}, split {split}, question {question.id}") from None
        if format.method == "rank" and not all(0 <= place < len(prompt.options) for place in prompt.correct or (-1,)):
            raise TaskError(
                f"{benchmark.name}:{format.name}/{subtask}, split {split}, question {question.id}: correct is "
                f"{prompt.correct}, and it has {len(prompt.options)} options to rank: give the right ones' places, "
                f"from 0"
            )
        # What is ranked may be letters alone, of options that the question lists.
        is_empty = has_empty_option((*prompt.options, *question.choices))
        found.append(Item(benchmark.name, subtask, split, format.name, question.id, prompt, is_empty, question.place))
    return found


def _named(name: str, known: Mapping[str, _Value], complaint: str) -> _Value:
    if name not in known:
        raise TaskError(f"{complaint} {name!r}{did_you_mean(name, known) or '.'} There are {some_of(known)}")
    return known[name]
