"""Chain-of-thought data sets as the FLAN collection ships them: a folder of question / answer / rationale TSV files.

Suite `cot`: TASK_SUITES = {'cot': FOLDER}.
"""

from flan_jax.core.suites import add_suite
from flan_jax.tasks.cot.register import register_cot

__all__ = ["register_cot"]

add_suite("cot", register_cot)
