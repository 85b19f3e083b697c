"""What was already asked and answered: one line of JSON an item, appended as answers come.

A killed evaluation finds its answers here by the hash of everything that decides them, so that it goes on where it
stopped, and no item is asked twice. A line that the kill cut in half is taken off when the file is opened again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from flan_jax.core.disk import is_sealed, naming, sealed, unsealed
from flan_jax.core.errors import CheckpointError, Setting
from flan_jax.evaluate.language_models.requests import Generated
from flan_jax.evaluate.results.record import Record, generated_from_json, generated_to_json

JOURNAL = "journal.jsonl"  # its name in an evaluation's folder
OWNER = "model"  # the key of the line that says whose answers these are
_REASONING = "/reasoning"  # ends the key of an item's reasoning, which is kept before its answer is there

__all__ = ["JOURNAL", "OWNER", "Journal", "content_key", "read_records"]


def content_key(value: Any) -> str:
    """sha256 of a JSON value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_records(path: str | os.PathLike[str]) -> list[Record]:
    """The answered items of a journal, which is left as it is, even while an evaluation writes to it; none where there
    is no file. Raises `CheckpointError` with file and line for what is not a record."""
    if not os.path.exists(path):
        return []
    with Journal(None) as journal:
        pass  # nothing of it is to be written
    journal.path = pathlib.Path(path)
    journal._read()
    return list(journal.records.values())


class Journal:
    """An append-only JSONL file of answers by key; a context manager.

    `records` are the answered items that the file held when it was opened and those added since, `reasoning` the first
    generations of items whose answer may be still to come, `owner` the model's line, None where there is none.
    """

    def __init__(self, path: str | os.PathLike[str] | None):
        """Reads `path` if it exists; None keeps nothing on disk, for processes that are not the one that writes.

        Raises `CheckpointError` with file and line for what is not a record, and for a file that another evaluation
        is writing to.
        """
        self.records: dict[str, Record] = {}
        self.reasoning: dict[str, tuple[Generated, ...]] = {}
        self.owner: Mapping[str, Any] | None = None
        self.path = pathlib.Path(os.devnull if path is None else path)
        if path is None:
            self._file = open(self.path, "ab")
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(self.path, "ab")
        try:
            self._keep_others_out()
            whole_bytes = self._read()
        except BaseException:
            self._file.close()
            raise
        if self._file.tell() > whole_bytes:
            self._file.truncate(whole_bytes)
            self._file.seek(whole_bytes)

    def add(self, record: Record) -> None:
        """Appends one record. Raises `CheckpointError` for a key that is there: nothing is answered twice."""
        if record.key in self.records:
            raise CheckpointError(
                f"{self.path} already has an answer under {record.key[:12]}: an item is to be asked once"
            )
        self._append(record.to_json())
        self.records[record.key] = record

    def add_reasoning(self, key: str, reasoning: Sequence[Generated]) -> None:
        """Appends what the item `key` is reasoned with, which its answer is to be asked after."""
        self._append({"key": key + _REASONING, "reasoning": generated_to_json(reasoning)})
        self.reasoning[key] = tuple(reasoning)

    def claim(self, fingerprint: str, model: str) -> None:
        """Makes the journal one model's, by a line of its own; it is to be called before anything is asked.

        Raises `CheckpointError` for a journal of another model, or one with answers of nobody knows which.
        """
        if not self.records and not self.reasoning and self.owner is not None:
            # Of an evaluation that ended before an answer: its line would keep every other model out.
            self._file.truncate(0)
            self._file.seek(0)
            self.owner = None
        owner = self.owner
        if owner is None and (self.records or self.reasoning):
            raise CheckpointError(
                f"{self.path} does not say which model answered: name another folder with ", Setting("--out")
            )
        if owner is None:
            self.owner = {"key": OWNER, "fingerprint": fingerprint, "model": model}
            self._append(self.owner)
        elif owner["fingerprint"] != fingerprint:
            same = " asked with other settings, such as --dtype" if owner["model"] == model else ""
            raise CheckpointError(
                f"{self.path} has the answers of another model{same}, {owner['model']} "
                f"({owner['fingerprint'][:12]}), not of {model} ({fingerprint[:12]}): name another folder with ",
                Setting("--out"),
                ", or delete this one",
            )

    def sync(self) -> None:
        """Makes what was added survive a crash of the machine."""
        with naming(self.path):
            self._file.flush()
            if self.path.is_file():
                os.fsync(self._file.fileno())

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sync()
        self._file.close()

    def _keep_others_out(self) -> None:
        """Until it is closed, or the process dies; not on a file system without locks."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CheckpointError(
                f"another evaluation is writing to {self.path}: wait for it or stop it, or name another folder with ",
                Setting("--out"),
            ) from error
        except OSError:
            pass

    def _append(self, value: Mapping[str, Any]) -> None:
        # Flushed, which a killed process survives; what a crash of the machine takes is asked again, so no fsync a
        # line.
        with naming(self.path):
            self._file.write(json.dumps(sealed(value), ensure_ascii=False).encode() + b"\n")
            self._file.flush()

    def _read(self) -> int:
        """Reads all whole lines; returns how many bytes they take."""
        whole_bytes = 0
        with naming(self.path), open(self.path, "rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                try:
                    value = json.loads(line)
                    self._take(unsealed(line) if is_sealed(value) else value)  # those of before have no seal
                except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
                    raise CheckpointError(
                        f"{self.path}:{number} is not a line of an evaluation's journal ({error}): remove that line, "
                        f"or the file to start over"
                    ) from error
                whole_bytes += len(line)
        return whole_bytes

    def _take(self, value: Mapping[str, Any]) -> None:
        key = value["key"]
        if key == OWNER:
            self.owner = value
        elif key.endswith(_REASONING):
            self.reasoning[key.removesuffix(_REASONING)] = generated_from_json(value["reasoning"])
        else:
            self.records[key] = Record.from_json(value)
