"""What a model could score at most, as its vocabulary writes answers: a brace that it has no piece for is never said.

T5's pieces write 151 of 250 targets of BIG-Bench Hard's dyck_languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flan_jax.core.vocabulary import Vocabulary
from flan_jax.core.written import can_write
from flan_jax.evaluate.extract import get_extractor
from flan_jax.evaluate.metrics import Exchange, get_metric
from flan_jax.evaluate.work import Work

__all__ = ["ceiling_note", "ceilings", "too_long", "unknown_questions"]


def ceilings(vocabulary: Vocabulary, work: Sequence[Work]) -> dict[str, float]:
    """Key -> the most that an item can score by its format's first metric, in [0, 1].

    1 where an accepted answer comes back from its tokens, else what the best of them scores as it is written. An item
    whose options are ranked has 1 unless each right option has the tokens of a wrong one that reads otherwise.

    Args:
      vocabulary: of the model that is asked.
      work: the items.
    """
    texts = list(dict.fromkeys(text for one in work for text in _answers(one)))
    encoded = vocabulary.encode_batch(texts)
    ids = dict(zip(texts, map(tuple, encoded), strict=True))
    are_written = dict(zip(texts, can_write(vocabulary, texts, encoded), strict=True))
    return {one.key: _ceiling(one, ids, are_written, vocabulary) for one in work}


def unknown_questions(vocabulary: Vocabulary, work: Sequence[Work]) -> set[str]:
    """Keys of the items whose question, exemplars aside, holds what the vocabulary has no piece for."""
    if vocabulary.unknown_id is None:
        return set()
    texts = [one for one in work if one.fitted.tokens is None]
    encoded = vocabulary.encode_batch([one.fitted.query for one in texts])
    found = {one.key for one, ids in zip(texts, encoded, strict=True) if vocabulary.count_unknown(ids)}
    # What a cache has is tokens already.
    cached = ((one.key, one.fitted.tokens) for one in work if one.fitted.tokens is not None)
    return found | {key for key, tokens in cached if vocabulary.count_unknown(tokens.tolist())}


def too_long(vocabulary: Vocabulary, work: Sequence[Work]) -> set[str]:
    """Keys of the items to generate whose accepted answers all have more tokens than a generation may have: it is cut
    before it can end in one.

    Args:
      vocabulary: of the model that is asked.
      work: the items.
    """
    generated = [one for one in work if one.format.method != "rank" and one.item.prompt.references]
    texts = list(dict.fromkeys(text for one in generated for text in one.item.prompt.references))
    lengths = dict(zip(texts, map(len, vocabulary.encode_batch(texts)), strict=True))
    return {one.key for one in generated if min(lengths[t] for t in one.item.prompt.references) > _most_tokens(one)}


def _most_tokens(one: Work) -> int:
    """Of the generation that the answer is in."""
    return one.format.answer_max_tokens if one.format.method == "reason_then_answer" else one.format.max_tokens


def ceiling_note(name: str, ceiling: float | None, num_unwritable: int, num_items: int) -> str:
    """For whoever reads the results of a benchmark; empty where every answer can be written.

    Args:
      name: the benchmark's, with its format.
      ceiling: the most that can be scored, in [0, 1]; None where it is not known.
      num_unwritable: items of which no accepted answer can be written.
      num_items: of how many.
    """
    if ceiling is None or not num_unwritable:
        return ""
    return (
        f"{name}: this vocabulary cannot write an accepted answer to {num_unwritable:,} of {num_items:,} items: at "
        f"most {100 * ceiling:.1f} could be scored"
    )


def _answers(one: Work) -> tuple[str, ...]:
    prompt = one.item.prompt
    return prompt.options if one.format.method == "rank" else prompt.references


def _ceiling(
    one: Work, ids: Mapping[str, tuple[int, ...]], are_written: Mapping[str, bool], vocabulary: Vocabulary
) -> float:
    prompt = one.item.prompt
    if one.format.method == "rank":
        right = [prompt.options[position] for position in prompt.correct]
        wrong = [option for position, option in enumerate(prompt.options) if position not in prompt.correct]
        # An option that stands there twice is the data's doing.
        lost = [any(ids[one] == ids[other] and one.strip() != other.strip() for other in wrong) for one in right]
        return float(not right or not all(lost))
    if not prompt.references or any(are_written[reference] for reference in prompt.references):
        return 1.0
    metric, extract = get_metric(one.format.metrics[0]), get_extractor(one.extract)
    written = [vocabulary.decode(ids[reference]) for reference in prompt.references]
    said = [Exchange(one.fitted.query, (text,), extract(text), prompt.wrong) for text in written]
    return max(metric.score(exchange, prompt.references) for exchange in said)
