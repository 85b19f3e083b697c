"""Our tasks and mixtures in SeqIO's registries, for any program that knows `seqio.get_mixture_or_task`.

The same rendering with the same seeds, the same tokens: a test compares them with the cache. Rows that the cache drops
(empty targets, empty inputs) are filtered here too. A mixture's rates count source rows, before such drops, as SeqIO's
own `mixing_rate_num_examples` does for tasks that it has not cached.

Tasks in a format, `TASK__FORMAT`, are there where a mixture has them; `register_all` takes the names of others.

Four things have no counterpart in SeqIO: pretraining objectives (such a task gives plain documents as `targets`; the
feed applies the objective), metrics that rank options, a mixture's promise of what it holds out, and several renderings
of a row (SeqIO reads the first in every epoch).
"""

from __future__ import annotations

import atexit
import functools
import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import seqio
import tensorflow as tf
from tensorflow.python.data.ops.iterator_ops import OwnedIterator

from flan_jax.cache.native import render
from flan_jax.cache.rates import resolve_rates
from flan_jax.declare.example import has_empty_option, is_blank
from flan_jax.declare.fitting import Kept, fit_groups
from flan_jax.declare.registry import all_mixtures, all_tasks, get_task, mixture_members
from flan_jax.declare.task import Mixture, Task
from flan_jax.evaluate.metrics import Exchange, get_metric

NUM_SENTINELS = 100

__all__ = ["RenderedSource", "register_all"]


@atexit.register
def _end_iterators() -> None:
    """Ends iterators that a program leaves alive, while Python still runs.

    TensorFlow's threads make their next examples by calling Python. Those that call while the interpreter shuts down
    never come back, and whoever destroys the iterator later waits for them for ever, or the process aborts.
    """
    for iterator in [found for found in gc.get_objects() if isinstance(found, OwnedIterator)]:
        # The only reference to what TensorFlow destroys by itself, and waits for, without holding Python's lock.
        iterator._iterator_resource = None


class RenderedSource(seqio.DataSource):
    """Rendered examples of one of our tasks, in row order, still in the pieces of `declare.example.Rendered`."""

    def __init__(self, task: Task):
        super().__init__(splits=task.splits())
        self._task = task

    @property
    def supports_arbitrary_sharding(self) -> bool:
        """Rows are made by one generator: SeqIO shards the examples."""
        return False

    def list_shards(self, split: str) -> Sequence[str]:
        """One shard a split."""
        return [split]

    def num_input_examples(self, split: str) -> int:
        """Rows of the split, before empty ones are dropped."""
        return len(self._task.source.rows(split))

    def get_dataset(
        self,
        split: str = "train",
        shuffle: bool = True,
        seed: int | None = None,
        shard_info: seqio.ShardInfo | None = None,
        *,
        sequence_length: Mapping[str, int] | None = None,
        use_cached: bool = False,
        num_epochs: int | None = 1,
    ) -> tf.data.Dataset:
        """The split's examples. `shuffle` leaves their order to SeqIO's shuffle buffer.

        Args:
          split: the split's name.
          shuffle: whether SeqIO will shuffle.
          seed: of that shuffle; not read here.
          shard_info: which of how many shards; None for all rows.
          sequence_length: not read: text has no length yet.
          use_cached: not read: nothing is cached.
          num_epochs: how often to go through; None for ever.
        """
        text, texts = tf.TensorSpec([], tf.string), tf.TensorSpec([None], tf.string)
        signature = {"preamble": text, "query": text, "targets": text, "exemplars": texts}
        signature |= {"references": texts, "options": texts, "index": tf.TensorSpec([], tf.int64)}
        signature |= {"budget": tf.TensorSpec([], tf.float64), "groups": tf.TensorSpec([None], tf.int64)}
        dataset = tf.data.Dataset.from_generator(lambda: self._examples(split), output_signature=signature)
        return dataset.shard(shard_info.num_shards, shard_info.index) if shard_info else dataset

    def _examples(self, split: str) -> Iterator[dict[str, Any]]:
        for index, example in render(self._task, split):
            if is_blank(example.targets) or (self._task.objective is None and is_blank(example.inputs())):
                continue  # as `_drop_empty` does of what has no tokens: some vocabularies write white space
            if has_empty_option(example.options):
                continue
            yield {
                "preamble": example.preamble,
                "query": example.query,
                "targets": example.targets,
                "exemplars": np.array(example.exemplars, object),
                "references": np.array(example.references or (example.targets,), object),
                "options": np.array(example.options, object),
                "index": index,
                "budget": example.budget,
                "groups": np.array(example.groups or (len(example.exemplars),), np.int64),
            }


def register_all(
    vocab_path: str | os.PathLike[str], num_sentinels: int = NUM_SENTINELS, names: Sequence[str] = ()
) -> tuple[int, int]:
    """Adds to SeqIO's registries what is in ours and not yet there; returns how many (tasks, mixtures) were added.
    names: tasks in a format that no mixture has, to be added too.

    The vocabulary is read when a task is first used. To be called again after `flan_jax.declare.task_folders.activate`.
    """
    vocabulary = seqio.SentencePieceVocabulary(os.fspath(vocab_path), extra_ids=num_sentinels)
    known = set(seqio.TaskRegistry.names())
    in_formats = [task for mixture in all_mixtures() for task in mixture_members(mixture) if task.base]
    wanted = {task.name: task for task in (*all_tasks(), *in_formats, *map(get_task, names))}
    tasks = [task for task in wanted.values() if task.name not in known and task.splits()]
    for task in tasks:
        _add_task(task, vocabulary)
    mixtures = [mixture for mixture in all_mixtures() if mixture.name not in seqio.MixtureRegistry.names()]
    for mixture in mixtures:
        _add_mixture(mixture)
    return len(tasks), len(mixtures)


def _add_task(task: Task, vocabulary: seqio.Vocabulary) -> None:
    names = ("inputs", "targets") if task.objective is None else ("targets",)
    seqio.TaskRegistry.add(
        task.name,
        source=RenderedSource(task),
        preprocessors=[
            _join_pieces if task.objective is None else _keep_document,
            seqio.preprocessors.tokenize,
            # Before EOS is there, after which nothing is empty.
            _drop_empty,
            *([_drop_longer(task.max_inputs_tokens)] if task.max_inputs_tokens is not None else []),
            seqio.preprocessors.append_eos_after_trim,
        ],
        output_features={name: seqio.Feature(vocabulary, add_eos=True) for name in names},
        postprocess_fn=_references_or_text,
        metric_fns=[_metric_fn(name) for name in task.metrics if get_metric(name).needs != "options"],
    )


def _drop_longer(max_inputs_tokens: int) -> Callable[[tf.data.Dataset], tf.data.Dataset]:
    """A preprocessor that leaves out examples of more input tokens, EOS included (`Task.max_inputs_tokens`)."""
    # `<`, since EOS is not there yet.
    return lambda dataset: dataset.filter(lambda example: tf.size(example["inputs"]) < max_inputs_tokens)


def _add_mixture(mixture: Mixture) -> None:
    # Counted when a rate is first asked for: registering reads no source.
    @functools.cache
    def rates() -> dict[str, float]:
        counts = {
            task.name: len(task.source.rows(task.splits()[0])) for task in mixture_members(mixture) if task.splits()
        }
        return resolve_rates(mixture, counts)

    # Flat, with resolved rates: SeqIO's nested mixtures take numbers only.
    tasks = [(task.name, lambda seqio_task: rates()[seqio_task.name]) for task in mixture_members(mixture)]
    seqio.MixtureRegistry.add(mixture.name, tasks)


def _join_pieces(
    dataset: tf.data.Dataset,
    output_features: Mapping[str, seqio.Feature],
    sequence_length: Mapping[str, int] | None,
) -> tf.data.Dataset:
    """Joins preamble, exemplars and query, with as many exemplars as fit the length of `inputs`."""
    limit = (sequence_length or {}).get("inputs")
    vocabulary = output_features["inputs"].vocabulary

    def join_fitting(preamble: bytes, exemplars: np.ndarray, query: bytes, budget: float, groups: np.ndarray) -> bytes:
        def text(kept: Kept) -> bytes:
            return preamble + b"".join(exemplars[position] for position in kept) + query

        def fit(_: Sequence[int], kept: Sequence[Kept]) -> list[bool]:
            return [
                limit is None or len(vocabulary.encode(text(one).decode())) + 1 <= int(limit * budget) for one in kept
            ]

        (kept,) = fit_groups([groups.tolist()], fit)
        return text(kept)

    def join(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        pieces = [example.pop(name) for name in ("preamble", "exemplars", "query", "budget", "groups")]
        if limit is None:
            inputs = tf.strings.join([pieces[0], tf.strings.reduce_join(pieces[1]), pieces[2]])
        else:
            # In Python, as it takes the tokeniser to know what fits; numpy_function forgets the shape.
            inputs = tf.ensure_shape(tf.numpy_function(join_fitting, pieces, tf.string), [])
        return {**example, "inputs": inputs}

    return dataset.map(join, num_parallel_calls=tf.data.AUTOTUNE)


def _keep_document(dataset: tf.data.Dataset) -> tf.data.Dataset:
    return dataset.map(lambda example: {name: example[name] for name in ("targets", "references", "index")})


def _drop_empty(dataset: tf.data.Dataset, output_features: Mapping[str, seqio.Feature]) -> tf.data.Dataset:
    return dataset.filter(
        lambda example: tf.reduce_all([tf.size(example[name]) > 0 for name in output_features if name in example])
    )


def _references_or_text(text: str, example: Mapping[str, Any] | None = None, is_target: bool = False) -> Any:
    if not is_target or example is None or "references" not in example:
        return text
    return tuple(tf.compat.as_text(reference) for reference in np.asarray(example["references"]).tolist())


def _metric_fn(name: str) -> Callable[..., dict[str, float]]:
    """SeqIO's form of our metric: the mean over examples, in [0, 1]."""

    def metric(targets: Sequence[Any], predictions: Sequence[str]) -> dict[str, float]:
        references = [(target,) if isinstance(target, str) else tuple(target) for target in targets]
        said = [Exchange("", (text,), text.strip() or None) for text in predictions]
        scores = [get_metric(name).score(*pair) for pair in zip(said, references, strict=True)]
        return {name: float(np.mean(scores))}

    metric.__name__ = name
    return metric
