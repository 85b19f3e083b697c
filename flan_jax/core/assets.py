"""What ships inside the package: the embedded vocabulary and the demo's LM-adapted weights."""

from __future__ import annotations

import os
import pathlib

from flan_jax.core.errors import ConfigError

ASSETS = pathlib.Path(__file__).resolve().parent.parent / "assets"
EMBEDDED_VOCAB = ASSETS / "procedural.model"
PREFIX = "embedded:"

__all__ = ["ASSETS", "EMBEDDED_VOCAB", "PREFIX", "resolve"]


def resolve(path: str | os.PathLike[str]) -> str:
    """`embedded:NAME` as the path of that asset; any other path as it is, as text."""
    path = os.fspath(path)
    if not path.startswith(PREFIX):
        return path
    asset = ASSETS / path.removeprefix(PREFIX)
    if not asset.exists():
        known = ", ".join(sorted(PREFIX + p.name for p in ASSETS.iterdir()))
        raise ConfigError(f"{path} is not in the package; it has {known}")
    return str(asset)
