"""Mixtures of the embedded tasks for studies (gin/studies/*_mini.gin): fewer clusters, wordings or rows, one format,
with and without chains of thought. Each holds out what `procedural` holds out; those on chains of thought two clusters
more. The tasks for soft prompts are trained on what `procedural` holds out, as a prompt is tuned on a task of its own.
"""

import dataclasses
import hashlib
from collections.abc import Iterable

from flan_jax.declare.formatted import refusal
from flan_jax.declare.registry import add_mixture, add_task, get_mixture, get_task, mixture_members
from flan_jax.declare.task import FORMAT_MARK, HeldOut, Member, Mixture, Task
from flan_jax.tasks.procedural.mixtures import CAP

CLUSTER_COUNTS = (1, 2, 4, 8)
TEMPLATE_COUNTS = (1, 2, 4)
ROW_COUNTS = (8, 64, 512)
# Clusters whose tasks have rationales, judged with and without: what is asked there is never trained on.
REASONING_HELD_OUT = ("navigation", "tracking")
# Held-out families that soft prompts are tuned on.
PROMPTED = ("dialogue_who", "row_neighbour", "story_where")
_SEED = 0

__all__ = ["CLUSTER_COUNTS", "PROMPTED", "REASONING_HELD_OUT", "ROW_COUNTS", "TEMPLATE_COUNTS", "cluster_order"]


def cluster_order() -> list[str]:
    """Clusters of `procedural` in an order that a hash decides: the first N of it lie in the first N + 1."""
    clusters = {task.cluster for task in _TRAINED}
    return sorted(clusters, key=lambda name: hashlib.sha256(f"procedural/{_SEED}/{name}".encode()).hexdigest())


def _add(name: str, tasks: Iterable[str], description: str, more_held_out: tuple[str, ...] = ()) -> None:
    held_out = _WHOLE.held_out.joined(HeldOut(clusters=frozenset(more_held_out)))
    members = tuple(Member(task) for task in tasks)
    add_mixture(Mixture(name, members, cap=CAP, held_out=held_out, description=description))


def _is_reasoned(task: Task) -> bool:
    return task.name.endswith("_cot")


def _in(task: Task, form: str) -> str:
    """The task in a format, or as it is where it has none such."""
    return task.name if refusal(get_task(task.name), form) else f"{task.name}{FORMAT_MARK}{form}"


_WHOLE = get_mixture("procedural")
_TRAINED = mixture_members(_WHOLE)

for _count in CLUSTER_COUNTS:
    _chosen = set(cluster_order()[:_count])
    _add(
        f"procedural_clusters_{_count}",
        [task.name for task in _TRAINED if task.cluster in _chosen],
        f"{_count} of the {len(cluster_order())} clusters of procedural, drawn by a hash; smaller lie in larger.",
    )
for _count in TEMPLATE_COUNTS:
    _add(
        f"procedural_templates_{_count}",
        [_in(task, f"templates_{_count}") for task in _TRAINED],
        f"procedural with the first {_count} wordings of each family.",
    )
for _count in ROW_COUNTS:
    _add(
        f"procedural_rows_{_count}",
        [_in(task, f"rows_{_count}") for task in _TRAINED],
        f"procedural with at most {_count} rows of each task.",
    )
_add(
    "procedural_noinst", [_in(task, "noinst") for task in _TRAINED], "procedural without instructions, where it can be."
)
for _suffix, _shots in (("zero_shot", "zero-shot"), ("few_shot", "few-shot")):
    _add(
        f"procedural_{_suffix}_only",
        [task.name for task in _TRAINED if task.name.endswith(_suffix)],
        f"procedural's {_shots} tasks alone.",
    )
_OTHERS = [task for task in _TRAINED if task.cluster not in REASONING_HELD_OUT]
for _name, _kept, _what in (
    ("cot", True, "chains of thought alone"),
    ("without_cot", False, "everything but chains of thought"),
    ("both", None, "with and without chains of thought"),
):
    _add(
        f"procedural_reasoning_{_name}",
        [task.name for task in _OTHERS if _kept is None or _is_reasoned(task) == _kept],
        f"procedural without {' and '.join(REASONING_HELD_OUT)}: {_what}.",
        REASONING_HELD_OUT,
    )
_JUDGED = [task for task in _TRAINED if task.cluster in REASONING_HELD_OUT]
add_mixture(
    Mixture(
        "procedural_reasoning_report",
        tuple(Member(f"{task.name}{FORMAT_MARK}heldout") for task in _JUDGED),
        description=f"Tasks of {' and '.join(REASONING_HELD_OUT)}, asked with and without a chain of thought.",
    )
)

for _family in PROMPTED:
    _task = get_task(f"{_family}_zero_shot")
    add_task(dataclasses.replace(_task, name=f"{_family}_prompted", train_split="train", kind=""))
add_mixture(
    Mixture(
        "procedural_prompted",
        tuple(Member(f"{_family}_prompted") for _family in PROMPTED),
        description="Families that procedural holds out, to tune a soft prompt on; judged on their validation rows.",
    )
)
