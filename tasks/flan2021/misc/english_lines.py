"""What the three text-formatting data sets have in common: the English side of ParaCrawl's English-Danish, each from a
part of its own, spoilt in a way that can be put right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset
from flan_jax.tasks.flan2021.samples import Sample, read_lines

__all__ = ["english_lines"]


def english_lines(
    name: str, train: str, validation: str, spoil: Callable[[str], str], templates: tuple[Template, ...], left_out: str
) -> Dataset:
    """The data set whose task is to restore a line from `spoil(line)`. Lines on which that changes nothing, or leaves
    nothing, are left out."""

    def fields(row: Row) -> Mapping[str, Any] | None:
        line = " ".join(row["en"].split())
        spoilt = spoil(line)
        return {"text": spoilt, "answer": line} if spoilt and spoilt != line else None

    return Dataset(
        name=name,
        cluster="misc",
        tfds="para_crawl/enda:1.2.0",
        licence="CC0",
        train=train,
        validation=validation,
        test="train[-3000:]",
        features=("en",),
        fields=fields,
        makes=("text", "answer"),
        left_out=left_out,
        metrics=("exact_match", "rouge_l"),
        templates=templates,
        sample=Sample(
            train=("flores200_dev500/eng_Latn.dev",),
            read=read_lines,
            convert=lambda record: [{"en": record["line"]}],
            licence="CC BY-SA 4.0",
            note="500 English lines of FLORES-200, a stand-in for ParaCrawl",
        ),
    )
