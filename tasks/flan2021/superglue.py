"""What the SuperGLUE and GLUE data sets have in common: their terms, and records in their publishers' own JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flan_jax.tasks.flan2021.samples import label_position

LICENCE = "SuperGLUE: each data set under its authors' terms, research use"
GLUE_LICENCE = "GLUE: the data set under its authors' terms, research use"

__all__ = ["GLUE_LICENCE", "LICENCE", "native"]


def native(*labels: str) -> Callable[[Mapping[str, Any]], list[dict[str, Any]]]:
    """Reads a record whose fields have TFDS's names and whose label is one of `labels` in words. What it returns raises
    `ValueError` for another label."""

    def convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [{**record, "label": label_position(record, "label", labels)}]

    return convert
