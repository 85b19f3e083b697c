"""The registry of tasks, mixtures and suites, put back as it was."""

import contextlib
from collections.abc import Iterator

from flan_jax.declare import known_counts
from flan_jax.declare import registry as task_registry
from flan_jax.declare import task_folders as suites


@contextlib.contextmanager
def restored() -> Iterator[None]:
    """What is registered and activated inside is gone afterwards."""
    state = (
        task_registry._TASKS,
        task_registry._MIXTURES,
        suites._ACTIVE,
        suites._JOINED,
        known_counts._LOADERS,
        known_counts._COUNTS,
    )
    before = [type(part)(part) for part in state]
    try:
        yield
    finally:
        for part, old in zip(state, before, strict=True):
            part.clear()
            part.extend(old) if isinstance(part, list) else part.update(old)
