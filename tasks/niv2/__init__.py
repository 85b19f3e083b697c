"""Super-NaturalInstructions (Wang et al. 2022): every task is registered, and reads its file when rows are asked for.

TASK_FOLDERS = {'niv2': FOLDER}, where FOLDER has `tasks/*.json` and `splits/default/*_tasks.txt`, makes the training,
selection and report mixtures of what that folder has.
"""

from flan_jax.declare.task_folders import add_task_folder
from flan_jax.tasks.niv2 import register  # noqa: F401
from flan_jax.tasks.niv2.folder import register_niv2
from flan_jax.tasks.niv2.source import TASK_FOLDER

__all__ = ["register_niv2"]

add_task_folder(TASK_FOLDER, register_niv2)
