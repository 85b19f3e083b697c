"""Super-NaturalInstructions (Wang et al. 2022), read from a folder in the layout of its repository.

Suite `niv2`: TASK_SUITES = {'niv2': FOLDER}, where FOLDER has `tasks/*.json` and `splits/default/*_tasks.txt`.
"""

from flan_jax.core.suites import add_suite
from flan_jax.tasks.niv2.register import register_niv2

__all__ = ["register_niv2"]

add_suite("niv2", register_niv2)
