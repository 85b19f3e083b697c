"""Whether weights were trained on what they are evaluated on. The rule, benchmark by benchmark:

- a training task that holds the benchmark's own questions: the evaluation is refused, or forced and marked as such;
- a training task of the same data set, of another split or of one that is not recorded: a warning beside the scores;
- weights whose training data nobody wrote down, as imported ones: a note that says so.

Tasks are known by the names of their data sets. Texts are not compared here: `flan-jax mix check` does, by 13-grams.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from flan_jax.checkpoints.lineage import TrainedOn
from flan_jax.core.errors import CheckpointError, Setting, TaskError
from flan_jax.declare.benchmark import Benchmark
from flan_jax.declare.registry import all_tasks, get_mixture, get_task, mixture_members
from flan_jax.declare.task import FORMAT_MARK, Task

MAX_NAMED = 5

__all__ = [
    "KIN",
    "Finding",
    "Kin",
    "canonical",
    "findings",
    "notes",
    "refuse",
    "share_questions",
    "training_tasks",
]


@dataclasses.dataclass(frozen=True)
class Kin:
    """Names of data sets. questions: they hold the benchmark's own questions. related: the same data set, in its
    training split or in one that the collection does not record."""

    questions: tuple[str, ...] = ()
    related: tuple[str, ...] = ()


# Sources: the data sets' papers; for StrategyQA, BIG-bench's file, which is the data set's training split.
KIN: Mapping[str, Kin] = {
    "mmlu": Kin(("mmlu", "mmmlu", "measuring_massive_multitask_language_understanding", "hendrycks_test")),
    "bbh": Kin(("bbh", "big_bench_hard"), ("big_bench",)),
    "tydiqa": Kin(("tydiqa", "tydi_qa", "xor_tydi")),
    "tydiqa_tiny": Kin(("tydiqa", "tydi_qa", "xor_tydi")),
    "mgsm": Kin(("mgsm",), ("gsm8k",)),  # translations of GSM8K's test questions
    "mgsm_en": Kin(("mgsm",), ("gsm8k",)),
    "gsm8k": Kin(("gsm8k_test", "mgsm"), ("gsm8k",)),
    "addsub": Kin(("addsub",), ("mawps",)),  # MAWPS is made of these and others
    "singleeq": Kin(("singleeq",), ("mawps",)),
    "mawps": Kin((), ("mawps", "addsub", "singleeq", "singleop", "multiarith")),
    "aqua": Kin((), ("aqua", "aqua_rat")),
    "strategyqa": Kin(("strategyqa", "strategy_qa")),
    "commonsenseqa": Kin((), ("commonsenseqa", "commonsense_qa", "ecqa", "cos_e")),
    "bigbench_date": Kin((), ("big_bench",)),
    "bigbench_object_tracking": Kin((), ("big_bench",)),
    "truthfulqa": Kin(("truthfulqa", "truthful_qa")),
    "real_toxicity_prompts": Kin(("real_toxicity_prompts",)),
    "civil_comments": Kin((), ("civil_comments", "jigsaw")),
    "winogender": Kin(("winogender", "super_glue_axg")),
}
# Names under which collections have one data set.
_ALIASES = {
    "commonsenseqa": "commonsenseqa",
    "storycloze2016": "storycloze",
    "winograndewinograndexl": "winogrande",
    "wscfixed": "wsc",
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """Training tasks that bear on one benchmark. level: "questions" or "related", as in `Kin`."""

    benchmark: str
    level: str
    tasks: tuple[str, ...]

    @property
    def named(self) -> str:
        """The tasks, or the first of many."""
        more = len(self.tasks) - MAX_NAMED
        return ", ".join(self.tasks[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def training_tasks(trained_on: TrainedOn) -> tuple[str, ...]:
    """Names of the tasks that weights have seen; of weights that only name mixtures, these mixtures' registered
    members."""
    if trained_on.tasks:
        return trained_on.tasks
    names: dict[str, None] = {}
    for mixture in trained_on.mixtures:
        try:
            names.update(dict.fromkeys(task.name for task in mixture_members(get_mixture(mixture))))
        except TaskError:
            continue  # not registered here: `notes` says that its tasks are not known
    return tuple(names)


def canonical(name: str) -> str:
    """One spelling of a data set's name for all collections: "super_glue_rte" and "RTE" are "rte"."""
    short = re.sub(r"^(super_?glue|glue)[_/]", "", name.lower())
    short = re.sub(r"[^a-z0-9]", "", short)
    return _ALIASES.get(short, short)


def findings(
    asked: Iterable[tuple[Benchmark, str]],
    task_names: Sequence[str],
    role: Literal["train_split", "eval_split"] = "train_split",
) -> list[Finding]:
    """What some tasks mean for the benchmarks to be asked, graver findings first.

    A benchmark made of registered tasks asks their rows: a task of the same name has these where its `role` split is
    the one that is asked, or, in training, where it sets no split apart for evaluation; else it is related. A benchmark
    that the table does not know is related to data sets of its own name.

    Args:
      asked: (benchmark, split).
      task_names: of training tasks, or of those that pick a checkpoint.
      role: which of the tasks' splits is used.
    """
    registry = {task.name: task for task in all_tasks()}
    tasks = {name: _registered(name, registry) for name in task_names}
    datasets = {name: canonical(name) if task is None else _dataset(task) for name, task in tasks.items()}
    found = []
    for benchmark, split in asked:
        own = _own_tasks(benchmark, registry)
        bases = {task.base or task.name for task in own}
        kin = KIN.get(benchmark.name, Kin(related=(benchmark.name,)))
        questions = {canonical(name) for name in kin.questions}
        related = {canonical(name) for name in kin.related} | {_dataset(task) for task in own}
        grave, light = [], []
        for name, task in tasks.items():
            if datasets[name] in questions or (task is not None and _has_rows(task, role, bases, split, registry)):
                grave.append(name)
            elif datasets[name] in related:
                light.append(name)
        found += [Finding(benchmark.name, "questions", tuple(grave))] if grave else []
        found += [Finding(benchmark.name, "related", tuple(light))] if light else []
    return sorted(dict.fromkeys(found), key=lambda finding: finding.level)


def share_questions(first: str, second: str) -> bool:
    """Whether two benchmarks, by name, ask some of the same questions."""
    names = [{canonical(name) for name in KIN.get(benchmark, Kin()).questions} for benchmark in (first, second)]
    return first == second or bool(names[0] & names[1])


def refuse(found: Sequence[Finding], model: str, override: str = "--force") -> None:
    """Raises `CheckpointError` where a benchmark's own questions were trained on; `override` is what would force it."""
    grave = [finding for finding in found if finding.level == "questions"]
    if grave:
        said = "; ".join(f"{finding.benchmark} by {finding.named}" for finding in grave)
        raise CheckpointError(
            f"{model} was trained on the questions that it is to be asked ({said}), so its scores would measure "
            f"memory: leave {', '.join(f.benchmark for f in grave)} out, or give ",
            Setting(override),
            ", and the results say so",
        )


def notes(found: Sequence[Finding], trained_on: TrainedOn) -> list[str]:
    """Sentences to show beside the scores; none where all is known and clean."""
    lines = []
    for finding in found:
        if finding.level == "questions":
            lines.append(
                f"FORCED: {finding.benchmark}'s own questions were trained on ({finding.named}). Its score measures "
                f"memory."
            )
        else:
            lines.append(
                f"{finding.benchmark}: the same data set was trained on, in its training split or in one that is not "
                f"recorded ({finding.named}). The score is not that of an unseen task."
            )
    lines += [f"Contamination cannot be excluded: {text}." for text in trained_on.unknown]
    if not training_tasks(trained_on) and trained_on.mixtures:
        lines.append(
            f"Contamination cannot be excluded: the tasks of {', '.join(trained_on.mixtures)} are not registered here."
        )
    return lines


def _own_tasks(benchmark: Benchmark, registry: Mapping[str, Task]) -> list[Task]:
    """Registered tasks whose rows the benchmark asks: a subtask is named after its task, or its parent is (FLAN)."""
    names = dict.fromkeys(name for s in benchmark.subtasks for name in (s.name, f"flan2021_{s.parent}"))
    return [registry[name] for name in names if name in registry]


def _registered(name: str, registry: Mapping[str, Task]) -> Task | None:
    """The task, in a format where its name says so; None where it is not registered here."""
    if name in registry:
        return registry[name]
    return get_task(name) if name.partition(FORMAT_MARK)[0] in registry else None


def _dataset(task: Task) -> str:
    return canonical(task.dataset or task.name)


def _has_rows(
    task: Task,
    role: Literal["train_split", "eval_split"],
    bases: Collection[str],
    split: str,
    registry: Mapping[str, Task],
) -> bool:
    base = task.base or task.name
    if base not in bases:
        return False
    used = getattr(task, role)
    is_whole = role == "train_split" and used is not None and registry[base].eval_split is None
    return used == split or is_whole
