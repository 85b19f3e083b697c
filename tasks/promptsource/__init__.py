"""Every prompt of a PromptSource checkout as a task, rendered from the data sets themselves.

TASK_FOLDERS = {'promptsource': FOLDER}, FOLDER being the checkout. docs/t0.md says where the data sets' rows go.
"""

from flan_jax.declare.task_folders import add_task_folder
from flan_jax.tasks.promptsource.register import register_promptsource

__all__ = ["register_promptsource"]

add_task_folder("promptsource", register_promptsource)
