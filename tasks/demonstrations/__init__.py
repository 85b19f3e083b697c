"""Demonstrations that people wrote, for supervised finetuning as InstructGPT's (Ouyang et al. 2022).
docs/demonstrations.md says how they are curated, and how to bring your own.

TASK_FOLDERS = {'demonstrations': FOLDER}, a folder of JSONL files, for a folder elsewhere than
DATA_DIR/human_demonstrations.
"""

from flan_jax.declare.task_folders import add_task_folder
from flan_jax.tasks.demonstrations.register import register_demonstrations, register_own_demonstrations
from flan_jax.tasks.demonstrations.source import DemonstrationSource

__all__ = ["DemonstrationSource", "register_demonstrations", "register_own_demonstrations"]

register_demonstrations()
add_task_folder("demonstrations", register_own_demonstrations)
