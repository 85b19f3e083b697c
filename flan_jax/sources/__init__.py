"""Your own data as a task's source, one class a format: JSONL, CSV and TSV, Parquet, ArrayRecord, a folder that Hugging
Face `datasets` has saved, and rows in memory. docs/add_a_dataset.md walks through it.

A source names files when it is made and reads them when rows are asked for. Rows stay on disk: what is kept in memory
is an index, or one chunk of a columnar file. What cannot be read is a `TaskError` with file and line.
"""

from flan_jax.sources.array_record import ArrayRecordSource, write_array_record
from flan_jax.sources.columnar import ParquetSource
from flan_jax.sources.folder import DataFolderSource
from flan_jax.sources.hugging_face import HuggingFaceFolderSource
from flan_jax.sources.jsonl import JsonlSource
from flan_jax.sources.mapped import MappedSource
from flan_jax.sources.memory import MemorySource
from flan_jax.sources.separated import CsvSource
from flan_jax.sources.source import Row, Source

__all__ = [
    "ArrayRecordSource",
    "CsvSource",
    "DataFolderSource",
    "HuggingFaceFolderSource",
    "JsonlSource",
    "MappedSource",
    "MemorySource",
    "ParquetSource",
    "Row",
    "Source",
    "write_array_record",
]
