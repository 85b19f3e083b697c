"""Tokenises our own tasks without SeqIO: the same text and the same ids as the bridged `seqio.Task` gives."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import itertools
import json
import traceback
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from flan_jax.core.errors import FlanError, TaskError
from flan_jax.core.manifest import FORMAT_VERSION, CachedExample, SplitManifest
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.core.written import can_write
from flan_jax.declare.example import Rendered, has_empty_option, is_blank
from flan_jax.declare.fitting import Kept, fit_groups
from flan_jax.declare.registry import get_task as find_task
from flan_jax.declare.task import Task
from flan_jax.sources.source import cleaned, content_fingerprint, left_out

CHUNK_EXAMPLES = 512  # examples a tokeniser call: larger gains nothing, smaller pays for the calls
FINGERPRINT_ROWS = 64

__all__ = [
    "Tally",
    "blank_manifest",
    "find_task",
    "fingerprint",
    "fit_exemplars",
    "num_renderings",
    "render",
    "tokenise",
]


@dataclasses.dataclass
class Tally:
    """What happened to a split's rows on the way. `dropped_rows` holds the first few row numbers a reason, `cleaned`
    what was taken off texts, and how often, `odd_options` the first few rows whose answer options can hardly be meant,
    and `num_odd_options` how many there are, `unwritten` the examples that the vocabulary cannot write (as
    `SplitManifest` has them)."""

    dropped: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    dropped_rows: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    cleaned: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    num_odd_options: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    odd_options: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    exemplars_dropped: int = 0
    examples_shortened: int = 0
    exemplars_missing: int = 0
    num_exemplars: int = 0  # the most in one prompt
    unwritten: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def drop(self, reason: str, index: int) -> None:
        """Counts one row that is left out."""
        self.dropped[reason] += 1
        _note_row(self.dropped_rows, reason, index)

    def look_at_options(
        self, options: Sequence[str], answers: Sequence[str], index: int, vocabulary: Vocabulary
    ) -> None:
        """Counts an example with options that are one, the same, or not the answer.

        Args:
          options, answers: of the example.
          index: of its row.
          vocabulary: by which options are ranked: what is the same in its tokens is the same.
        """
        if not options:
            return
        for what, is_odd in (
            ("an answer that is none of the options", not any(answer in options for answer in answers)),
            ("an option that is there twice", _are_alike(options, vocabulary)),
            ("one option alone", len(options) == 1),
        ):
            if is_odd:
                self.num_odd_options[what] += 1
                _note_row(self.odd_options, what, index)

    def count_unwritten(self, inputs: bool, targets: bool, references: bool) -> None:
        """Counts what of an example cannot be written."""
        found = {"inputs": inputs, "targets": targets, "references": references}
        self.unwritten.update(part for part, is_lost in found.items() if is_lost)


def _are_alike(options: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether two options are one to whoever ranks them: but for white space around them, or in the same tokens."""
    if len({option.strip() for option in options}) < len(options):
        return True
    # Nearly all options differ in more, and need no tokeniser.
    if len({" ".join(unicodedata.normalize("NFKC", option).casefold().split()) for option in options}) == len(options):
        return False
    return len(set(map(tuple, vocabulary.encode_batch(options)))) < len(options)


def _note_row(rows: dict[str, list[int]], what: str, index: int) -> None:
    first = rows.setdefault(what, [])
    if len(first) < 5 and index not in first:
        first.append(index)


def render(
    task: Task, split: str, indices: Sequence[int] | None = None, rendering: int = 0
) -> Iterator[tuple[int, Rendered]]:
    """`task.rendered`, where an error of the renderer's own names the task, the row and the line of code.

    Args:
      split: the source's split.
      indices: rows to render; None for all of them.
      rendering: number of the text, of a task that has several of each row.
    """
    # Not a `for` loop: the `try` is around the renderer alone.
    count = 0
    examples = task.rendered(split, indices, rendering)
    while True:
        try:
            item = next(examples, None)
        except FlanError:
            raise
        except Exception as error:
            row = count if indices is None else indices[count] if count < len(indices) else "?"
            frame = traceback.extract_tb(error.__traceback__)[-1]
            raise TaskError(
                f"task {task.name}, split {split}, row {row}: {type(error).__name__}: {error} "
                f"({frame.filename}:{frame.lineno})"
            ) from error
        if item is None:
            return
        count += 1
        yield item


def fit_exemplars(
    examples: Sequence[Rendered], vocabulary: Vocabulary, max_inputs_length: int | None
) -> tuple[list[list[int]], list[Kept]]:
    """(token ids of each input without EOS, positions of the exemplars that stay in each).

    Exemplars go (`flan_jax.declare.fitting`) until the input with its EOS fits `max_inputs_length` tokens, or the share
    of them that the example may take with exemplars (`Rendered.budget`). An input that is too long without any is left
    whole: the feed trims it, and counts it, for the row length of the run.
    """
    ids: dict[tuple[int, Kept], list[int]] = {}

    def encode(numbers: Sequence[int], kept: Sequence[Kept]) -> None:
        texts = [examples[i].inputs_with(positions) for i, positions in zip(numbers, kept, strict=True)]
        ids.update(zip(zip(numbers, kept, strict=True), vocabulary.encode_batch(texts), strict=True))

    def fit(numbers: Sequence[int], kept: Sequence[Kept]) -> list[bool]:
        encode(numbers, kept)
        return [
            max_inputs_length is None or len(ids[i, positions]) + 1 <= int(max_inputs_length * examples[i].budget)
            for i, positions in zip(numbers, kept, strict=True)
        ]

    kept = dict(enumerate(fit_groups([example.groups or (len(example.exemplars),) for example in examples], fit)))
    bare = [i for i, positions in kept.items() if (i, positions) not in ids]
    encode(bare, [kept[i] for i in bare])
    return [ids[item] for item in kept.items()], list(kept.values())


def tokenise(
    task: Task, split: str, vocabulary: Vocabulary, max_inputs_length: int | None, tally: Tally
) -> Iterator[CachedExample]:
    """Yields the tokenised examples of a split in row order, and keeps `tally`.

    Inputs and targets end in EOS. A task with a pretraining objective has a document as targets and no inputs. All
    renderings of a row come one after another, and go together where one of them is empty, has an empty answer option
    or is longer than the task's `max_inputs_tokens`.

    Args:
      vocabulary: what text is tokenised with.
      max_inputs_length: tokens of an input with EOS, beyond which exemplars are dropped; None keeps them all.
    """
    # What the source itself left out, such as rows without a gold label (`flan_jax.tasks.flan2021.source`).
    tally.dropped.update(left_out(task.source, split))
    tally.cleaned.update(cleaned(task.source, split))
    renderings = num_renderings(task, split)
    rendered = itertools.chain.from_iterable(
        zip(*(render(task, split, rendering=rendering) for rendering in range(renderings)), strict=True)
    )
    # Whole rows: whether a row is left out depends on all its renderings.
    chunk_examples = max(1, CHUNK_EXAMPLES // renderings) * renderings
    while chunk := list(itertools.islice(rendered, chunk_examples)):
        examples = [example for _, example in chunk]
        targets_ids = vocabulary.encode_batch([example.targets for example in examples])
        if task.objective is None:
            inputs_ids, kept = fit_exemplars(examples, vocabulary, max_inputs_length)
        else:
            inputs_ids, kept = [[] for _ in examples], [tuple(range(len(e.exemplars))) for e in examples]
        # A row goes with all its renderings, as the feed finds rendering v of row r at r * num_renderings + v.
        unfit: dict[int, str] = {}  # row -> the first thing that is wrong with one of its renderings
        for (index, example), inputs, targets in zip(chunk, inputs_ids, targets_ids, strict=True):
            # By the text too: some vocabularies write white space.
            if not targets or is_blank(example.targets):
                unfit.setdefault(index, "empty_targets")
            elif task.objective is None and (not inputs or is_blank(example.inputs())):
                unfit.setdefault(index, "empty_inputs")
            elif has_empty_option(example.options):
                unfit.setdefault(index, "empty_option")
            elif task.max_inputs_tokens is not None and len(inputs) + 1 > task.max_inputs_tokens:
                unfit.setdefault(index, f"inputs_over_{task.max_inputs_tokens}_tokens")
        for index, reason in unfit.items():
            tally.drop(reason, index)
        are_written = can_write(vocabulary, [example.targets for example in examples], targets_ids)
        are_answerable = _answerable(vocabulary, examples, are_written)
        for number, ((index, example), inputs, targets, stay) in enumerate(
            zip(chunk, inputs_ids, targets_ids, kept, strict=True)
        ):
            if index in unfit:
                continue
            tally.look_at_options(example.options, example.references or (example.targets,), index, vocabulary)
            has_unknown = vocabulary.count_unknown(inputs) > 0
            if has_unknown or not are_written[number] or not are_answerable[number]:
                tally.count_unwritten(has_unknown, not are_written[number], not are_answerable[number])
            dropped = len(example.exemplars) - len(stay)
            tally.exemplars_dropped += dropped
            tally.examples_shortened += dropped > 0
            tally.exemplars_missing += example.exemplars_missing
            tally.num_exemplars = max(tally.num_exemplars, len(example.exemplars) - dropped)
            yield CachedExample(
                inputs_tokens=np.array([*inputs, vocabulary.eos_id] if task.objective is None else [], np.int32),
                targets_tokens=np.array([*targets, vocabulary.eos_id], np.int32),
                references=example.references or (example.targets,),
                options=example.options,
                index=index,
            )


def _answerable(vocabulary: Vocabulary, examples: Sequence[Rendered], are_written: Sequence[bool]) -> list[bool]:
    """Whether the vocabulary can write an accepted answer of each example; `are_written` says so of its target."""
    found = [
        is_written and (not example.references or example.targets in example.references)
        for example, is_written in zip(examples, are_written, strict=True)
    ]
    # Few are left, so that nearly all references of a data set need no second encoding.
    left = [number for number, is_answerable in enumerate(found) if not is_answerable and examples[number].references]
    texts = [text for number in left for text in examples[number].references]
    verdicts = iter(can_write(vocabulary, texts))
    for number in left:
        found[number] = any([next(verdicts) for _ in examples[number].references])
    return found


def num_renderings(task: Task, split: str) -> int:
    """Texts of a row that the cache holds: several of a training row where the task asks for them, else one."""
    return task.renderings if split == task.train_split else 1


def fingerprint(task: Task, split: str, max_inputs_length: int | None) -> str:
    """Hex sha256 that changes with the task's text: of the row count, the rendered text of `FINGERPRINT_ROWS` rows
    spread evenly over the split (first and last among them), the task's own attributes and the cache's format; and of
    all rows, where the source can say what changes with them (`flan_jax.sources.source.content_fingerprint`)."""
    task.check_split(split)
    num_rows = len(task.source.rows(split))
    renderings = num_renderings(task, split)
    spread = np.linspace(0, num_rows - 1, min(num_rows, FINGERPRINT_ROWS)).round().astype(int).tolist()
    digest = hashlib.sha256()
    # What most tasks do without is added only where it is there, here and below: caches from before it was thought of
    # stay fresh.
    attributes = [FORMAT_VERSION, num_rows, max_inputs_length, *_attributes(task).values()]
    if task.max_inputs_tokens is not None:
        attributes.append(task.max_inputs_tokens)
    for read in dict.fromkeys((split, task.exemplar_split)):
        content = None if read is None else content_fingerprint(task.source, read)
        if content is not None:
            attributes.append(content)
    digest.update(json.dumps(attributes).encode())
    for rendering in range(renderings):
        for index, example in render(task, split, spread, rendering):
            pieces: tuple[object, ...] = (example.preamble, example.exemplars, example.query, example.targets)
            pieces += (example.references, example.options)
            if example.budget != 1.0:
                pieces += (example.budget,)
            if has_empty_option(example.options):  # such rows were cached once
                pieces += ("left out",)
            if len(example.groups) > 1:
                pieces += (example.groups,)
            digest.update(json.dumps([index, *pieces]).encode())
    return digest.hexdigest()


def blank_manifest(
    task: Task, split: str, vocabulary: Vocabulary, max_inputs_length: int | None, print_of_text: str, tally: Tally
) -> SplitManifest:
    """The split's manifest, but for the files and their count.

    Args:
      task: the task.
      vocabulary: what text is tokenised with.
      max_inputs_length: tokens of an input with EOS, beyond which exemplars are dropped; None keeps them all.
      print_of_text: the fingerprint of the rendered text.
      tally: where what was dropped and shortened is counted.
    """
    return SplitManifest(
        task=task.name,
        split=split,
        **_attributes(task),
        pipeline="native",
        fingerprint=print_of_text,
        vocab_fingerprint=vocabulary.fingerprint,
        vocab_size=vocabulary.size,
        num_examples=0,
        shards=(),
        lengths_sha256="",
        dropped=dict(tally.dropped),
        cleaned=dict(tally.cleaned),
        exemplars_dropped=tally.exemplars_dropped,
        examples_shortened=tally.examples_shortened,
        max_inputs_length=max_inputs_length,
        num_exemplars=tally.num_exemplars,
        num_renderings=num_renderings(task, split),
        exemplars_missing=tally.exemplars_missing,
        unwritten=dict(tally.unwritten),
    )


def _attributes(task: Task) -> dict[str, Any]:
    return {
        "cluster": task.cluster,
        "kind": task.kind,
        "objective": task.objective,
        "metrics": task.metrics,
        "chance": task.chance,
    }
