"""Asks a model every question of the chosen benchmarks that the journal has no answer to, and averages the answers."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from flan_jax.core.errors import ConfigError, MissingDataError, TaskError
from flan_jax.declare.benchmark import Benchmark, Format, Item, Sampling, items
from flan_jax.evaluate.best_of import ranking
from flan_jax.evaluate.extract import get_extractor
from flan_jax.evaluate.metrics import Exchange, RankedOptions, get_metric
from flan_jax.evaluate.suite.config import SuiteConfig
from flan_jax.evaluate.suite.journal import Journal, content_key
from flan_jax.evaluate.suite.language_model import Generated, GenerateRequest, LanguageModel, Ranked, RankRequest
from flan_jax.evaluate.suite.prompts import FittedPrompt, fit_prompts
from flan_jax.evaluate.suite.results import BenchmarkResult, SuiteResults, benchmark_result
from flan_jax.evaluate.vote import is_tied, majority

Progress = Callable[[int, int], None]
PMI = "accuracy_pmi"
_Output = TypeVar("_Output")

__all__ = ["Progress", "Work", "plan", "run_suite"]


@dataclasses.dataclass(frozen=True)
class Work:
    """One item to be asked: its prompt as it fits the model, how it is sampled, and the key of its answer."""

    benchmark: Benchmark
    format: Format
    item: Item
    fitted: FittedPrompt
    sampling: Sampling | None
    seed: int
    key: str

    @property
    def extract(self) -> str:
        """Name of the extractor."""
        return self.item.prompt.extract or self.format.extract


@dataclasses.dataclass(frozen=True)
class _Part:
    """One benchmark in one format: its work, how many items the split has of each subtask, and of subtasks that were
    left out what their data lacks, by name."""

    benchmark: Benchmark
    format: Format
    split: str
    sampling: Sampling | None
    work: tuple[Work, ...]
    num_items: Mapping[str, int]
    missing: Mapping[str, MissingDataError] = dataclasses.field(default_factory=dict)

    @property
    def note(self) -> str:
        """What the results have to say; empty where nothing is missing."""
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


def plan(config: SuiteConfig, model: LanguageModel) -> list[_Part]:
    """Reads all questions, draws `config.limit` of each subtask, and fits their prompts to the model.

    Raises `TaskError` for data that is missing or malformed, before the model is asked anything.
    """
    pairs = config.resolve()
    if config.split and not any(config.split in benchmark.splits for benchmark, _ in pairs):
        pairs[0][0].split(config.split)  # raises, and names the splits
    _check_subtasks(config, [benchmark for benchmark, _ in pairs])
    parts = [_plan_part(config, model, benchmark, format) for benchmark, format in pairs]
    if not any(part.work for part in parts):
        raise next(iter(parts[0].missing.values()))
    return parts


def run_suite(
    config: SuiteConfig,
    model: LanguageModel,
    journal: Journal,
    on_item: Progress | None = None,
    notes: Sequence[str] = (),
) -> SuiteResults:
    """Scores `model`; deterministic.

    Args:
      config: benchmarks, formats, limits, sampling.
      model: anything with the methods of `LanguageModel`.
      journal: open; what it has is not asked again, what is asked is added to it at once.
      on_item: `on_item(done, total)` after each item, those of the journal counted as done.
      notes: sentences for whoever reads the results, such as that the model was trained on a benchmark.
    """
    start = time.monotonic()
    parts = plan(config, model)
    everything = [work for part in parts for work in part.work]
    todo = [work for work in everything if work.key not in journal.records]
    done = len(everything) - len(todo)
    if on_item is not None:
        on_item(done, len(everything))
    for record_key, record in _answers(todo, model, journal):
        journal.add(record_key, record)
        done += 1
        if on_item is not None:
            on_item(done, len(everything))
    results = tuple(_average(part, journal, config) for part in parts if part.work)
    return SuiteResults(
        model=model.name,
        fingerprint=model.fingerprint,
        seed=config.seed,
        limit=config.limit,
        benchmarks=results,
        num_asked=len(todo),
        secs=time.monotonic() - start,
        notes=(*notes, *(part.note for part in parts if part.note)),
    )


def _check_subtasks(config: SuiteConfig, benchmarks: Sequence[Benchmark]) -> None:
    known = {subtask.name for benchmark in benchmarks for subtask in benchmark.subtasks}
    for name in config.subtasks:
        if name not in known:
            benchmarks[0].subtask(name)  # raises, and names the nearest


def _plan_part(config: SuiteConfig, model: LanguageModel, benchmark: Benchmark, format: Format) -> _Part:
    split = benchmark.split(config.split if config.split in benchmark.splits else None)
    for name in format.metrics:
        get_metric(name)
    chosen: list[Item] = []
    num_items: dict[str, int] = {}
    missing: dict[str, MissingDataError] = {}
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
        chosen += _drawn(found, config)
    if not chosen and not missing:
        raise ConfigError(f"{benchmark.name} has none of subtasks {', '.join(config.subtasks)}: name one that it has")
    sampling = None
    if format.method != "rank":
        sampling = config.sampling or format.sampling
        _check_samples_are_used(benchmark, format, sampling)
    longest = _longest_prompts(model, format, chosen)
    prompts = [item.prompt for item in chosen]
    fitted = fit_prompts(prompts, [format.drop] * len(prompts), longest, model.count_tokens)
    work = tuple(
        _work(config, model, benchmark, format, item, fit, sampling, limit)
        for item, fit, limit in zip(chosen, fitted, longest, strict=True)
    )
    return _Part(benchmark, format, split, sampling, work, num_items, missing)


def _check_samples_are_used(benchmark: Benchmark, format: Format, sampling: Sampling | None) -> None:
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


def _work(
    config: SuiteConfig,
    model: LanguageModel,
    benchmark: Benchmark,
    format: Format,
    item: Item,
    fitted: FittedPrompt,
    sampling: Sampling | None,
    longest: int,
) -> Work:
    seed = int.from_bytes(_hash(f"sample/{config.seed}/{_path(item)}/{format.name}")[:4], "big") >> 1
    prompt = item.prompt
    key = content_key(
        {
            "model": model.fingerprint,
            "item": [item.benchmark, item.subtask, item.split, item.id, item.format],
            "prompt": [fitted.prefix, fitted.query, prompt.unconditional if PMI in format.metrics else ""],
            "longest_prompt": longest if fitted.is_trimmed else None,
            "options": [list(prompt.options), list(prompt.correct), format.option_end],
            "references": [list(prompt.references), list(prompt.wrong)],
            "method": [format.method, format.max_tokens, list(format.stop)],
            "second": [format.answer_trigger, format.answer_max_tokens],
            "scored": [prompt.extract or format.extract, list(format.metrics)],
            "sampling": None if sampling is None else [dataclasses.asdict(sampling), seed, format.choose],
        }
    )
    return Work(benchmark, format, item, fitted, sampling, seed, key)


def _answers(todo: Sequence[Work], model: LanguageModel, journal: Journal) -> Iterator[tuple[str, dict[str, Any]]]:
    """(key, record) of each item, as soon as it is answered. Reasoning that comes first is journalled on the way."""
    ranked = [work for work in todo if work.format.method == "rank"]
    yield from _rank(ranked, model)
    generated = [work for work in todo if work.format.method == "generate"]
    requests = [
        GenerateRequest(w.fitted.prefix, w.fitted.query, w.format.max_tokens, w.format.stop, w.sampling, w.seed)
        for w in generated
    ]
    for position, outputs in _each_once(model.generate(requests), len(requests)):
        yield generated[position].key, _generated_record(generated[position], outputs, ())
    yield from _reason_then_answer([w for w in todo if w.format.method == "reason_then_answer"], model, journal)


def _rank(todo: Sequence[Work], model: LanguageModel) -> Iterator[tuple[str, dict[str, Any]]]:
    with_prior = [work for work in todo if PMI in work.format.metrics]
    for work in with_prior:
        if not work.item.prompt.unconditional:
            raise TaskError(
                f"{work.benchmark.name}, format {work.format.name}, names {PMI} but its prompts have no unconditional "
                f"prompt: give Prompt.unconditional"
            )
    priors: dict[str, Ranked] = {}
    requests = [
        RankRequest("", w.item.prompt.unconditional, w.item.prompt.options, w.format.option_end) for w in with_prior
    ]
    for position, ranked in _each_once(model.rank(requests), len(requests)):
        priors[with_prior[position].key] = ranked
    requests = [RankRequest(w.fitted.prefix, w.fitted.query, w.item.prompt.options, w.format.option_end) for w in todo]
    for position, ranked in _each_once(model.rank(requests), len(requests)):
        work = todo[position]
        yield work.key, _ranked_record(work, ranked, priors.get(work.key))


def _reason_then_answer(
    todo: Sequence[Work], model: LanguageModel, journal: Journal
) -> Iterator[tuple[str, dict[str, Any]]]:
    reasoned: dict[str, tuple[Generated, ...]] = {}
    open_work = []
    for work in todo:
        stored = journal.records.get(_reasoning_key(work))
        if stored is None:
            open_work.append(work)
        else:
            reasoned[work.key] = tuple(
                Generated(**{**output, "log_prob": math.nan if output["log_prob"] is None else output["log_prob"]})
                for output in stored["reasoning"]
            )
    requests = [
        GenerateRequest(w.fitted.prefix, w.fitted.query, w.format.max_tokens, w.format.stop, w.sampling, w.seed)
        for w in open_work
    ]
    for position, outputs in _each_once(model.generate(requests), len(requests)):
        work = open_work[position]
        journal.add(_reasoning_key(work), {"reasoning": [_finite_output(output) for output in outputs]})
        reasoned[work.key] = outputs
    places: list[tuple[int, int]] = []
    requests = []
    for number, work in enumerate(todo):
        for sample, output in enumerate(reasoned[work.key]):
            query = f"{work.fitted.query} {output.text.strip()}\n{work.format.answer_trigger}"
            requests.append(GenerateRequest(work.fitted.prefix, query, work.format.answer_max_tokens))
            places.append((number, sample))
    answers: list[dict[int, Generated]] = [{} for _ in todo]
    for position, (output,) in _each_once(model.generate(requests), len(requests)):
        number, sample = places[position]
        work = todo[number]
        answers[number][sample] = output
        if len(answers[number]) == len(reasoned[work.key]):
            outputs = tuple(answers[number][k] for k in range(len(answers[number])))
            yield work.key, _generated_record(work, outputs, reasoned[work.key])


def _reasoning_key(work: Work) -> str:
    return f"{work.key}/reasoning"


def _generated_record(work: Work, outputs: Sequence[Generated], reasoning: Sequence[Generated]) -> dict[str, Any]:
    extract = get_extractor(work.extract)
    answers = [extract(output.text) for output in outputs]
    is_finite = all(math.isfinite(output.log_prob) for output in (*reasoning, *outputs))
    ranked: tuple[int, ...] = ()
    if work.format.choose == "likeliest":
        # Log-probabilities are at most 0 but for rounding; where one is not a number, no sample can be preferred.
        ranked = ranking([min(0.0, output.log_prob) for output in outputs]) if is_finite else ()
        answer = answers[ranked[0]] if ranked else None
    else:
        answer = majority(answers)
    references = work.item.prompt.references
    said = Exchange(work.fitted.query, tuple(output.text for output in outputs), answer, work.item.prompt.wrong)
    return {
        **_asked(work),
        "references": list(references),
        "reasoning": [_finite_output(output) for output in reasoning],
        "outputs": [_finite_output(output) for output in outputs],
        "answers": answers,
        "answer": answer,
        "ranking": list(ranked),
        "is_tied": work.format.choose == "vote" and is_tied(answers),
        "is_finite": is_finite,
        "num_generated_tokens": sum(output.num_tokens for output in (*reasoning, *outputs)),
        "scores": {name: get_metric(name).score(said, references) for name in work.format.metrics},
    }


def _ranked_record(work: Work, ranked: Ranked, prior: Ranked | None) -> dict[str, Any]:
    prompt = work.item.prompt
    options = RankedOptions(
        options=prompt.options,
        log_probs=ranked.log_probs,
        num_tokens=ranked.num_tokens,
        prior_log_probs=() if prior is None else prior.log_probs,
    )
    scores = {name: get_metric(name).score(options, prompt.correct) for name in work.format.metrics}
    best = max(range(len(prompt.options)), key=lambda i: ranked.log_probs[i]) if options.is_finite else None
    return {
        **_asked(work),
        "options": list(prompt.options),
        "correct": list(prompt.correct),
        "option_log_probs": [_finite(value) for value in ranked.log_probs],
        "prior_log_probs": [_finite(value) for value in options.prior_log_probs],
        "option_num_tokens": list(ranked.num_tokens),
        "option_probabilities": list(options.probabilities()) if options.is_finite else [],
        "answer": None if best is None else prompt.options[best].strip(),
        "is_finite": options.is_finite,
        "num_generated_tokens": sum(ranked.num_tokens),
        "scores": scores,
    }


def _asked(work: Work) -> dict[str, Any]:
    item, fitted = work.item, work.fitted
    return {
        "benchmark": item.benchmark,
        "subtask": item.subtask,
        "split": item.split,
        "format": item.format,
        "id": item.id,
        "prompt": fitted.prefix + fitted.query,
        "num_prompt_tokens": fitted.num_tokens,
        "num_exemplars": fitted.num_exemplars,
        "num_dropped": fitted.num_dropped,
        "is_trimmed": fitted.is_trimmed,
    }


def _finite_output(output: Generated) -> dict[str, Any]:
    return {**dataclasses.asdict(output), "log_prob": _finite(output.log_prob)}


def _finite(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None


def _each_once(outputs: Iterator[tuple[int, _Output]], num: int) -> Iterator[tuple[int, _Output]]:
    """The model's outputs; raises `ValueError` where it answers a request twice or not at all."""
    seen: set[int] = set()
    for position, output in outputs:
        if position in seen or not 0 <= position < num:
            raise ValueError(f"the model answered request {position} of {num} twice or out of range")
        seen.add(position)
        yield position, output
    if len(seen) != num:
        raise ValueError(f"the model answered {len(seen)} of {num} requests")


def _average(part: _Part, journal: Journal, config: SuiteConfig) -> BenchmarkResult:
    records: dict[str, list[Mapping[str, Any]]] = {}
    for work in part.work:
        records.setdefault(work.item.subtask, []).append(journal.records[work.key])
    return benchmark_result(
        part.benchmark,
        part.format,
        part.split,
        part.sampling,
        records,
        part.num_items,
        confidence=config.confidence,
        num_resamples=config.num_resamples,
        seed=config.seed,
    )
