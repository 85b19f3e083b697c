"""Demonstrations that people wrote, for supervised finetuning as InstructGPT's (Ouyang et al. 2022).
docs/demonstrations.md says how they are curated, and how to bring your own.

Suite `demonstrations`: TASK_SUITES = {'demonstrations': FOLDER}, a folder of JSONL files, for a folder elsewhere than
DATA_DIR/human_demonstrations.
"""

from flan_jax.declare.task_folders import add_suite
from flan_jax.tasks.demonstrations.register import register_demonstrations, register_own_demonstrations
from flan_jax.tasks.demonstrations.source import DemonstrationSource

__all__ = ["DemonstrationSource", "register_demonstrations", "register_own_demonstrations"]

register_demonstrations()
add_suite("demonstrations", register_own_demonstrations)
