"""The project's own tasks: imported by conftest.py before any test file registers tasks of its own."""

import flan_jax.tasks  # noqa: F401
from flan_jax.declare.registry import all_tasks

TASKS = tuple(all_tasks())
