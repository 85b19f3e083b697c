"""What the translation data sets have in common. From a language into English is the plain direction; three templates
are turned around and translate from English."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Mapping
from typing import Any

from flan_jax.core.errors import TaskError
from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import GENERATION, Dataset
from flan_jax.tasks.flan2021.samples import Sample, read_lines

__all__ = ["translation"]

ENGLISH = "eng_Latn.dev"


def templates(language: str) -> tuple[Template, ...]:
    """The ten wordings for one language."""
    return (
        Template("Translate into English: {foreign}"),
        Template(f"{{foreign}}\n\nWhat does this {language} text mean in English?"),
        Template(f"{language}: {{foreign}}\nEnglish:"),
        Template("How would one put the following in English?\n\n{foreign}"),
        Template(f'Somebody said in {language}: "{{foreign}}" Repeat it in English.'),
        Template(f"Here is a line in {language}. Give an English version of it.\n{{foreign}}"),
        Template(f"I do not understand {language}. Please tell me what this says.\n\n{{foreign}}"),
        Template(f"Translate this into {language}.\n\n{{answer}}", targets="{foreign}"),
        Template(f"English: {{answer}}\n{language}:", targets="{foreign}"),
        Template(f'How do you say "{{answer}}" in {language}?', targets="{foreign}"),
    )


def translation(
    name: str,
    tfds: str,
    code: str,
    language: str,
    flores: str,
    licence: str,
    train: str = "train[:30000]",
    validation: str = "validation[:200]",
    test: str = "test",
) -> Dataset:
    """The data set of one language pair. `code` is the language in TFDS, `flores` its file in FLORES-200."""

    def fields(row: Row) -> Mapping[str, Any] | None:
        foreign, english = row[code].strip(), row["en"].strip()
        return {"foreign": foreign, "answer": english} if foreign and english else None

    return Dataset(
        name=name,
        cluster="translation",
        tfds=tfds,
        licence=licence,
        train=train,
        validation=validation,
        test=test,
        features=(code, "en"),
        fields=fields,
        makes=("foreign", "answer"),
        left_out="with an empty side",
        metrics=GENERATION,
        templates=templates(language),
        sample=Sample(
            train=(f"flores200_dev500/{flores}.dev",),
            read=functools.partial(_read_aligned, code),
            convert=lambda record: [record],
            licence="CC BY-SA 4.0",
            note=f"500 lines of FLORES-200's development set beside the English ones in {ENGLISH}, a stand-in for "
            f"{tfds.partition(':')[0]}, for all splits",
        ),
    )


def _read_aligned(code: str, path: pathlib.Path) -> list[dict[str, str]]:
    """The lines of `path` with those of the English file beside it. Raises `TaskError` where their numbers differ."""
    pairs = [[record["line"] for record in read_lines(file)] for file in (path, path.with_name(ENGLISH))]
    if len(pairs[0]) != len(pairs[1]):
        raise TaskError(f"{path} has {len(pairs[0])} lines, {ENGLISH} beside it {len(pairs[1])}: they must be aligned")
    return [{code: foreign, "en": english} for foreign, english in zip(*pairs, strict=True)]
