"""A study as one tidy table, for people's own programs: CSV and Parquet."""

from __future__ import annotations

import csv
import io
import pathlib
from collections.abc import Sequence

from flan_jax.core.disk import naming, write_text_atomically
from flan_jax.core.errors import StudyError
from flan_jax.study.scores import Scores
from flan_jax.study.study import COLUMNS, Study

__all__ = ["write_table"]


def write_table(study: Study, name: str, scores: Sequence[Scores], folder: pathlib.Path) -> list[pathlib.Path]:
    """Writes `table.csv` and `table.parquet` into the study's folder: a column an axis, then those of `Scores`.

    Args:
      study: the study.
      name: of the study, its first column.
      scores: its lines.
      folder: of the study.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not scores:
        raise StudyError(f"{folder} has no run that is done, so there is no table: run the study")
    axes = list(study.axes)
    header = [COLUMNS[0], *axes, *COLUMNS[1:]]
    lines = [
        {"study": name, **each.levels, **{column: getattr(each, column) for column in COLUMNS[1:]}} for each in scores
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    folder.mkdir(parents=True, exist_ok=True)
    csv_path, parquet_path = folder / "table.csv", folder / "table.parquet"
    write_text_atomically(csv_path, text.getvalue())
    partial = parquet_path.with_name(f".{parquet_path.name}.partial")
    with naming(parquet_path):
        pq.write_table(pa.Table.from_pylist([{column: line[column] for column in header} for line in lines]), partial)
        partial.replace(parquet_path)
    return [csv_path, parquet_path]
