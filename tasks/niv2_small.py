"""The real-data recipe's training mixture: Super-NaturalInstructions and chain of thought together.

Registered once both folders, `niv2` and `cot`, are active.
"""

from flan_jax.declare.registry import add_mixture, get_mixture, mixture_members
from flan_jax.declare.task import Member, Mixture
from flan_jax.declare.task_folders import add_joint

CAP = (
    1_000  # examples a task: 100 of each instruction task, so that the long chain-of-thought sets don't crowd them out
)


def register_niv2_small() -> None:
    """Adds `niv2_small_train`, which keeps the promises of `niv2_train`."""
    niv2, cot = get_mixture("niv2_train"), get_mixture("cot_train")
    # QASC is a source of the official test tasks: their split keeps it out of training, and so does this mixture.
    allowed = [task.name for task in mixture_members(cot) if niv2.held_out.violation(task) is None]
    members = (*niv2.members, *(Member(name) for name in allowed))
    description = "niv2_train, and the sets of cot_train that it does not hold out; examples-proportional with a cap."
    add_mixture(Mixture("niv2_small_train", members, cap=CAP, held_out=niv2.held_out, description=description))


add_joint(register_niv2_small, needs=("niv2", "cot"))
