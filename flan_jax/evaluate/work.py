"""What is to be asked: items of benchmarks, drawn, their prompts cut to what the model reads, each under a key."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from flan_jax.core.errors import ConfigError, MissingDataError, TaskError, counted, some_of
from flan_jax.core.own_code import own_code
from flan_jax.declare.benchmark import Benchmark, Format, Item, Prompt, SampleSettings, items
from flan_jax.declare.example import has_empty_option
from flan_jax.evaluate.extract import EXTRACTORS
from flan_jax.evaluate.language_models.requests import LanguageModel
from flan_jax.evaluate.metrics import get_metric
from flan_jax.evaluate.prompts import FittedPrompt, fit_prompts
from flan_jax.evaluate.results.journal import content_key
from flan_jax.evaluate.stop_texts import NO_STOP, StopTexts, fit_stop_texts
from flan_jax.evaluate.suite_config import SuiteConfig, check_scoring

PMI = "accuracy_pmi"

__all__ = ["PMI", "Part", "Work", "list_work", "scored_by"]


@dataclasses.dataclass(frozen=True)
class Work:
    """One item to be asked: its prompt as it fits the model, how it is sampled, the key of its answer, and what ends
    its generation."""

    format: Format
    item: Item
    fitted: FittedPrompt
    sampling: SampleSettings | None
    seed: int
    key: str
    stop: StopTexts = NO_STOP

    @property
    def extract(self) -> str:
        """Name of the extractor."""
        return self.item.prompt.extract or self.format.extract


@dataclasses.dataclass(frozen=True)
class Part:
    """One benchmark in one format: its work, how many items the split has of each subtask, of subtasks that were left
    out what their data lacks, by name, what ends generations, whose code scores them (`TaskResult.scored_by`), whether
    samples were asked of a format that draws none, why rows of the data are no questions, with how many,
    and the questions that were left out as an option of theirs that would be ranked is empty."""

    benchmark: Benchmark
    format: Format
    split: str
    sampling: SampleSettings | None
    work: tuple[Work, ...]
    num_items: Mapping[str, int]
    missing: Mapping[str, MissingDataError] = dataclasses.field(default_factory=dict)
    stop: StopTexts = NO_STOP
    scored_by: str = ""
    is_sampling_unused: bool = False
    no_questions: Mapping[str, int] = dataclasses.field(default_factory=dict)
    left_out: tuple[Item, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the results have to say: that data is missing, is not what was published, or has rows that are no
        questions, that stop texts are matched in another form, that samples were asked and none is drawn."""
        name = f"{self.benchmark.name}:{self.format.name}"
        stop = f"{name}: this vocabulary {self.stop.note}" if self.stop.note else ""
        ranked = f"{name} ranks options: it was asked once, without samples" if self.is_sampling_unused else ""
        own = (
            self._missing_note(),
            *self._size_notes(),
            *self._no_question_notes(),
            self._open_note(),
            self._twice_note(),
            *self._empty_notes(),
            stop,
            ranked,
        )
        return tuple(note for note in own if note)

    def _size_notes(self) -> tuple[str, ...]:
        """Of subtasks that have fewer questions here than were published, and of those that have more."""
        published = {subtask.name: subtask.num_published.get(self.split) for subtask in self.benchmark.subtasks}
        sizes = [(name, here, num) for name, here in self.num_items.items() if (num := published[name]) is not None]
        where = f"{self.benchmark.name}, split {self.split}"
        found = []
        if fewer := [f"{name} {here:,} of {num:,}" for name, here, num in sizes if here < num]:
            found.append(
                f"{where}: its data has fewer questions than were published ({some_of(fewer)}), so its score is not of "
                f"all items: download it again"
            )
        if more := [f"{name} {here:,}, published {num:,}" for name, here, num in sizes if here > num]:
            found.append(
                f"{where}: its data has more questions than were published ({some_of(more)}), so its score is of "
                f"others too: download it again"
            )
        return tuple(found)

    def _no_question_notes(self) -> tuple[str, ...]:
        where = f"{self.benchmark.name}, split {self.split}"
        return tuple(
            f"{where}: {counted(num, 'row')} of its data left out: {reason}"
            for reason, num in self.no_questions.items()
        )

    @property
    def settings(self) -> dict[str, Any]:
        """Of `TaskResult.settings` what the format says: what ends an answer, and what reads it."""
        format = self.format
        if format.method == "rank":
            return {"option_end": format.option_end}
        found: dict[str, Any] = {"max_tokens": format.max_tokens, "stop": list(self.stop.texts)}
        found["extract"] = format.extract
        if format.method == "reason_then_answer":
            found |= {"answer_trigger": format.answer_trigger, "answer_max_tokens": format.answer_max_tokens}
        return {**found, "choose": format.choose} if self.sampling else found

    def _twice_note(self) -> str:
        """Of questions of which an option is both right and wrong: it is there twice, and the first copy is ranked."""
        prompts = [work.item.prompt for work in self.work if self.format.method == "rank"]
        twice = 0
        for prompt in prompts:
            options = [option.strip() for option in prompt.options]
            right = {options[place] for place in prompt.correct}
            twice += any(option in right for i, option in enumerate(options) if i not in prompt.correct)
        if not twice:
            return ""
        return f"{self.benchmark.name}:{self.format.name}: {twice} of {len(prompts)} questions have their answer twice"

    def _empty_notes(self) -> tuple[str, str]:
        """Of questions with an empty answer option: left out where it would be ranked, asked where it is listed."""
        name = f"{self.benchmark.name}:{self.format.name}"
        asked = [work.item for work in self.work if work.item.has_empty_option]
        left_out, listed = "", ""
        if self.left_out:
            left_out = (
                f"{name}: {counted(len(self.left_out), 'question')} left out, as an answer option to rank is empty "
                f"({some_of([item.title for item in self.left_out], 3)}): give it its text in the data"
            )
        if asked:
            listed = (
                f"{name}: {counted(len(asked), 'question')} of {len(self.work):,} asked with an empty answer option "
                f"({some_of([item.title for item in asked], 3)})"
            )
        return left_out, listed

    def _open_note(self) -> str:
        if not self.work or self.format.method == "rank" or any(work.item.prompt.references for work in self.work):
            return ""
        return (
            f"{self.benchmark.name}:{self.format.name}: no question has an accepted answer, so its score "
            f"({self.format.metrics[0]}) compares with none"
        )

    def _missing_note(self) -> str:
        if not self.missing:
            return ""
        names, error = list(self.missing), next(iter(self.missing.values()))
        said = (
            f"{self.benchmark.name}: {len(names)} of {len(self.benchmark.subtasks)} subtasks are left out, as their "
            f"data is not on this machine ({', '.join(names[:3])}{', …' * (len(names) > 3)}). "
        )
        if self.work:
            return f"{said}Its score is not comparable with published ones."
        return f"{said}It has no score. {error}"


def list_work(config: SuiteConfig, model: LanguageModel) -> list[Part]:
    """Reads all questions, draws `config.limit` of each subtask, and fits their prompts to the model.

    Raises `TaskError` for data that is missing or malformed, before the model is asked anything.
    """
    pairs = config.resolve()
    if config.split and not any(config.split in benchmark.splits for benchmark, _ in pairs):
        pairs[0][0].split(config.split)  # raises, and names the splits
    _check_subtasks(config, [benchmark for benchmark, _ in pairs])
    parts = [_part(config, model, benchmark, format) for benchmark, format in pairs]
    if not any(part.work for part in parts):
        raise next(iter(parts[0].missing.values()))
    return parts


def _check_subtasks(config: SuiteConfig, benchmarks: Sequence[Benchmark]) -> None:
    known = {subtask.name for benchmark in benchmarks for subtask in benchmark.subtasks}
    for name in config.subtasks:
        if name not in known:
            benchmarks[0].subtask(name)  # raises, and names the nearest


def _part(config: SuiteConfig, model: LanguageModel, benchmark: Benchmark, format: Format) -> Part:
    split = benchmark.split(config.split if config.split in benchmark.splits else None)
    chosen: list[Item] = []
    num_items: dict[str, int] = {}
    missing: dict[str, MissingDataError] = {}
    left_out: list[Item] = []
    for subtask in benchmark.subtasks:
        if config.subtasks and subtask.name not in config.subtasks:
            continue
        try:
            found = items(benchmark, subtask.name, split, format)
        except MissingDataError as error:
            if not config.available_only:
                raise
            missing[subtask.name] = error
            continue
        num_items[subtask.name] = len(found)
        # The end of sequence alone, or no token at all, would be scored as an answer.
        without_text = [i for i in found if format.method == "rank" and has_empty_option(i.prompt.options)]
        left_out += without_text
        chosen += _drawn([item for item in found if item not in without_text] if without_text else found, config)
    if left_out and not chosen:
        raise TaskError(
            f"{benchmark.name}:{format.name}: each question has an empty answer option ({left_out[0].title}): give it "
            f"its text in the data, or name a format that generates"
        )
    if not chosen and not missing:
        raise ConfigError(f"{benchmark.name} has none of subtasks {', '.join(config.subtasks)}: name one that it has")
    _check_have_answers(benchmark, format, chosen)
    for extract in {item.prompt.extract for item in chosen}:
        check_scoring(benchmark, format, extract)
    sampling = None
    if format.method != "rank":
        sampling = config.sampling or format.sampling
        _check_samples_are_used(benchmark, format, sampling)
    longest = _longest_prompts(model, format, chosen)
    prompts = [item.prompt for item in chosen]
    fitted = fit_prompts(prompts, [format.drop] * len(prompts), longest, model.count_tokens)
    stop = fit_stop_texts(model, format.stop, _layouts(prompts, [item.subtask for item in chosen]))
    work = tuple(
        _work(config, model, format, item, fit, sampling, limit, stop)
        for item, fit, limit in zip(chosen, fitted, longest, strict=True)
    )
    unused = format.method == "rank" and config.sampling is not None
    no_questions = benchmark.left_out(list(num_items), split) if benchmark.left_out and num_items else {}
    told = missing, stop, scored_by(format), unused, no_questions, tuple(left_out)
    return Part(benchmark, format, split, sampling, work, num_items, *told)


def _check_have_answers(benchmark: Benchmark, format: Format, chosen: Sequence[Item]) -> None:
    """Raises `TaskError` for questions without an accepted answer among others that have some."""
    if format.method == "rank" or get_metric(format.metrics[0]).is_lower_better:
        return
    lacking = [item for item in chosen if not item.prompt.references]
    if lacking and len(lacking) < len(chosen):  # none of a benchmark that is not to be compared: open-ended prompts
        raise TaskError(
            f"{benchmark.name}:{format.name}: {len(lacking)} of {len(chosen)} questions have no accepted answer, as "
            f"{lacking[0].subtask}/{lacking[0].id}: give each its references"
        )


def _layouts(prompts: Sequence[Prompt], subtasks: Sequence[str]) -> list[list[str]]:
    """Of each subtask what its questions and exemplars are."""
    texts: dict[str, list[str]] = {}
    for prompt, subtask in zip(prompts, subtasks, strict=True):
        texts.setdefault(subtask, []).extend((*prompt.exemplars, prompt.query))
    return list(texts.values())


def _check_samples_are_used(benchmark: Benchmark, format: Format, sampling: SampleSettings | None) -> None:
    """Raises `ConfigError` for several samples of which a metric would read the first alone."""
    if sampling is None or sampling.num_samples == 1:
        return
    for name in format.metrics:
        if get_metric(name).needs not in ("answer", "texts"):
            raise ConfigError(
                f"{benchmark.name}:{format.name} is scored by {name}, which reads one generation, so that "
                f"{sampling.num_samples} samples have nothing to vote on: leave --samples out, or name a format with "
                f"an extracted answer"
            )


def _drawn(found: Sequence[Item], config: SuiteConfig) -> list[Item]:
    """`config.limit` of the items, in the data's order: those whose hashes with the seed are least."""
    # By hash and not by a generator's draws: a larger limit keeps a smaller one's items, whatever else is in the split.
    if config.limit is None or config.limit >= len(found):
        return list(found)
    by_hash = sorted(range(len(found)), key=lambda i: _hash(f"draw/{config.seed}/{_path(found[i])}"))
    return [found[i] for i in sorted(by_hash[: config.limit])]


def _path(item: Item) -> str:
    return f"{item.benchmark}/{item.subtask}/{item.split}/{item.id}"


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _longest_prompts(model: LanguageModel, format: Format, chosen: Sequence[Item]) -> list[int]:
    if format.method != "rank":
        return [model.longest_prompt(format.max_tokens)] * len(chosen)
    options = sorted({option for item in chosen for option in item.prompt.options})
    if any(not item.prompt.options for item in chosen):
        raise TaskError(f"format {format.name} of {chosen[0].benchmark} ranks, but an item has no option: give options")
    num_tokens = dict(zip(options, model.count_tokens(options), strict=True))
    return [model.longest_prompt(max(num_tokens[option] for option in item.prompt.options)) for item in chosen]


def scored_by(format: Format, extract: str = "") -> str:
    """Hash of the code of a format's metrics and extractor that are a user's own; "" for those that ship, whose names
    say enough. extract: a question's own extractor.
    """
    extract = extract or format.extract
    extractors = [EXTRACTORS[extract]] if extract in EXTRACTORS else []
    metrics = [get_metric(name) for name in format.metrics]
    code = own_code([*extractors, *(metric.fn for metric in metrics)])
    return f"{code} {' '.join(metric.needs for metric in metrics)}" if code else ""


def _work(
    config: SuiteConfig,
    model: LanguageModel,
    format: Format,
    item: Item,
    fitted: FittedPrompt,
    sampling: SampleSettings | None,
    longest: int,
    stop: StopTexts,
) -> Work:
    # 31 bits: seeds are row numbers in int32.
    seed = int.from_bytes(_hash(f"sample/{config.seed}/{_path(item)}/{format.name}")[:4], "big") >> 1
    prompt, code = item.prompt, scored_by(format, item.prompt.extract)
    key = content_key(
        {
            "model": model.fingerprint,
            "item": [item.benchmark, item.subtask, item.split, item.id, item.format],
            "prompt": [fitted.prefix, fitted.query, prompt.unconditional if PMI in format.metrics else ""],
            # Where nothing was cut, another limit gives the same prompt, and its answer is found again.
            "longest_prompt": longest if fitted.is_trimmed else None,
            "options": [list(prompt.options), list(prompt.correct), format.option_end],
            "references": [list(prompt.references), list(prompt.wrong)],
            "method": [format.method, format.max_tokens, list(stop.texts)],
            "second": [format.answer_trigger, format.answer_max_tokens],
            "scored": [prompt.extract or format.extract, list(format.metrics), *([code] if code else [])],
            # Greedy answers depend on no seed, so none is in their key.
            "sampling": None if sampling is None else [dataclasses.asdict(sampling), seed, format.choose],
        }
    )
    return Work(format, item, fitted, sampling, seed, key, stop)
