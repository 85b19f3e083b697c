"""Whether what is cached of a mixture is what it would be now, for who reads the cache and builds none."""

from __future__ import annotations

import pathlib

from flan_jax.cache import native
from flan_jax.cache.availability import missing_lines
from flan_jax.cache.rates import resolve_rates
from flan_jax.core.errors import CacheError, some_of
from flan_jax.core.manifest import MixtureManifest, read_split_manifest, split_dir
from flan_jax.declare.registry import mixture_members
from flan_jax.declare.task import Mixture, Task

__all__ = ["changed_since"]


def changed_since(mixture: Mixture, manifest: MixtureManifest, root: pathlib.Path, vocab_fingerprint: str) -> str:
    """What has changed since a mixture was cached, a clause; "" for nothing. Tasks whose data are not on this machine
    count as they are cached, since nothing can be seen of them.

    Args:
      mixture: as it is registered now.
      manifest: of the mixture as cached.
      root: the cache's.
      vocab_fingerprint: of the tokenizer.
    """
    missing = missing_lines(mixture)
    here = {task.name: task for task in mixture_members(mixture) if task.name not in missing}
    cached = set(manifest.splits)
    if others := sorted((set(here) - cached) | (cached - set(here) - set(missing))):
        return f"it had other tasks ({some_of(others, 3)})"
    changed = []
    for name, roles in manifest.splits.items():
        for split in roles.values():
            if name in here and _is_changed(here[name], split, root, vocab_fingerprint):
                changed.append(f"{name}/{split}")
    if changed:
        return f"its data or wordings were others ({some_of(changed, 3)})"
    rates = resolve_rates(mixture, manifest.num_examples, frozenset(set(missing) - cached))
    return "" if rates == dict(manifest.rates) else "its rates were others"


def _is_changed(task: Task, split: str, root: pathlib.Path, vocab_fingerprint: str) -> bool:
    try:
        manifest = read_split_manifest(split_dir(root, task.name, split), vocab_fingerprint)
    except CacheError:
        return True
    return manifest.fingerprint != native.fingerprint(task, split, manifest.max_inputs_length)
