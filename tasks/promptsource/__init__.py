"""Every prompt of a PromptSource checkout as a task, rendered from the data sets themselves.

Suite `promptsource`: TASK_SUITES = {'promptsource': FOLDER}, FOLDER being the checkout. docs/t0.md says where the data
sets' rows go.
"""

from flan_jax.declare.task_folders import add_suite
from flan_jax.tasks.promptsource.register import register_promptsource

__all__ = ["register_promptsource"]

add_suite("promptsource", register_promptsource)
