"""The mixtures of the embedded default: what is trained on, what selects the checkpoint, what is reported.

Members follow from the families' own statements (cluster, kind, split); the promise of what is held out is checked at
registration by `flan_jax.declare.registry.add_mixture`.
"""

from flan_jax.declare.registry import add_mixture, all_tasks
from flan_jax.declare.task import HeldOut, Member, Mixture, Task
from flan_jax.tasks.procedural.documents import copies, pairs
from flan_jax.tasks.procedural.documents.document import WAYS
from flan_jax.tasks.procedural.family import ProceduralSource

SELECTION_CLUSTERS = ("dialogue", "extraction", "spatial", "story_questions")
REPORT_CLUSTERS = ("agenda", "pets", "queues", "teams")
OTHER_HELD_OUT_CLUSTERS = ("composition", "new_labels")
HELD_OUT_CLUSTERS = frozenset((*SELECTION_CLUSTERS, *REPORT_CLUSTERS, *OTHER_HELD_OUT_CLUSTERS))

# Of the training families, those whose unseen wordings select the checkpoint, and those whose are reported.
SELECTION_NEW_TEMPLATES = ("who_has", "remove_item", "review_aspect")
REPORT_NEW_TEMPLATES = ("colour_of", "bought", "nth_word", "word_neighbour", "replace_item", "review_sentiment")

# No task counts for more examples than this (the cap of examples-proportional mixing).
CAP = 2_000


def _procedural() -> list[Task]:
    return [task for task in all_tasks() if isinstance(task.source, ProceduralSource) and task.cluster != "documents"]


def _is_selection(task: Task) -> bool:
    """Held-out tasks select if they are judged on validation rows, and are reported if on test rows."""
    if task.kind == "new template":
        return task.dataset in SELECTION_NEW_TEMPLATES
    return bool(task.kind) and task.eval_split == "validation"


def _is_report(task: Task) -> bool:
    if task.kind == "new template":
        return task.dataset in REPORT_NEW_TEMPLATES
    return bool(task.kind) and task.eval_split == "test"


def _members(names: list[str]) -> tuple[Member, ...]:
    return tuple(Member(name) for name in names)


_TASKS = _procedural()
_DOCUMENTS = [task for task in all_tasks() if task.cluster == "documents"]

add_mixture(
    Mixture(
        "procedural",
        _members([task.name for task in _TASKS if not task.kind]),
        cap=CAP,
        held_out=HeldOut(
            clusters=HELD_OUT_CLUSTERS,
            tasks=frozenset(task.name for task in _TASKS if task.kind == "new template"),
        ),
        description="Every training family: zero-shot, few-shot and, where there are rationales, chain of thought.",
    )
)
add_mixture(
    Mixture(
        "procedural_selection",
        _members([task.name for task in _TASKS if _is_selection(task)]),
        description="Held-out tasks that pick the checkpoint; none of them is reported.",
    )
)
add_mixture(
    Mixture(
        "procedural_report",
        _members([task.name for task in _TASKS if _is_report(task)]),
        description="Held-out tasks that are reported; none of them has a part in picking the checkpoint.",
    )
)
for _way in WAYS:
    add_mixture(
        Mixture(
            f"procedural_{_way.name}",
            _members([task.name for task in _DOCUMENTS if task.name.endswith(f"_{_way.name}")]),
            description=f"Pretraining text for {_way.what}: plain documents, no instructions.",
        )
    )
# What comes first in pretraining (gin/recipes/demo_copies.gin, demo_pairs.gin).
for _stage, _modules in {"copies": (copies,), "pairs": (copies, pairs)}.items():
    _kinds = {f"documents_{name}" for module in _modules for name in vars(module)}
    add_mixture(
        Mixture(
            f"procedural_{_stage}",
            _members([task.name for task in _DOCUMENTS if task.dataset in _kinds and task.name.endswith("_again")]),
            description=f"The {_stage} among the pretraining documents, by which a model learns to find words.",
        )
    )
