"""Caches tasks that only SeqIO knows: a user's own `seqio.TaskRegistry.add`, with any preprocessors.

The pipeline is run once, in order and with a fixed seed. Where a task of ours is a member of a SeqIO mixture it is
still cached natively. Same four functions as `native`: find_task, fingerprint, tokenise, blank_manifest.
"""

from __future__ import annotations

import functools
import hashlib
import types
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import seqio
import tensorflow as tf

from flan_jax.cache.jobs import NATIVE, SEQIO, MixtureJobs, list_jobs, splits_by_role
from flan_jax.cache.native import Tally
from flan_jax.core.errors import CacheError, TaskError, counted, did_you_mean
from flan_jax.core.manifest import FORMAT_VERSION, CachedExample, SplitManifest
from flan_jax.core.own_code import own_code
from flan_jax.core.vocabulary import EOS_ID, Vocabulary
from flan_jax.core.written import can_write
from flan_jax.declare.example import has_empty_option
from flan_jax.declare.registry import all_tasks
from flan_jax.declare.registry import get_task as get_own_task
from flan_jax.evaluate.metrics import METRICS

SEED = 0
CLUSTER = "seqio"
FINGERPRINT_EXAMPLES = 16
_LIBRARIES = ("seqio", "t5", "tensorflow", "tensorflow_datasets", "functools", "")
# Metric functions that SeqIO users bring (t5.evaluation.metrics), by what we call the same score.
METRIC_NAMES = {
    "accuracy": "exact_match",
    "exact_match": "exact_match",
    "sequence_accuracy": "exact_match",
    "rouge": "rouge_l",
    "rouge_mean": "rouge_l",
    "squad": "token_f1",
    "trivia_qa": "token_f1",
}

__all__ = [
    "CLUSTER",
    "blank_manifest",
    "find_task",
    "fingerprint",
    "function_name",
    "jobs_of_seqio_mixture",
    "metric_names",
    "tokenise",
]


def jobs_of_seqio_mixture(name: str, roles: Collection[str], eval_split: str | None) -> MixtureJobs:
    """What caching takes of a task or mixture in SeqIO's registry. Rates are what its rate functions say."""
    mixture = seqio.get_mixture_or_task(name)
    tasks = [mixture] if isinstance(mixture, seqio.Task) else mixture.tasks
    own = {task.name for task in all_tasks()}
    used, pipelines = {}, {}
    for task in tasks:
        if task.name in own:
            ours = get_own_task(task.name)
            used[task.name] = splits_by_role(ours.train_split, eval_split or ours.eval_split)
        else:
            # SeqIO does not say which split a task is judged on.
            held = [split for split in ("validation", "test") if split in task.splits]
            train_split = "train" if "train" in task.splits else None
            used[task.name] = splits_by_role(train_split, eval_split or (held[0] if held else None))
        pipelines[task.name] = NATIVE if task.name in own else SEQIO

    for line in _not_taken([task for task in tasks if task.name not in own]):
        print(f"cache {name}: {line}", flush=True)

    def rates(num_examples: Mapping[str, int]) -> dict[str, float]:
        if isinstance(mixture, seqio.Task):
            return {name: float(num_examples[name])}
        rates = {task.name: _rate(mixture, task) for task in tasks}
        if not sum(rates.values()) > 0:
            raise CacheError(f"mixture {name}: all rates are zero; give at least one member a positive rate")
        return rates

    return MixtureJobs(
        mixture=name,
        jobs=list_jobs(name, used, roles, pipelines),
        roles=used,
        rates=rates,
        cap=None,
        temperature=1.0,
        held_out={"clusters": [], "datasets": [], "tasks": []},
    )


def _not_taken(tasks: Sequence[seqio.Task]) -> list[str]:
    """Lines on what SeqIO's tasks say and a cache has no place for."""
    lines = []
    if judged := [task.name for task in tasks if getattr(task, "postprocessor", None) is not None]:
        lines.append(
            f"the postprocess_fn of {counted(len(judged), 'SeqIO task')}, as {judged[0]}, is not run: answers are "
            f"compared as text, by the metric of the same name"
        )
    without = [task.name for task in tasks if not all(feature.add_eos for feature in task.output_features.values())]
    if without:
        lines.append(
            f"{counted(len(without), 'SeqIO task')}, as {without[0]}, with add_eos=False: here inputs and targets "
            f"end in EOS all the same"
        )
    return lines


def find_task(name: str) -> seqio.Task:
    """The task called `name` in SeqIO's registry."""
    return seqio.TaskRegistry.get(name)


def fingerprint(task: seqio.Task, split: str, max_inputs_length: int | None) -> str:
    """Hex sha256 of the first examples (tokens, references, options), the row count (if the source knows it), the code
    of preprocessors and the names of metrics."""
    digest = hashlib.sha256()
    parts = [FORMAT_VERSION, task.source.num_input_examples(split), max_inputs_length, metric_names(task)]
    digest.update(repr([*parts, [function_name(fn) for fn in task.preprocessors]]).encode())
    for example in _dataset(task, split, max_inputs_length).take(FINGERPRINT_EXAMPLES).as_numpy_iterator():
        for feature in ("inputs", "targets"):
            digest.update(np.asarray(example[feature], "<i4").tobytes() + b"|")
        texts = _texts(example, "references", "targets_pretokenized"), _texts(example, "options")
        digest.update(repr(texts).encode())
    digest.update(own_code(map(_bare, task.preprocessors)).encode())
    return digest.hexdigest()


def _bare(preprocessor: Any) -> Any:
    """A user's function without what `functools.partial` gives it, which the examples show; None for a library's."""
    while isinstance(preprocessor, functools.partial):
        preprocessor = preprocessor.func
    root = (getattr(preprocessor, "__module__", None) or "").partition(".")[0]
    return None if root in _LIBRARIES or not isinstance(preprocessor, types.FunctionType) else preprocessor


def tokenise(
    task: seqio.Task, split: str, vocabulary: Vocabulary, max_inputs_length: int | None, tally: Tally
) -> Iterator[CachedExample]:
    """Yields the pipeline's examples. EOS is added where a sequence does not end in it.

    Accepted answers are the example's `references`, else its `targets_pretokenized`, else the decoded targets.

    Args:
      task: SeqIO's task.
      split: the source's split.
      vocabulary: what text is tokenised with.
      max_inputs_length: tokens of an input with EOS, beyond which exemplars are dropped; None keeps them all.
      tally: where what was dropped and shortened is counted.
    """
    _check_vocabulary(task, vocabulary)
    for index, example in enumerate(_dataset(task, split, max_inputs_length).as_numpy_iterator()):
        inputs, targets = (_without_eos(example[name]) for name in ("inputs", "targets"))
        empty = [name for name, ids in (("empty_targets", targets), ("empty_inputs", inputs)) if not len(ids)]
        if empty:
            tally.drop(empty[0], index)
            continue
        options = _texts(example, "options")
        if has_empty_option(options):
            tally.drop("empty_option", index)
            continue
        references = _texts(example, "references", "targets_pretokenized") or (vocabulary.decode(targets),)
        tally.look_at_options(options, references, index, vocabulary)
        # SeqIO gives tokens, with the text of them in the references at best.
        has_unknown, is_lost = (vocabulary.count_unknown(ids.tolist()) > 0 for ids in (inputs, targets))
        tally.count_unwritten(has_unknown, is_lost, is_lost and not any(can_write(vocabulary, references)))
        yield CachedExample(
            inputs_tokens=_with_eos(inputs),
            targets_tokens=_with_eos(targets),
            references=references,
            options=options,
            index=index,
        )


def blank_manifest(
    task: seqio.Task,
    split: str,
    vocabulary: Vocabulary,
    max_inputs_length: int | None,
    print_of_text: str,
    tally: Tally,
) -> SplitManifest:
    """The split's manifest, but for the files and their count.

    Args:
      task: SeqIO's task.
      vocabulary: what text is tokenised with.
      max_inputs_length: tokens of an input with EOS, beyond which exemplars are dropped; None keeps them all.
      print_of_text: the fingerprint of the rendered text.
      tally: where what was dropped and shortened is counted.
    """
    return SplitManifest(
        task=task.name,
        split=split,
        cluster=CLUSTER,
        kind="",
        objective=None,
        metrics=metric_names(task),
        chance=0.0,
        pipeline=SEQIO,
        fingerprint=print_of_text,
        vocab_fingerprint=vocabulary.fingerprint,
        vocab_size=vocabulary.size,
        num_examples=0,
        shards=(),
        lengths_sha256="",
        dropped=dict(tally.dropped),
        exemplars_dropped=0,
        examples_shortened=0,
        max_inputs_length=max_inputs_length,
        unwritten=dict(tally.unwritten),
    )


def metric_names(task: seqio.Task) -> tuple[str, ...]:
    """Our names of the task's metric functions. Raises `TaskError` for a function that we have no counterpart of."""
    names = []
    for metric_fn in task.metric_fns:
        given = function_name(metric_fn)
        name = METRIC_NAMES.get(given, given)
        if name not in METRICS:
            known = sorted({*METRIC_NAMES, *METRICS})
            raise TaskError(
                f"SeqIO task {task.name} is scored by {given!r}, which has no counterpart here"
                f"{did_you_mean(given, known) or '.'} Name the function after one of {', '.join(known)}, or add a "
                f"metric to flan_jax.evaluate.metrics"
            )
        names.append(name)
    return tuple(dict.fromkeys(names))


def _dataset(task: seqio.Task, split: str, max_inputs_length: int | None) -> tf.data.Dataset:
    for name in ("inputs", "targets"):
        if name not in task.output_features:
            raise TaskError(
                f"SeqIO task {task.name} has the features {', '.join(task.output_features)}; inputs and targets are "
                f"needed: for plain documents, register a task of ours with an objective"
            )
    if split not in task.splits:
        raise TaskError(f"SeqIO task {task.name} has no split {split!r}; it has {', '.join(task.splits)}")
    lengths = None if max_inputs_length is None else {"inputs": max_inputs_length}
    # Not `task.get_dataset`: it hands the seed, which preprocessors must have, to sources that may not take one, and
    # trims inputs, which is for the feed to do and to count.
    dataset = task.source.get_dataset(split=split, shuffle=False, seed=None)
    dataset = task.preprocess_precache(dataset, seed=SEED)
    return task.preprocess_postcache(dataset, sequence_length=lengths, seed=SEED)


def _rate(mixture: seqio.Mixture, task: seqio.Task) -> float:
    try:
        return float(mixture.get_rate(task))
    except (TypeError, ValueError, AttributeError) as error:
        raise CacheError(
            f"mixture {mixture.name}: the rate function of {task.name} fails ({error}): a source that does not know "
            f"its number of examples needs a number as rate"
        ) from error


def _check_vocabulary(task: seqio.Task, vocabulary: Vocabulary) -> None:
    for name in ("inputs", "targets"):
        theirs = task.output_features[name].vocabulary
        path = getattr(theirs, "sentencepiece_model_file", None)
        if path is None:
            raise TaskError(f"SeqIO task {task.name}: {name} has a {type(theirs).__name__}, SentencePiece is needed")
        with tf.io.gfile.GFile(path, "rb") as file:
            fingerprint = hashlib.sha256(file.read() + f"|{theirs.extra_ids}".encode()).hexdigest()
        if fingerprint != vocabulary.fingerprint:
            raise CacheError(
                f"SeqIO task {task.name} tokenises {name} with {path} and {theirs.extra_ids} extra ids, this run with "
                f"{vocabulary.path} and {vocabulary.num_sentinels}: set VOCAB_PATH (--vocab_path) to the task's, or "
                f"change the task"
            )


def _without_eos(ids: np.ndarray) -> np.ndarray:
    ids = np.asarray(ids, np.int32).reshape(-1)
    if len(ids) and ids[-1] == EOS_ID:
        ids = ids[:-1]
    return ids


def _with_eos(ids: np.ndarray) -> np.ndarray:
    return np.append(ids, np.int32(EOS_ID)).astype(np.int32)


def _texts(example: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    for name in names:
        if name in example:
            values = np.asarray(example[name]).reshape(-1).tolist()
            if values and all(isinstance(value, bytes) for value in values):
                return tuple(value.decode() for value in values)
    return ()


def function_name(function: Any) -> str:
    """The name of a function, also of one inside `functools.partial`."""
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "__name__", type(function).__name__)
