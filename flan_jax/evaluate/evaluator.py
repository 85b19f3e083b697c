"""Scores a model on held-out tasks: greedy generation, answer ranking, metrics, intervals."""

from __future__ import annotations

import dataclasses
import pathlib
import time
from collections.abc import Callable, Sequence

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from flan_jax.core.errors import ConfigError, TaskError
from flan_jax.core.manifest import CachedExample, SplitManifest, read_mixture_manifest
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.data import CacheReader, DecoderRows
from flan_jax.data.rows import trim_inputs
from flan_jax.decode import Greedy, Stop, generate, score_targets
from flan_jax.evaluate.batches import (
    GenerationBatch,
    OptionBatch,
    Prompt,
    generation_batches,
    option_batches,
)
from flan_jax.evaluate.config import EvalConfig
from flan_jax.evaluate.metrics import Exchange, RankedOptions, get_metric
from flan_jax.evaluate.metrics.options import rank
from flan_jax.evaluate.metrics.rouge import copy_input_baseline
from flan_jax.evaluate.results import GROUPS, EvalResults, Sample, TaskResult
from flan_jax.evaluate.statistics import mean_interval
from flan_jax.models import DecoderConfig, ModelConfig, Params

BATCH_AXES = ("data", "fsdp")
Progress = Callable[[int, int], None]

__all__ = ["Evaluator", "Progress"]


@dataclasses.dataclass(frozen=True)
class _HeldOutTask:
    """A task's examples as they are asked: `keys` number them over all tasks."""

    manifest: SplitManifest
    group: str
    format: str
    examples: tuple[CachedExample, ...]
    prompts: tuple[Prompt, ...]
    num_trimmed: int


@dataclasses.dataclass
class _Outputs:
    """What the model said, by key."""

    texts: dict[int, str] = dataclasses.field(default_factory=dict)
    unfinished: set[int] = dataclasses.field(default_factory=set)
    option_log_probs: dict[int, np.ndarray] = dataclasses.field(default_factory=dict)
    num_tokens: int = 0


class Evaluator:
    """Reads the held-out examples once; `run` may then be called at any step.

    All tasks' examples are pooled into batches of a few shapes, which compile at the first run. On a mesh the batch
    is split over its `data` and `fsdp` axes, parameters stay as they are; with several processes all of them call
    `run` and get the same results.
    """

    def __init__(
        self,
        cache_root: str | pathlib.Path,
        vocabulary: Vocabulary,
        model_config: ModelConfig,
        config: EvalConfig,
        mesh: Mesh | None = None,
    ):
        """
        Args:
          cache_root: one tokenizer's cache folder (`core.manifest.cache_root`).
          vocabulary: the cache's and the model's.
          model_config: the model that `run` is given the parameters of.
          config: tasks and how to score them.
          mesh: devices to split batches over; None for where the parameters are.

        Raises `CacheError` for a task that is not cached, `TaskError` for an unknown metric, `ConfigError` for a task
        that both selects and is reported, or a batch that the mesh cannot split.
        """
        self.config, self.model_config, self.vocabulary = config, model_config, vocabulary
        self._layout: DecoderRows | None = None
        if isinstance(model_config, DecoderConfig):
            self._layout = DecoderRows(model_config.start_id, model_config.prompt_end)
        self._sharding = None if mesh is None else NamedSharding(mesh, PartitionSpec(_batch_axes(mesh)))
        self._num_shards = 1 if mesh is None else int(np.prod([mesh.shape[a] for a in _batch_axes(mesh)]))
        if config.batch_size % self._num_shards:
            below = config.batch_size // self._num_shards * self._num_shards
            nearest = " or ".join(str(n) for n in (below, below + self._num_shards) if n)
            raise ConfigError(
                f"EvalConfig.batch_size {config.batch_size} is not divisible by the mesh's {self._num_shards} batch "
                f"shards: use {nearest}"
            )
        with CacheReader(pathlib.Path(cache_root), vocabulary.fingerprint) as reader:
            self._tasks = self._read_tasks(reader, pathlib.Path(cache_root))

    def run(self, params: Params, step: int, on_batch: Progress | None = None) -> EvalResults:
        """Scores `params`; deterministic. `on_batch(done, total)` is called after each batch."""
        start = time.monotonic()
        outputs = _Outputs()
        batches: list[GenerationBatch | OptionBatch] = [*self._generation_batches(), *self._option_batches()]
        for done, batch in enumerate(batches, 1):
            if isinstance(batch, GenerationBatch):
                self._generate(params, batch, outputs)
            else:
                self._score_options(params, batch, outputs)
            if on_batch is not None:
                on_batch(done, len(batches))
        results = {task.manifest.task: self._result(task, outputs) for task in self._tasks}
        return EvalResults(step, results, time.monotonic() - start, outputs.num_tokens)

    def task_names(self) -> dict[str, list[str]]:
        """Group -> the tasks in it."""
        return {group: [task.manifest.task for task in self._tasks if task.group == group] for group in GROUPS}

    def copy_input_scores(self) -> dict[str, np.ndarray]:
        """Task -> ROUGE-L [n] of answering with the instance's own input: a floor for free-form tasks."""
        return {
            task.manifest.task: np.array(
                [
                    copy_input_baseline(self.vocabulary.decode(prompt.tokens), references)
                    for prompt, references in zip(task.prompts, _references(task), strict=True)
                ]
            )
            for task in self._tasks
        }

    def _read_tasks(self, reader: CacheReader, root: pathlib.Path) -> list[_HeldOutTask]:
        splits: dict[str, dict[str, str]] = {group: {} for group in GROUPS}
        for group in GROUPS:
            for name in getattr(self.config, group):
                splits[group].update(_eval_splits(root, name, self.config.split))
        if both := sorted(set(splits["selection"]) & set(splits["report"])):
            raise ConfigError(
                f"{len(both)} tasks are in a selection and in a report mixture ({', '.join(both[:5])}): a gain "
                f"reported on what picked the checkpoint is not held out; take them out of one"
            )
        tasks: list[_HeldOutTask] = []
        num_keys = 0
        for group in GROUPS:
            for name, split in sorted(splits[group].items()):
                tasks.append(self._read_task(reader, name, split, group, num_keys))
                num_keys += len(tasks[-1].examples)
        return tasks

    def _read_task(self, reader: CacheReader, name: str, split: str, group: str, first_key: int) -> _HeldOutTask:
        manifest = reader.manifest(name, split)
        if not manifest.metrics:
            raise TaskError(f"task {name} names no metric, so it cannot be scored: give Task.metrics at least one")
        metrics = [get_metric(metric) for metric in manifest.metrics]
        num = manifest.num_examples if self.config.limit is None else min(self.config.limit, manifest.num_examples)
        examples = tuple(reader.read_many(name, split, range(num)))
        if any(metric.needs == "options" for metric in metrics):
            for example in examples:
                if not example.options:
                    raise TaskError(
                        f"row {example.index} of task {name} has no answer options, which its metrics need: render "
                        f"options, or use exact_match"
                    )
        limit = self.config.targets_length
        if all(metric.is_length_bound for metric in metrics):
            longest = max((self._longest_reference(example) for example in examples), default=1)
            limit = min(limit, 2 * longest)  # the same text may be spelt in more tokens than the vocabulary would use
        trimmed = [self._prompt(example) for example in examples]
        num_trimmed = sum(len(e.inputs_tokens) > self._longest_inputs for e in examples)
        prompts = tuple(Prompt(first_key + i, tokens, limit) for i, tokens in enumerate(trimmed))
        return _HeldOutTask(manifest, group, manifest.format, examples, prompts, num_trimmed)

    @property
    def _longest_inputs(self) -> int:
        """Tokens of inputs that fit `config.inputs_length` with what a decoder's prompt begins with."""
        layout = self._layout
        return self.config.inputs_length - (layout is not None and layout.start_id is not None)

    def _prompt(self, example: CachedExample) -> np.ndarray:
        """An example's inputs, trimmed, as the model learnt to read them."""
        inputs = trim_inputs(example.inputs_tokens, self._longest_inputs)
        return inputs if self._layout is None else self._layout.prompt(inputs)

    def _longest_reference(self, example: CachedExample) -> int:
        encoded = self.vocabulary.encode_batch(example.references)
        return max([len(example.targets_tokens), *(len(tokens) + 1 for tokens in encoded)])

    def _generation_batches(self) -> list[GenerationBatch]:
        prompts = [p for task in self._tasks if _generates(task) for p in task.prompts]
        return list(generation_batches(prompts, self.config.inputs_length, self.config.batch_size))

    def _option_batches(self) -> list[OptionBatch]:
        prompts: list[Prompt] = []
        options: list[list[np.ndarray]] = []
        for task in self._tasks:
            if _ranks(task):
                prompts += task.prompts
                for example in task.examples:
                    encoded = self.vocabulary.encode_batch(example.options)
                    options.append([np.array([*tokens, self.vocabulary.eos_id], np.int32) for tokens in encoded])
        config = self.config
        return list(option_batches(prompts, options, config.inputs_length, config.batch_size, self._num_shards))

    def _generate(self, params: Params, batch: GenerationBatch, outputs: _Outputs) -> None:
        arrays = (batch.inputs_BL, batch.input_lengths_B, batch.limits_B)
        generated = generate(
            self.model_config,
            params,
            *(self._place(a) for a in arrays),
            self.config.targets_length,
            Greedy(),
            stop=Stop(eos_ids=(self.vocabulary.eos_id,)),
        )
        tokens_BT, num_tokens_B, finished_B = (
            _whole(a)[:, 0] for a in (generated.tokens_BMT, generated.num_tokens_BM, generated.finished_BM)
        )
        for row, key in enumerate(batch.keys):
            outputs.texts[key] = self.vocabulary.decode(tokens_BT[row, : num_tokens_B[row]])
            outputs.num_tokens += int(num_tokens_B[row])
            if not finished_B[row]:
                outputs.unfinished.add(key)

    def _score_options(self, params: Params, batch: OptionBatch, outputs: _Outputs) -> None:
        arrays = (batch.inputs_BL, batch.prompt_R, batch.targets_RT, batch.lengths_R)
        scores_R = _whole(
            score_targets(
                self.model_config,
                params,
                *(self._place(a) for a in arrays),
                input_lengths_B=self._place(batch.input_lengths_B),
            )
        )
        for row, score in zip(batch.rows, scores_R, strict=False):  # rows that fill the batch have no OptionRow
            log_probs = outputs.option_log_probs.setdefault(row.key, np.full(row.num_options, np.nan, np.float32))
            log_probs[row.position] = score
            outputs.num_tokens += len(row.tokens)

    def _place(self, array: np.ndarray) -> jax.Array | np.ndarray:
        if self._sharding is None:
            return array
        return jax.make_array_from_callback(array.shape, self._sharding, lambda index: array[index])

    def _result(self, task: _HeldOutTask, outputs: _Outputs) -> TaskResult:
        manifest, config = task.manifest, self.config
        references = _references(task)
        keys = [prompt.key for prompt in task.prompts]
        texts = [outputs.texts[key] for key in keys] if _generates(task) else []
        judges = any(get_metric(name).needs == "exchange" for name in manifest.metrics)  # they alone read the prompt
        exchanges = [
            Exchange(self.vocabulary.decode(prompt.tokens) if judges else "", (text,), text.strip() or None)
            for prompt, text in zip(task.prompts, texts, strict=False)
        ]
        ranked = []
        if _ranks(task):
            ranked = [self._ranked(e, outputs.option_log_probs[k]) for e, k in zip(task.examples, keys, strict=True)]
        correct = [options.positions(accepted) for options, accepted in zip(ranked, references, strict=False)]
        metrics = [get_metric(name) for name in manifest.metrics]
        scores = {
            metric.name: np.array(
                [metric.score(*pair) for pair in zip(ranked, correct, strict=True)]
                if metric.needs == "options"
                else [metric.score(*pair) for pair in zip(exchanges, references, strict=True)]
            )
            for metric in metrics
        }
        first = scores[metrics[0].name]
        interval = mean_interval(
            first, confidence=config.confidence, num_resamples=config.num_resamples, seed=config.seed
        )
        predictions = texts
        if metrics[0].needs == "options":
            predictions = [output.options[rank(output)] for output in ranked]
        samples = tuple(
            Sample(
                task.examples[i].index,
                self.vocabulary.decode(task.prompts[i].tokens),
                predictions[i],
                references[i][0],
                float(first[i]),
            )
            for i in range(min(config.num_samples, len(keys)))
        )
        return TaskResult(
            task=manifest.task,
            cluster=manifest.cluster,
            kind=manifest.kind,
            group=task.group,
            format=task.format,
            metric=metrics[0].name,
            score=interval.mean,
            low=interval.low,
            high=interval.high,
            scores=tuple(float(score) for score in first),
            metrics={name: float(values.mean()) for name, values in scores.items()},
            chance=manifest.chance,
            n=len(keys),
            num_examples=manifest.num_examples,
            num_empty=sum(not text.strip() for text in texts),
            num_unfinished=sum(key in outputs.unfinished for key in keys),
            num_trimmed=task.num_trimmed,
            num_unanswerable=sum(not positions for positions in correct),
            samples=samples,
        )

    def _ranked(self, example: CachedExample, log_probs: np.ndarray) -> RankedOptions:
        num_tokens = tuple(len(tokens) + 1 for tokens in self.vocabulary.encode_batch(example.options))
        return RankedOptions(example.options, tuple(float(value) for value in log_probs), num_tokens)


def _batch_axes(mesh: Mesh) -> tuple[str, ...]:
    return tuple(axis for axis in BATCH_AXES if axis in mesh.axis_names)


def _eval_splits(root: pathlib.Path, name: str, split: str | None) -> dict[str, str]:
    """Task -> split to score, for a task or mixture cached under `name`."""
    manifest = read_mixture_manifest(root, name)
    found = {}
    for task, splits in manifest.splits.items():
        chosen = split or splits.get("eval")
        if chosen is None:
            raise ConfigError(
                f"task {task} of {name} has no cached evaluation split: give it an eval_split, or name another split "
                f"in EvalConfig.split"
            )
        found[task] = chosen
    return found


def _generates(task: _HeldOutTask) -> bool:
    return any(get_metric(name).needs != "options" for name in task.manifest.metrics)


def _ranks(task: _HeldOutTask) -> bool:
    return any(get_metric(name).needs == "options" for name in task.manifest.metrics)


def _references(task: _HeldOutTask) -> list[Sequence[str]]:
    return [example.references for example in task.examples]


def _whole(array: jax.Array) -> np.ndarray:
    """The whole array on every process."""
    if array.is_fully_addressable:
        return np.asarray(array)
    return np.asarray(multihost_utils.process_allgather(array, tiled=True))
