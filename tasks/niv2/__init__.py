"""Super-NaturalInstructions (Wang et al. 2022): every task is registered, and reads its file when rows are asked for.

Suite `niv2`: TASK_SUITES = {'niv2': FOLDER}, where FOLDER has `tasks/*.json` and `splits/default/*_tasks.txt`, makes
the training, selection and report mixtures of what that folder has.
"""

from flan_jax.declare.task_folders import add_suite
from flan_jax.tasks.niv2 import register  # noqa: F401
from flan_jax.tasks.niv2.source import SUITE
from flan_jax.tasks.niv2.suite import register_niv2

__all__ = ["register_niv2"]

add_suite(SUITE, register_niv2)
