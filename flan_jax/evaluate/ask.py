"""Work to requests, a model's answers to scored records: the same for benchmarks and for a run's held-out tasks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from flan_jax.core.errors import TaskError
from flan_jax.evaluate.best_of import ranking
from flan_jax.evaluate.extract import get_extractor
from flan_jax.evaluate.language_models.requests import Generated, GenerateRequest, Ranked, RankRequest, Responder
from flan_jax.evaluate.metrics import Exchange, RankedOptions, get_metric
from flan_jax.evaluate.results.journal import Journal
from flan_jax.evaluate.results.record import Record
from flan_jax.evaluate.vote import is_tied, majority
from flan_jax.evaluate.work import PMI, Work

_Asked = TypeVar("_Asked")
_Output = TypeVar("_Output")

__all__ = ["ask"]


def ask(todo: Sequence[Work], model: Responder, journal: Journal) -> Iterator[Record]:
    """The record of each item, as soon as it is answered, in any order.

    Args:
      todo: what to ask; keys must differ.
      model: is given all requests of one kind at once, and batches them as it likes.
      journal: has, and is given, the reasoning that comes before an answer. Records are the caller's to add.

    Raises `TaskError` for a metric that a format's method cannot serve, `ValueError` for a model that answers a request
    twice or not at all.
    """
    yield from _rank([work for work in todo if work.format.method == "rank"], model)
    generated = [work for work in todo if work.format.method == "generate"]
    for work, outputs in _each(generated, model.generate([_generate_request(work) for work in generated])):
        yield _generated_record(work, [work.stop.cut(output) for output in outputs], ())
    yield from _reason_then_answer([w for w in todo if w.format.method == "reason_then_answer"], model, journal)


def _generate_request(work: Work) -> GenerateRequest:
    fitted, format = work.fitted, work.format
    return GenerateRequest(
        fitted.prefix, fitted.query, format.max_tokens, work.stop.texts, work.sampling, work.seed, fitted.tokens
    )


def _rank(todo: Sequence[Work], model: Responder) -> Iterator[Record]:
    with_prior = [work for work in todo if PMI in work.format.metrics]
    for work in with_prior:
        if not work.item.prompt.unconditional:
            raise TaskError(
                f"{work.item.benchmark}, format {work.format.name}, names {PMI} but its prompts have no unconditional "
                f"prompt: give Prompt.unconditional"
            )
    requests = [
        RankRequest("", w.item.prompt.unconditional, w.item.prompt.options, w.format.option_end) for w in with_prior
    ]
    priors = {work.key: ranked for work, ranked in _each(with_prior, model.rank(requests))}
    requests = [
        RankRequest(w.fitted.prefix, w.fitted.query, w.item.prompt.options, w.format.option_end, w.fitted.tokens)
        for w in todo
    ]
    for work, ranked in _each(todo, model.rank(requests)):
        yield _ranked_record(work, ranked, priors.get(work.key))


def _reason_then_answer(todo: Sequence[Work], model: Responder, journal: Journal) -> Iterator[Record]:
    still_open = [work for work in todo if work.key not in journal.reasoning]
    for work, outputs in _each(still_open, model.generate([_generate_request(work) for work in still_open])):
        # Kept at once: a kill before the answers costs no reasoning.
        journal.add_reasoning(work.key, [work.stop.cut(output) for output in outputs])
    places: list[tuple[int, int]] = []
    requests = []
    for number, work in enumerate(todo):
        for sample, output in enumerate(journal.reasoning[work.key]):
            query = f"{work.fitted.query} {output.text.strip()}\n{work.format.answer_trigger}"
            requests.append(GenerateRequest(work.fitted.prefix, query, work.format.answer_max_tokens))
            places.append((number, sample))
    answers: list[dict[int, Generated]] = [{} for _ in todo]
    for (number, sample), (output,) in _each(places, model.generate(requests)):
        work, mine = todo[number], answers[number]
        mine[sample] = output
        reasoning = journal.reasoning[work.key]
        if len(mine) == len(reasoning):
            yield _generated_record(work, [mine[k] for k in range(len(mine))], reasoning)


def _generated_record(work: Work, outputs: Sequence[Generated], reasoning: Sequence[Generated]) -> Record:
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
    return Record(
        **_asked(work),
        method="generate",
        references=tuple(references),
        reasoning=tuple(reasoning),
        outputs=tuple(outputs),
        answers=tuple(answers),
        answer=answer,
        ranking=tuple(ranked),
        is_tied=work.format.choose == "vote" and is_tied(answers),
        is_finite=is_finite,
        num_generated_tokens=sum(output.num_tokens for output in (*reasoning, *outputs)),
        scores={name: get_metric(name).score(said, references) for name in work.format.metrics},
    )


def _ranked_record(work: Work, ranked: Ranked, prior: Ranked | None) -> Record:
    prompt = work.item.prompt
    options = RankedOptions(
        options=prompt.options,
        log_probs=ranked.log_probs,
        num_tokens=ranked.num_tokens,
        prior_log_probs=() if prior is None else prior.log_probs,
    )
    scores = {name: get_metric(name).score(options, prompt.correct) for name in work.format.metrics}
    best = max(range(len(prompt.options)), key=lambda i: ranked.log_probs[i]) if options.is_finite else None
    return Record(
        **_asked(work),
        method="rank",
        options=prompt.options,
        correct=prompt.correct,
        option_log_probs=tuple(ranked.log_probs),
        prior_log_probs=tuple(options.prior_log_probs),
        option_num_tokens=tuple(ranked.num_tokens),
        option_probabilities=options.probabilities() if options.is_finite else (),
        answer=None if best is None else prompt.options[best].strip(),
        is_finite=options.is_finite,
        num_generated_tokens=sum(ranked.num_tokens),
        scores=scores,
    )


def _asked(work: Work) -> dict[str, Any]:
    item, fitted = work.item, work.fitted
    return {
        "key": work.key,
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


def _each(asked: Sequence[_Asked], outputs: Iterator[tuple[int, _Output]]) -> Iterator[tuple[_Asked, _Output]]:
    """What was asked with the model's answer to it; raises `ValueError` where one is answered twice or not at all."""
    seen: set[int] = set()
    for position, output in outputs:
        if position in seen or not 0 <= position < len(asked):
            raise ValueError(f"the model answered request {position} of {len(asked)} twice or out of range")
        seen.add(position)
        yield asked[position], output
    if len(seen) != len(asked):
        raise ValueError(f"the model answered {len(seen)} of {len(asked)} requests")
