"""Registers the 1,613 tasks of Super-NaturalInstructions and the mixtures made of them; reads no task file: what is
known of each without its file is in tasks.tsv, beside this module (Wang et al. 2022; the list of Flan 2022).

Mixtures:
  niv2: the tasks of Flan 2022, all instances, examples-proportional with a cap of 5,000.
  tk_instruct: the English training tasks, 100 instances each; tk_instruct_test: the English test tasks; both in
    Tk-Instruct's own layout with definition and two positive examples, which the released weights were trained on.
  mtk_instruct, mtk_instruct_test: the same of the cross-lingual track.
  tk_instruct_tasks_N, tk_instruct_instances_N: N of the English training tasks, drawn by a hash, the smaller inside the
    larger; and all of them with N instances each (Wang et al. 2022, figure 5).
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Iterator, Sequence

from flan_jax.core.errors import TaskError, did_you_mean
from flan_jax.declare.known_counts import add_known_counts
from flan_jax.declare.registry import add_mixture, add_task, get_mixture
from flan_jax.declare.task import HeldOut, Member, Mixture, Task
from flan_jax.sources.separated import read_packaged_table
from flan_jax.tasks.held_out import BENCHMARKS_HELD_OUT
from flan_jax.tasks.niv2.encodings import DEFAULT, TK_INSTANCES
from flan_jax.tasks.niv2.source import Niv2Source

OFFICIAL_LAYOUT = "tk_official_def_pos_2"  # of the repository's training and evaluation scripts
TASK_COUNTS = (8, 32, 76, 256)  # 8 and 76 are 1% and 10% of the 756
INSTANCE_COUNTS = (8, 32)  # beside 100, the paper's own
CAP = 5_000  # Flan 2022 (Chung et al. 2022, appendix E)
# Languages of the data set that are not written in Latin letters, of which the official ROUGE-L sees digits alone.
# "Zhuang" is what some of its files call Chinese, by its code.
OTHER_SCRIPTS = frozenset(
    "Arabic,Assamese,Bengali,Bulgarian,Burmese,Central Khmer,Chinese,Greek,Gujarati,Hebrew,Hindi,Japanese,Kannada,"
    "Korean,Lao,Malayalam,Marathi,Nepali,Oriya,Panjabi,Persian,Russian,Sinhala,Tamil,Telugu,Thai,Urdu,Zhuang".split(",")
)

__all__ = ["TASKS", "Niv2Task", "flan_task_name", "make_task", "task_name"]


@dataclasses.dataclass(frozen=True)
class Niv2Task:
    """What is known of a task without its file.

    Attributes:
      stem: the file's name. category, dataset, languages: as Flan 2022 lists them. num_instances: as published.
      english, crosslingual: "train" in the track's training split, "test" in its test split, "" in neither.
      metric: of the official report, "exact_match" or "rouge_l"; "" for a task that is in no test split.
      in_flan: whether Flan 2022 trains on it: all but those made from MMLU.
    """

    stem: str
    category: str
    dataset: str
    languages: tuple[str, ...] = ("English",)
    num_instances: int = 0
    english: str = ""
    crosslingual: str = ""
    metric: str = ""
    in_flan: bool = False

    @property
    def name(self) -> str:
        """The registered task's."""
        return task_name(self.stem)

    @property
    def metrics(self) -> tuple[str, str]:
        """Names: of the official report's metric first, or ROUGE-L. A task of which a language is not written in Latin
        letters has the ROUGE-L that reads any script, which is the official one on English text."""
        rouge = "rouge_l" if OTHER_SCRIPTS.isdisjoint(self.languages) else "rouge_l_unicode"
        exact = "normalised_exact_match"
        return (exact, rouge) if self.metric == "exact_match" else (rouge, exact)


def task_name(stem: str) -> str:
    """`niv2_` and the file's name, with underscores for what no identifier has."""
    return "niv2_" + re.sub(r"\W", "_", stem, flags=re.ASCII)


def flan_task_name(listed: str) -> str:
    """The registered name of a task as the Flan Collection's table lists it: some of its names end at the first full
    stop, as in task074_squad1. Raises `TaskError` for a name that is no task's."""
    name = task_name(listed)
    if name in _BY_NAME:
        return name
    longer = [known.name for known in TASKS if known.stem.startswith(f"{listed}.")]
    if len(longer) != 1:
        raise TaskError(f"{listed!r} is no task of Super-NaturalInstructions{did_you_mean(name, _BY_NAME)}")
    return longer[0]


def make_task(known: Niv2Task) -> Task:
    """The task of one file. Its instances are trained on; format `heldout` is the same task to be judged on."""
    return Task(
        name=known.name,
        cluster=known.category,
        dataset=known.dataset,
        source=Niv2Source(known.stem),
        render=DEFAULT,
        metrics=known.metrics,
        eval_split=None,
    )


def _read_facts() -> Iterator[Niv2Task]:
    for row in read_packaged_table(__package__, "tasks.tsv"):
        yield Niv2Task(
            **{
                **row,
                "languages": tuple(row["languages"].split(", ")),
                "num_instances": int(row["num_instances"]),
                "in_flan": row["in_flan"] == "yes",
            }
        )


TASKS = tuple(sorted(_read_facts(), key=lambda known: known.stem))
_BY_NAME = {known.name: known for known in TASKS}


def _add_track(name: str, train: Sequence[Niv2Task], test: Sequence[Niv2Task], track: str) -> None:
    held_out = HeldOut(
        clusters=frozenset(known.category for known in test),
        datasets=frozenset(known.dataset for known in test),
        tasks=frozenset(known.name for known in test),
    )
    members = tuple(Member(f"{known.name}__tk__{OFFICIAL_LAYOUT}") for known in train)
    description = f"The {track} track's training tasks, 100 instances each (Wang et al. 2022)."
    add_mixture(Mixture(name, members, held_out=held_out, description=description))
    members = tuple(Member(f"{known.name}__heldout__{OFFICIAL_LAYOUT}") for known in test)
    description = f"The {track} track's test tasks, 100 instances each; reported, never selected on."
    add_mixture(Mixture(f"{name}_test", members, description=description))


def _known_counts() -> dict[str, int]:
    counts = {known.name: known.num_instances for known in TASKS}
    sampled = {name: min(count, TK_INSTANCES) for name, count in counts.items()}
    in_formats = {f"{name}__{form}": num for name, num in sampled.items() for form in ("tk", f"tk__{OFFICIAL_LAYOUT}")}
    fewer = {_with_instances(name, n): min(num, n) for name, num in counts.items() for n in INSTANCE_COUNTS}
    return counts | in_formats | fewer


def _with_instances(task: str, num: int) -> str:
    return f"{task}__rows_{num}__epochs_2__{OFFICIAL_LAYOUT}"


def _add_ladders(train: Sequence[Niv2Task]) -> None:
    whole = get_mixture("tk_instruct")
    order = sorted(train, key=lambda known: hashlib.sha256(f"tk_instruct/{known.name}".encode()).hexdigest())
    for count in TASK_COUNTS:
        members = tuple(Member(f"{known.name}__tk__{OFFICIAL_LAYOUT}") for known in order[:count])
        description = f"{count} of tk_instruct's {len(train)} tasks, drawn by a hash; smaller lie in larger."
        add_mixture(Mixture(f"tk_instruct_tasks_{count}", members, held_out=whole.held_out, description=description))
    for count in INSTANCE_COUNTS:
        members = tuple(Member(_with_instances(known.name, count)) for known in train)
        description = f"tk_instruct with {count} instances a task."
        add_mixture(
            Mixture(f"tk_instruct_instances_{count}", members, held_out=whole.held_out, description=description)
        )


add_known_counts(_known_counts)
for _known in TASKS:
    add_task(make_task(_known))
add_mixture(
    Mixture(
        "niv2",
        tuple(Member(known.name) for known in TASKS if known.in_flan),
        cap=CAP,
        held_out=BENCHMARKS_HELD_OUT,
        description="Super-NaturalInstructions as Flan 2022 trains on it: all tasks but those made from MMLU.",
    )
)
for _name, _track, _title in (
    ("tk_instruct", "english", "English"),
    ("mtk_instruct", "crosslingual", "cross-lingual"),
):
    _train, _test = ([known for known in TASKS if getattr(known, _track) == split] for split in ("train", "test"))
    _add_track(_name, _train, _test, _title)
    if _name == "tk_instruct":
        _add_ladders(_train)
