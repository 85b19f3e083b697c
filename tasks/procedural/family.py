"""Procedural data: rows made by a seeded generator, and the tasks a family of them is registered as.

Row i of a split is a pure function of (source name, split, i), so any process can make any row, in any order. Splits
are disjoint by content: a row belongs to the split that the hash of its content names, and the generator is asked
again until it gives a row of the split wanted.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import overload

from flan_jax.core.errors import TaskError
from flan_jax.declare.registry import add_task
from flan_jax.declare.task import Task
from flan_jax.declare.templates import Template, TemplateRenderer
from flan_jax.sources.source import Row

Generate = Callable[[random.Random], Row]

MAX_ATTEMPTS = 2_000
# Of 16 content buckets, the share of each split.
_BUCKETS = {"validation": range(0, 2), "test": range(2, 4), "train": range(4, 16)}
# Fields that follow from the others, or only say in which order something is shown.
_DERIVED = frozenset({"options", "rationale"})

DEFAULT_SIZES = {"train": 2_000, "validation": 64, "test": 128}
MIN_TEMPLATES = 6
RANKED, EXACT = ("rank_accuracy", "exact_match"), ("exact_match",)

__all__ = ["DEFAULT_SIZES", "Family", "ProceduralSource", "all_families", "content_split", "register_family"]

_FAMILIES: list[Family] = []


def content_split(row: Row) -> str:
    """The only split that may hold `row`: decided by a hash of its content, options and rationale apart."""
    content = repr(sorted((key, value) for key, value in row.items() if key not in _DERIVED))
    bucket = hashlib.blake2b(content.encode(), digest_size=1).digest()[0] % 16
    return next(split for split, buckets in _BUCKETS.items() if bucket in buckets)


@dataclasses.dataclass(frozen=True)
class ProceduralSource:
    """Rows of one generator (implements `flan_jax.sources.source.Source`).

    generate: draws one row from the random state it is given; nothing else may influence it.
    sizes: split -> number of rows; the splits are train, validation and test.
    """

    name: str
    generate: Generate
    sizes: Mapping[str, int] = dataclasses.field(default_factory=lambda: dict(DEFAULT_SIZES))

    def __post_init__(self) -> None:
        for split, size in self.sizes.items():
            if split not in _BUCKETS:
                raise TaskError(f"source {self.name} has split {split!r}; procedural splits are {', '.join(_BUCKETS)}")
            if size < 1:
                raise TaskError(f"source {self.name}: split {split} has {size} rows; the least is 1")

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits."""
        return tuple(self.sizes)

    @property
    def description(self) -> str:
        """Where the rows come from."""
        return f"generated: {self.generate.__module__}.{self.generate.__qualname__}"

    def rows(self, split: str) -> Sequence[Row]:
        """The rows of `split`, made when they are looked at."""
        if split not in self.sizes:
            raise TaskError(f"source {self.name} has no split {split!r}; it has {', '.join(self.sizes)}")
        return _LazyRows(self, split)

    def row(self, split: str, index: int) -> Row:
        """Row `index` of `split`. Raises `TaskError` when the generator has too little variety to fill the split."""
        rng = random.Random(f"{self.name}/{split}/{index}")
        for _ in range(MAX_ATTEMPTS):
            row = self.generate(rng)
            if content_split(row) == split:
                return row
        raise TaskError(
            f"source {self.name} gave no row for split {split} in {MAX_ATTEMPTS} draws: widen what its generator "
            f"draws from"
        )


@dataclasses.dataclass(frozen=True)
class _LazyRows(Sequence[Row]):
    source: ProceduralSource
    split: str

    def __len__(self) -> int:
        return self.source.sizes[self.split]

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError(f"row {index} of {self.source.name}/{self.split}: there are {len(self)} rows")
        return self.source.row(self.split, position)

    def __iter__(self) -> Iterator[Row]:
        return (self[i] for i in range(len(self)))


@dataclasses.dataclass(frozen=True)
class Family:
    """A procedural task in all its formats.

    Attributes:
      name, cluster: as in `Task`; the name is also the `dataset` of every task made from it.
      generate: draws a row. Every row has `answer`; `options` if the answer is one of a few; `rationale` if the family
        has `cot_templates`.
      fields: the row's fields, against which templates are checked.
      templates: at least six wordings; of a training family the last `num_new_templates` are held out.
      cot_templates: wordings whose target has {rationale} and {answer}.
      metrics: as in `Task`; by default the rank of the answer among the options, where there are some (a model that was
        never instructed has a fair score by it), and whether the text is the answer.
      chance: as in `Task`.
      kind: how the family is held out ("whole cluster", "composition", "new label words"); "" if it is trained on.
      eval_split: the split its held-out tasks are judged on.
      num_few_shot, num_cot: most training rows of these formats. They are fewer, because such an example has several
        times the tokens of a zero-shot one, and under examples-proportional mixing would take most of a small budget.
    """

    name: str
    cluster: str
    generate: Generate
    fields: tuple[str, ...]
    templates: tuple[Template, ...]
    cot_templates: tuple[Template, ...] = ()
    metrics: tuple[str, ...] = ()
    chance: float = 0.0
    kind: str = ""
    eval_split: str = "validation"
    num_new_templates: int = 2
    num_exemplars: int = 2
    num_few_shot: int = 500
    num_cot: int = 600
    sizes: Mapping[str, int] = dataclasses.field(default_factory=lambda: dict(DEFAULT_SIZES))

    def __post_init__(self) -> None:
        if len(self.templates) < MIN_TEMPLATES:
            raise TaskError(f"family {self.name} has {len(self.templates)} templates; the least is {MIN_TEMPLATES}")
        for template in itertools.chain(self.templates, self.cot_templates):
            template.check(self.fields)
        for template in self.cot_templates:
            if not {"rationale", "answer"} <= set(template.fields):
                raise TaskError(
                    f"family {self.name}: chain-of-thought template {template.targets!r} must have {{rationale}} and "
                    f"{{answer}}"
                )
        wordings = [template.instruction + template.inputs for template in self.templates]
        if len(set(wordings)) < len(wordings):
            raise TaskError(f"family {self.name} has a template twice: remove one")
        if not 0 <= self.num_new_templates < len(self.templates):
            raise TaskError(
                f"family {self.name} holds out {self.num_new_templates} of {len(self.templates)} templates: leave some "
                f"to train on"
            )


def register_family(family: Family) -> list[Task]:
    """Adds the family's tasks to the registry and returns them.

    A training family gives `<name>_zero_shot`, `<name>_few_shot`, `<name>_cot` (where it has rationales) and
    `<name>_new_template` (evaluation only, on the wordings that the others never use). A held-out family gives
    `<name>_zero_shot` and `<name>_few_shot`, evaluation only, with all wordings. Its exemplars come from rows of its
    train split, which no task trains on.
    """

    def source(num_train: int) -> ProceduralSource:
        sizes = {**family.sizes, "train": min(family.sizes["train"], num_train)}
        return ProceduralSource(family.name, family.generate, sizes)

    num_known = len(family.templates) - (0 if family.kind else family.num_new_templates)
    known, new = tuple(range(num_known)), tuple(range(num_known, len(family.templates)))

    def task(suffix: str, render: TemplateRenderer, kind: str, num_train: int) -> Task:
        return Task(
            name=f"{family.name}_{suffix}",
            cluster=family.cluster,
            source=source(num_train),
            render=render,
            metrics=family.metrics or (RANKED if family.chance else EXACT),
            train_split=None if kind else "train",
            eval_split=family.eval_split,
            exemplar_split="train" if render.num_exemplars else None,
            kind=kind,
            chance=family.chance,
            dataset=family.name,
        )

    few_shot = TemplateRenderer(family.templates, known, family.num_exemplars)
    num_rows = family.sizes["train"]
    tasks = [
        task("zero_shot", TemplateRenderer(family.templates, known), family.kind, num_rows),
        task("few_shot", few_shot, family.kind, family.num_few_shot),
    ]
    if family.cot_templates and not family.kind:
        cot = task("cot", TemplateRenderer(family.cot_templates), "", family.num_cot)
        tasks.append(dataclasses.replace(cot, metrics=("final_answer",)))
    if new:
        tasks.append(task("new_template", TemplateRenderer(family.templates, new), "new template", num_rows))
    _FAMILIES.append(family)
    return [add_task(each) for each in tasks]


def all_families() -> list[Family]:
    """Every registered family, in order of registration."""
    return list(_FAMILIES)
