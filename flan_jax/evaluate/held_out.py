"""A held-out task of a mixture as items to be asked: its cached examples, whose prompts are tokens already.

A task whose metrics read text is asked in a format that generates, one whose metrics read options in a format that
ranks, and one with both kinds of metrics in both.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from flan_jax.core.errors import ConfigError, Setting, TaskError, some_of
from flan_jax.core.manifest import CachedExample, SplitManifest, read_mixture_manifest, split_dir
from flan_jax.core.own_code import own_code
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.data import CacheReader
from flan_jax.data.rows import trim_inputs
from flan_jax.declare.benchmark import Format, Item, Prompt
from flan_jax.declare.example import has_empty_option
from flan_jax.evaluate.aggregates.chance import chance_of
from flan_jax.evaluate.aggregates.statistics import mean_interval
from flan_jax.evaluate.ceiling import ceilings, too_long, unknown_questions
from flan_jax.evaluate.config import EvalConfig
from flan_jax.evaluate.metrics import get_metric
from flan_jax.evaluate.prompts import FittedPrompt
from flan_jax.evaluate.results.eval_results import Sample, TaskResult
from flan_jax.evaluate.results.record import Record
from flan_jax.evaluate.stop_texts import NO_STOP, StopTexts
from flan_jax.evaluate.work import Work
from flan_jax.models import ModelConfig

GENERATE, RANK = "generate", "rank"

__all__ = ["HeldOutTask", "read_task", "splits_of"]


@dataclasses.dataclass(frozen=True)
class HeldOutTask:
    """A task's examples as they are asked.

    Attributes:
      manifest: of the cached split.
      group: "selection" or "report".
      examples: those that are scored.
      prompts: int32 tokens of each example's prompt, as the model reads it.
      num_trimmed: prompts that lost their end.
      work: items to ask, of each format one an example, in the examples' order.
      asked: see `TaskResult`.
      scored_by: see `TaskResult`; taken before anything is scored, as a function may keep what it has seen.
      settings: see `TaskResult`.
    """

    manifest: SplitManifest
    group: str
    examples: tuple[CachedExample, ...]
    prompts: tuple[np.ndarray, ...]
    num_trimmed: int
    work: tuple[Work, ...]
    asked: str
    scored_by: str
    settings: Mapping[str, Any]

    @property
    def references(self) -> list[Sequence[str]]:
        """Accepted answers, an example each."""
        return [example.references for example in self.examples]

    def result(self, records: Mapping[str, Record], config: EvalConfig, vocabulary: Vocabulary) -> TaskResult:
        """The task's scores.

        Args:
          records: of all its work, by key.
          config: how many samples to keep, and how intervals are drawn.
          vocabulary: to show the samples' prompts as text.
        """
        by_format: dict[str, list[Record]] = {}
        for work in self.work:
            by_format.setdefault(work.format.name, []).append(records[work.key])
        format_of = {name: _format_of(name) for name in self.manifest.metrics}
        scores = {
            name: np.array([record.scores[name] for record in by_format[format]], np.float64)
            for name, format in format_of.items()
        }
        headline = self.manifest.metrics[0]
        interval = mean_interval(
            scores[headline], confidence=config.confidence, num_resamples=config.num_resamples, seed=config.seed
        )
        asked = [work for work in self.work if work.format.name == format_of[headline]]
        most = ceilings(vocabulary, asked)
        generated, ranked = by_format.get(GENERATE, []), by_format.get(RANK, [])
        shown = by_format[format_of[headline]][: config.num_samples]
        return TaskResult(
            task=self.manifest.task,
            cluster=self.manifest.cluster,
            kind=self.manifest.kind,
            group=self.group,
            format=self.manifest.format,
            metric=headline,
            score=interval.mean,
            low=interval.low,
            high=interval.high,
            scores=tuple(float(score) for score in scores[headline]),
            metrics={name: float(values.mean()) for name, values in scores.items()},
            ceiling=math.fsum(most.values()) / len(most),
            asked=self.asked,
            scored_by=self.scored_by,
            settings=self.settings,
            chance=chance_of(self.manifest.chance, by_format[format_of[headline]]),
            n=len(self.examples),
            num_examples=self.manifest.num_examples,
            num_empty=sum(not record.outputs[0].text.strip() for record in generated),
            num_unfinished=sum(not record.outputs[0].is_finished for record in generated),
            num_trimmed=self.num_trimmed,
            num_unanswerable=sum(not record.correct for record in ranked),
            num_unwritable=sum(most[work.key] < 1.0 for work in asked),
            num_unknown=len(unknown_questions(vocabulary, asked)),
            num_too_long=len(too_long(vocabulary, asked)),
            samples=tuple(
                Sample(
                    example.index,
                    vocabulary.decode(prompt),
                    record.said if record.method == "generate" else _likeliest(record),
                    example.references[0],
                    record.scores[headline],
                )
                for example, prompt, record in zip(self.examples, self.prompts, shown, strict=False)
            ),
        )


def read_task(
    reader: CacheReader,
    name: str,
    split: str,
    group: str,
    config: EvalConfig,
    vocabulary: Vocabulary,
    model_config: ModelConfig,
    stop: StopTexts = NO_STOP,
) -> HeldOutTask:
    """Reads the first `config.limit` examples of a task's split, and makes items of them.

    Args:
      reader: of the token cache.
      name, split: which task, and which of its splits.
      group: "selection" or "report".
      config: lengths and limits.
      vocabulary: of the cache.
      model_config: whose prompts they are to be.
      stop: what ends a generation, beside EOS.

    Raises `TaskError` for a task without a metric, with an unknown one, or with one that its examples cannot serve.
    """
    manifest = reader.manifest(name, split)
    if not manifest.metrics:
        raise TaskError(f"task {name} names no metric, so it cannot be scored: give Task.metrics at least one")
    metrics = [get_metric(metric) for metric in manifest.metrics]
    if metrics[0].is_lower_better:
        raise TaskError(
            f"task {name} is scored by {metrics[0].name}, which a better model has less of, and steps are compared by "
            f"averages in which more is better: name another metric first"
        )
    num = manifest.num_examples if config.limit is None else min(config.limit, manifest.num_examples)
    examples = tuple(reader.read_many(name, split, range(num)))
    if any(metric.needs == "options" for metric in metrics):
        for example in examples:
            if not example.options:
                raise TaskError(
                    f"row {example.index} of task {name} has no answer options, or none that is its target, which its "
                    f"metrics need: render options, the target among them, or use exact_match"
                )
            if has_empty_option(example.options):
                raise TaskError(
                    f"row {example.index} of task {name} is cached with an empty answer option, which no cache keeps "
                    f"any more: delete {split_dir(reader.root, name, split)} and cache it again"
                )
    max_tokens = config.targets_length
    if all(metric.is_length_bound for metric in metrics):
        longest = max((_longest_reference(vocabulary, example) for example in examples), default=1)
        max_tokens = min(max_tokens, 2 * longest)  # a text may be spelt in more tokens than the vocabulary would use
    layout = model_config.row_layout()
    # A decoder's start id comes in front and takes a place.
    longest_inputs = config.inputs_length - (layout is not None and layout.start_id is not None)
    is_trimmed = [len(example.inputs_tokens) > longest_inputs for example in examples]
    prompts = tuple(model_config.prompt(trim_inputs(example.inputs_tokens, longest_inputs)) for example in examples)
    formats = _formats(manifest, max_tokens)
    work = tuple(
        _work(manifest, format, str(number), example, prompt, cut, stop)
        for format in formats
        for number, (example, prompt, cut) in enumerate(zip(examples, prompts, is_trimmed, strict=True))
    )
    _check_chance(manifest, examples, [item for item in work if item.format.name == _format_of(manifest.metrics[0])])
    return HeldOutTask(
        manifest=manifest,
        group=group,
        examples=examples,
        prompts=prompts,
        num_trimmed=sum(is_trimmed),
        work=work,
        asked=_asked(prompts, examples),
        scored_by=own_code(metric.fn for metric in metrics),
        settings={
            "inputs_length": config.inputs_length,
            # As it was asked for: what bounds the answers of exact matches below it differs by vocabulary.
            **({"targets_length": config.targets_length} if any(f.method != "rank" for f in formats) else {}),
            **({"stop": list(stop.texts)} if stop.texts and any(f.method != "rank" for f in formats) else {}),
            "dtype": str(model_config.dtype),
        },
    )


def _check_chance(manifest: SplitManifest, examples: Sequence[CachedExample], work: Sequence[Work]) -> None:
    """Raises `TaskError` for options among which guessing is always right, before they are asked."""
    if manifest.chance or any(not each.item.prompt.options for each in work):
        return
    if not all(len(each.item.prompt.correct) == len(each.item.prompt.options) for each in work):
        return
    rows = some_of([str(example.index) for example in examples], 3)
    shown = ", ".join(repr(option) for option in examples[0].options)
    raise TaskError(
        f"task {manifest.task} would be scored 1 by guessing: in each of its examples all options are right, one alone "
        f"or equal but for white space (rows {rows}; {shown:.80}): give them options that differ, or score it by "
        f"exact_match"
    )


def _asked(prompts: Sequence[np.ndarray], examples: Sequence[CachedExample]) -> str:
    """Hash of what a model reads, and of what is accepted."""
    digest = hashlib.sha256()
    for prompt, example in zip(prompts, examples, strict=True):
        digest.update(np.asarray(prompt, "<i4").tobytes())
        digest.update(repr((example.references, example.options)).encode())
    return digest.hexdigest()


def splits_of(root: pathlib.Path, name: str, split: str | None) -> dict[str, str]:
    """Task -> split to score, for a task or mixture cached under `name`."""
    manifest = read_mixture_manifest(root, name)
    found = {}
    for task, splits in manifest.splits.items():
        chosen = split or splits.get("eval")
        if chosen is None:
            raise ConfigError(
                f"task {task} of {name} has no cached evaluation split: give it an eval_split, or name another split "
                f"in ",
                Setting("EvalConfig.split"),
            )
        found[task] = chosen
    return found


def _format_of(metric: str) -> str:
    return RANK if get_metric(metric).needs == "options" else GENERATE


def _formats(manifest: SplitManifest, max_tokens: int) -> list[Format]:
    metrics = {format: tuple(m for m in manifest.metrics if _format_of(m) == format) for format in (GENERATE, RANK)}
    formats = []
    if metrics[GENERATE]:
        formats.append(
            Format(GENERATE, "generate", _never_opened, metrics[GENERATE], extract="whole_text", max_tokens=max_tokens)
        )
    if metrics[RANK]:
        formats.append(Format(RANK, "rank", _never_opened, metrics[RANK], option_end="eos"))
    return formats


def _work(
    manifest: SplitManifest,
    format: Format,
    number: str,
    example: CachedExample,
    prompt: np.ndarray,
    is_trimmed: bool,
    stop: StopTexts,
) -> Work:
    """An example, the `number`-th of its task, as an item of one format; its options only where it ranks."""
    accepted = {reference.strip() for reference in example.references}
    options = example.options if format.method == "rank" else ()
    correct = tuple(i for i, option in enumerate(options) if option.strip() in accepted)
    asked = Prompt("", (), "", example.references, options, correct)
    item = Item(manifest.task, manifest.task, manifest.split, format.name, number, asked)
    fitted = FittedPrompt("", "", 0, 0, len(prompt), is_trimmed, tokens=prompt)
    return Work(format, item, fitted, None, 0, f"{manifest.task}/{format.name}/{number}", stop=stop)


def _never_opened(subtask: str, split: str) -> NoReturn:
    raise TaskError(f"prompts of {subtask}, {split}, are read from the token cache")


def _longest_reference(vocabulary: Vocabulary, example: CachedExample) -> int:
    encoded = vocabulary.encode_batch(example.references)
    return max([len(example.targets_tokens), *(len(tokens) + 1 for tokens in encoded)])


def _likeliest(record: Record) -> str:
    """The option as it was written; where a log-probability is no number, the first of those."""
    return record.options[int(np.argmax(record.option_log_probs))]
