"""Published headline scores, percent: Chung et al. 2022 (2210.11416), tables 1, 4, 5, 18 and 19, and model cards."""

from __future__ import annotations

from collections.abc import Mapping

from flan_jax.declare.benchmark import Published

__all__ = ["per_language", "table_4", "table_5"]

TABLE_5 = "Chung et al. 2022, table 5"
TABLE_4 = "Chung et al. 2022, table 4"

# model: MMLU direct, MMLU CoT, BBH direct, BBH CoT, TyDiQA direct, MGSM CoT
_COLUMNS = ("mmlu_direct", "mmlu_cot", "bbh_direct", "bbh_cot", "tydiqa_direct", "mgsm_cot")
_TABLE_5: dict[str, tuple[float, ...]] = {
    "T5-Small 80M": (26.7, 5.6, 27.0, 7.2, 0.0, 0.4),
    "Flan-T5-Small 80M": (28.7, 12.1, 29.1, 19.2, 1.1, 0.2),
    "T5-Base 250M": (25.7, 14.5, 27.8, 14.6, 0.0, 0.5),
    "Flan-T5-Base 250M": (35.9, 33.7, 31.3, 27.9, 4.1, 0.4),
    "T5-Large 780M": (25.1, 15.0, 27.7, 16.1, 0.0, 0.3),
    "Flan-T5-Large 780M": (45.1, 40.5, 37.5, 31.5, 12.3, 0.7),
    "T5-XL 3B": (25.7, 14.5, 27.4, 19.2, 0.0, 0.8),
    "Flan-T5-XL 3B": (52.4, 45.5, 41.0, 35.2, 16.6, 1.9),
    "T5-XXL 11B": (25.9, 18.7, 29.5, 19.3, 0.0, 1.0),
    "Flan-T5-XXL 11B": (55.1, 48.6, 45.3, 41.4, 19.0, 4.9),
    "PaLM 8B": (24.3, 24.1, 30.8, 30.1, 25.0, 3.4),
    "Flan-PaLM 8B": (49.3, 41.3, 36.4, 31.1, 47.5, 8.2),
    "PaLM 62B": (55.1, 49.0, 37.4, 43.0, 40.5, 18.2),
    "Flan-PaLM 62B": (59.6, 56.9, 47.5, 44.9, 58.7, 28.5),
    "PaLM 540B": (71.3, 62.9, 49.1, 63.7, 52.9, 45.9),
    "Flan-PaLM 540B": (73.5, 70.9, 57.9, 66.3, 67.8, 57.0),
    "cont-PaLM 62B": (61.2, 57.6, 41.7, 53.1, 45.7, 32.0),
    "Flan-cont-PaLM 62B": (66.1, 62.0, 51.0, 53.3, 62.7, 40.3),
    "U-PaLM 540B": (71.5, 64.0, 49.2, 62.4, 54.6, 49.9),
    "Flan-U-PaLM 540B": (74.1, 69.8, 59.3, 64.9, 68.3, 60.4),
}
# model, prompting: MMLU test, BBH NLP, BBH algorithmic, TyDiQA, MGSM
_TABLE_4: dict[tuple[str, str], tuple[float | None, ...]] = {
    ("PaLM 540B", "direct"): (69.3, 62.7, 38.3, 52.9, 18.3),
    ("PaLM 540B", "cot"): (64.5, 71.2, 57.6, None, 45.9),
    ("PaLM 540B", "cot+sc"): (69.5, 78.2, 62.2, None, 57.9),
    ("Flan-PaLM 540B", "direct"): (72.2, 70.0, 48.2, 67.8, 21.2),
    ("Flan-PaLM 540B", "cot"): (70.2, 72.4, 61.3, None, 57.0),
    ("Flan-PaLM 540B", "cot+sc"): (75.2, 78.4, 66.5, None, 72.0),
}
_TABLE_4_COLUMNS = ("mmlu", "bbh_nlp", "bbh_algorithmic", "tydiqa", "mgsm")


def table_5(column: str, format: str, split: str) -> tuple[Published, ...]:
    """One column of table 5 ("mmlu_direct", …) as rows of a benchmark."""
    place = _COLUMNS.index(column)
    return tuple(Published(model, format, split, row[place], TABLE_5) for model, row in _TABLE_5.items())


def table_4(
    column: str, split: str, group: str = "", formats: tuple[str, ...] = ("direct", "cot", "cot+sc")
) -> tuple[Published, ...]:
    """One column of table 4 ("mmlu", "bbh_nlp", …), of the promptings in `formats`."""
    place = _TABLE_4_COLUMNS.index(column)
    return tuple(
        Published(model, format, split, score, TABLE_4, group)
        for (model, format), row in _TABLE_4.items()
        if format in formats and (score := row[place]) is not None
    )


def per_language(
    languages: tuple[str, ...], rows: Mapping[str, tuple[float, ...]], format: str, split: str, source: str
) -> tuple[Published, ...]:
    """Each language's column of a per-language table."""
    return tuple(
        Published(model, format, split, score, source, language)
        for model, row in rows.items()
        for language, score in zip(languages, row, strict=True)
    )
