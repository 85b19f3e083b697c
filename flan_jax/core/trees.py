"""Nested dictionaries, as models' parameters are, and the same flat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["flatten", "unflatten"]


def flatten(tree: Mapping[str, Any], sep: str = "/") -> dict[str, Any]:
    """Names joined by `sep` -> leaves, in the tree's order; empty dictionaries are left out."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat.update({f"{name}{sep}{rest}": leaf for rest, leaf in flatten(value, sep).items()})
        else:
            flat[name] = value
    return flat


def unflatten(flat: Mapping[str, Any], sep: str = "/") -> dict[str, Any]:
    """The nested dictionary that `flatten` made flat."""
    tree: dict[str, Any] = {}
    for name, leaf in flat.items():
        *folders, last = name.split(sep)
        at = tree
        for folder in folders:
            at = at.setdefault(folder, {})
        at[last] = leaf
    return tree
