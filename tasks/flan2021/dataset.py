"""What one data set of FLAN 2021 (Wei et al. 2022) declares, and how that becomes a task.

A data set's file says where its rows are, which of their fields it reads, how those become template fields, and ten
wordings. Everything else follows: the task `flan2021_<name>`, its splits and caps, its metrics' chance level.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flan_jax.core.errors import TaskError
from flan_jax.declare.exemplars import folded
from flan_jax.declare.formats import Format, add_format
from flan_jax.declare.registry import add_task
from flan_jax.declare.task import Task
from flan_jax.declare.templates import ANSWER_FIELD, OPTIONS_FIELD, Template, TemplateRenderer
from flan_jax.sources.source import Row
from flan_jax.sources.tfds import TfdsSource
from flan_jax.sources.tidy import tidy
from flan_jax.tasks.flan2021.samples import Sample
from flan_jax.tasks.flan2021.source import Flan2021Source

TRAIN_CAP = 30_000  # training examples of a data set, at most (section 2.4)
NUM_TEMPLATES = 10  # section 2.1
MAX_TURNED_AROUND = 3  # section 2.1

NO_TEMPLATE, DATASET_NAME = "no_template", "dataset_name"  # formats, and the wordings that they ask for

CLASSIFICATION = ("rank_accuracy", "exact_match")
SUMMARY = ("rouge_l", "rouge_1")
GENERATION = ("rouge_l", "rouge_1")
EXTRACTION = ("token_f1", "normalised_exact_match")
CLOSED_BOOK = ("normalised_exact_match", "token_f1")

__all__ = [
    "CLASSIFICATION",
    "CLOSED_BOOK",
    "DATASETS",
    "DATASET_NAME",
    "EXTRACTION",
    "GENERATION",
    "MAX_TURNED_AROUND",
    "NO_TEMPLATE",
    "NUM_TEMPLATES",
    "SUMMARY",
    "TRAIN_CAP",
    "Dataset",
    "dataset_of",
    "register",
    "unless_cut",
]

Fields = Mapping[str, Any]

DATASETS: dict[str, Dataset] = {}


@dataclasses.dataclass(frozen=True)
class Dataset:
    """One data set.

    Attributes:
      name: without the prefix `flan2021_`.
      cluster: one of the paper's 12, the unit of holding out.
      tfds: TFDS builder, configuration and version, as published.
      licence: its terms, as its authors state them.
      train, validation, test: slices in TFDS's notation; None where there is none.
      features: TFDS fields that are read, inner ones after a slash.
      templates: ten wordings; the first k are the ablation's subset of k.
      labels: (class name in TFDS, our word for it), in the order of the class numbers; empty where classes are not
        fixed.
      label: the feature that holds the class number.
      fields: row -> template fields, None for a row without what the task needs (it is left out and counted); by
        default the features themselves under their last names, with `answer` and `options` from `labels`.
      makes: names of what `fields` returns; by default the features' last names.
      plain: template fields that make up the input where no instruction is said; by default all that `makes` names
        but the answer and the options.
      left_out: why `fields` returns None, in words.
      metrics: the first one is the score.
      paper_name: the paper's data set that this belongs to, where they differ (ANLI counts once).
      num_options: answer options to choose from where `labels` does not say; 0 for free-form answers.
      sample: rows to read where TFDS's are not on this machine.
    """

    name: str
    cluster: str
    tfds: str
    licence: str
    features: tuple[str, ...]
    templates: tuple[Template, ...]
    train: str | None = "train[:-200]"
    validation: str | None = "train[-200:]"
    test: str | None = "validation"
    labels: tuple[tuple[str, str], ...] = ()
    label: str = "label"
    fields: Callable[[Row], Fields | None] | None = None
    makes: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    left_out: str = "without a gold label"
    metrics: tuple[str, ...] = CLASSIFICATION
    paper_name: str = ""
    num_options: int = 0
    sample: Sample | None = None

    def __post_init__(self) -> None:
        if len(self.templates) != NUM_TEMPLATES:
            raise TaskError(f"{self.name} has {len(self.templates)} templates; FLAN 2021 has {NUM_TEMPLATES} each")
        turned = sum(template.is_turned_around for template in self.templates)
        if turned > MAX_TURNED_AROUND:
            raise TaskError(f"{self.name} turns {turned} templates around; the limit is {MAX_TURNED_AROUND}")
        for template in self.templates:
            template.check(self.available)

    @property
    def available(self) -> tuple[str, ...]:
        """Names of the template fields."""
        made = self.makes or tuple(name.rpartition("/")[2] for name in self.features if name != self.label)
        extra = (ANSWER_FIELD, OPTIONS_FIELD) if self.labels else ()
        return tuple(dict.fromkeys((*made, *extra)))

    @property
    def plain_fields(self) -> tuple[str, ...]:
        """The fields that the input consists of where no instruction is said."""
        hidden = (ANSWER_FIELD, OPTIONS_FIELD, "references")
        return self.plain or tuple(name for name in self.available if name not in hidden)

    @property
    def chance(self) -> float:
        """What guessing among the options scores."""
        num_options = len(self.labels) or self.num_options
        return 1.0 / num_options if num_options else 0.0

    def fields_of(self, row: Row) -> Fields | None:
        """The template fields of a row with TFDS's field names; None for one that is left out."""
        if self.fields is not None:
            fields = self.fields(row)
            return fields if fields is None else _told_apart({name: tidy(value) for name, value in fields.items()})
        made = {name.rpartition("/")[2]: text_of(row, name) for name in self.features if name != self.label}
        if self.labels:
            number = row[self.label]
            if not 0 <= number < len(self.labels):
                return None
            words = tuple(word for _, word in self.labels)
            made |= {ANSWER_FIELD: words[number], OPTIONS_FIELD: words}
        return made

    def baselines(self) -> dict[str, tuple[Template, ...]]:
        """The wordings of the ablation of instructions (appendix B.2): the fields alone, and the fields after the names
        of the cluster and the data set in brackets."""
        fields = "\n".join(f"{{{name}}}" for name in self.plain_fields)
        names = f"[{self.cluster}: {self.name}]".replace("_", " ")
        return {NO_TEMPLATE: (Template(fields),), DATASET_NAME: (Template(f"{names} {fields}"),)}

    @property
    def task_name(self) -> str:
        """Its name in the registry."""
        return f"flan2021_{self.name}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the data set goes by: the paper's, ours, TFDS's."""
        builder = self.tfds.partition(":")[0]
        return tuple(dict.fromkeys((self.paper_name or self.name, self.name, re.sub(r"\W", "_", builder))))

    def source(self) -> Flan2021Source:
        """Where its rows come from."""
        slices = (("train", self.train), ("validation", self.validation), ("test", self.test))
        return Flan2021Source(
            tfds=TfdsSource(
                self.tfds,
                tuple((split, part) for split, part in slices if part is not None),
                self.features,
                self.licence,
                max_examples=(("train", TRAIN_CAP),),
            ),
            sample=self.sample,
            fields_of=self.fields_of,
            left_out_because=self.left_out,
            templates=self.templates,
        )


def _told_apart(fields: dict[str, Any]) -> Fields:
    """`fields` with options that are the same but for case and white space listed once, as the answer has them."""
    options: dict[str, str] = {}
    for option in fields.get(OPTIONS_FIELD, ()):
        if option == fields[ANSWER_FIELD] or folded(option) not in options:
            options[folded(option)] = option
    return fields | {OPTIONS_FIELD: tuple(options.values())} if options else fields


def text_of(row: Row, name: str) -> Any:
    """The value at `name`, inner names after a slash; text is made `tidy`."""
    value: Any = row
    for part in name.split("/"):
        value = value[part]
    return tidy(value)


def register(*datasets: Dataset) -> None:
    """Adds the task of each data set to the registry. It is trained on the rows of `train` and judged on those of
    `validation`, the paper's development set (on `test` where that is all there is, or a run asks for it)."""
    for dataset in datasets:
        add_task(
            Task(
                name=dataset.task_name,
                cluster=dataset.cluster,
                source=dataset.source(),
                render=TemplateRenderer(dataset.templates, wordings=dataset.baselines()),
                metrics=dataset.metrics,
                train_split="train" if dataset.train else None,
                eval_split="validation" if dataset.validation else "test",
                exemplar_split="train" if dataset.train else None,
                chance=dataset.chance,
                dataset=dataset.paper_name or dataset.name,
            )
        )
        DATASETS[dataset.task_name] = dataset


add_format(NO_TEMPLATE, Format("FLAN 2021's ablation: the fields alone", shots=(), wording=NO_TEMPLATE))
add_format(DATASET_NAME, Format("FLAN 2021's ablation: data set name, then the fields", shots=(), wording=DATASET_NAME))


def dataset_of(task: Task) -> Dataset:
    """The declaration of a FLAN 2021 task. Raises `TaskError` for any other task."""
    if task.name not in DATASETS:
        raise TaskError(f"{task.name} is not a task of FLAN 2021: its {len(DATASETS)} tasks are called flan2021_…")
    return DATASETS[task.name]


def choices(*texts: str, answer: int) -> dict[str, Any]:
    """`answer` and `options` of a multiple-choice row; `answer` is a position. Raises `TaskError` for one that no
    option has: -1, which is no label, would be the last."""
    if not 0 <= answer < len(texts):
        raise TaskError(f"answer {answer} is no position among {len(texts)} options: leave the row out")
    return {ANSWER_FIELD: texts[answer], OPTIONS_FIELD: tuple(texts)}


def unless_cut(text: str) -> str:
    """`text`, or nothing where its source cut it: half a report is no answer, and the templates that ask for it are
    passed over (`Template.fits`)."""
    return "" if text.rstrip().endswith(("...", "\u2026")) else text


def bullet_list(items: Sequence[str]) -> str:
    """One item a line, each after a hyphen."""
    return "\n".join(f"- {item}" for item in items)
