"""The nine chain-of-thought sets of Flan 2022: every one is registered, and reads its file when rows are asked for.

TASK_FOLDERS = {'cot': FOLDER}, a folder of `<set>_train.tsv` files, makes the mixture of those it has.
"""

from flan_jax.declare.task_folders import add_task_folder
from flan_jax.tasks.cot.register import register_cot
from flan_jax.tasks.cot.sources import TASK_FOLDER

__all__ = ["register_cot"]

add_task_folder(TASK_FOLDER, register_cot)
