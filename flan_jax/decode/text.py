"""Text in, text out: prompts in batches of a few lengths, and answers' log-likelihoods."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import jax
import numpy as np

from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.core.vocabulary import PAD_ID, Vocabulary
from flan_jax.decode.generate import generate
from flan_jax.decode.methods import GREEDY, Method, Stop
from flan_jax.decode.score import score_targets
from flan_jax.models import ModelConfig, Params

SHORTEST_PROMPT_BUCKET = 32
SHORTEST_OPTION_BUCKET = 4

# Of a number of texts, as they are counted where a model is asked.
UNKNOWN = "with characters that the vocabulary has no piece for, which the model cannot tell apart"

__all__ = [
    "UNKNOWN",
    "TextGeneration",
    "cut_at_stop",
    "generate_texts",
    "prompt_tokens",
    "score_texts",
    "stop_of",
    "writable_stops",
]


@dataclasses.dataclass(frozen=True)
class TextGeneration:
    """One answer.

    number: the prompt's place among those asked. sample: its own among the prompt's generations: of samples the order
    drawn, of beams 0 is the best. log_prob: nats, summed over `num_tokens` generated tokens, EOS included. score: what
    beams are ranked by, else `log_prob`. is_finished: it ended in EOS or a stop text rather than at the length limit.
    num_prompt_tokens: with EOS, before trimming. is_trimmed: the prompt lost its end. has_unknown: the prompt has
    characters that the vocabulary has no piece for, which the model cannot tell apart.
    """

    number: int
    prompt: str
    sample: int
    text: str
    log_prob: float
    score: float
    num_tokens: int
    is_finished: bool
    num_prompt_tokens: int
    is_trimmed: bool
    has_unknown: bool = False


def generate_texts(
    config: ModelConfig,
    params: Params,
    vocabulary: Vocabulary,
    prompts: Sequence[str],
    *,
    inputs_length: int,
    max_decode_len: int,
    batch_size: int,
    method: Method = GREEDY,
    stop_texts: Sequence[str] = (),
    seed: int = 0,
    first_row_id: int = 0,
) -> Iterator[TextGeneration]:
    """Yields generations in the order of `prompts`, all of a prompt together, `batch_size` prompts at a time.

    A batch's prompts are padded to the next power of two, at most `inputs_length`; longer ones are trimmed at the end.
    Samples are a function of `seed` and the prompt's number, whatever the batch size. Beams for which there was no
    sequence are left out. Raises `CheckpointError` for a prompt of which all are.

    Args:
      config: the model.
      params: the model's parameters.
      vocabulary: the model's.
      prompts: texts.
      inputs_length: most tokens of a prompt, start and end tokens included.
      max_decode_len: most tokens of a generation, EOS included.
      batch_size: prompts at once.
      method: `Greedy`, `Sampling` or `BeamSearch`.
      stop_texts: a generation is cut before the first of them, as the vocabulary writes them (`writable_stops`); the
        tokens that such a text usually has also end the row's decoding.
      seed: of the samples.
      first_row_id: the number of the first prompt, where these prompts go on from others.
    """
    stop_texts = writable_stops(vocabulary, stop_texts)
    stop = stop_of(vocabulary, stop_texts)
    key = jax.random.key(seed)
    for start in range(0, len(prompts), batch_size):
        chunk = prompts[start : start + batch_size]
        encoded = prompt_tokens(config, vocabulary, chunk)
        longest = min(inputs_length, max(len(tokens) for tokens in encoded))
        # Powers of two, since each length compiles anew.
        length = min(_bucket(longest, SHORTEST_PROMPT_BUCKET), inputs_length)
        inputs_BL, lengths_B = _padded([_trimmed(tokens, length) for tokens in encoded], batch_size, length)
        limits_B = np.where(np.arange(batch_size) < len(encoded), max_decode_len, 0).astype(np.int32)
        row_ids_B = np.arange(batch_size, dtype=np.int32) + first_row_id + start
        out = generate(
            config,
            params,
            inputs_BL,
            np.maximum(lengths_B, 1),  # rows that fill the batch: a decoder's prompt has at least one token
            limits_B,
            max_decode_len,
            method,
            stop=stop,
            key=key,
            row_ids_B=row_ids_B,
        )
        tokens_BMT, log_probs_BM, scores_BM, num_tokens_BM, finished_BM = (np.asarray(array) for array in out)
        for row, prompt in enumerate(chunk):
            if not np.isfinite(scores_BM[row]).any():
                raise CheckpointError(
                    f"prompt {start + row + 1:,} has no answer: the model's log-probabilities are not numbers. Its "
                    f"weights are damaged or not finite: import or copy them again, or take an earlier checkpoint"
                )
            for sample in range(method.num_outputs):
                if not np.isfinite(scores_BM[row, sample]):
                    continue
                text = vocabulary.decode(tokens_BMT[row, sample, : num_tokens_BM[row, sample]])
                text, has_stop = cut_at_stop(text, stop_texts)
                yield TextGeneration(
                    number=start + row,
                    prompt=prompt,
                    sample=sample,
                    text=text,
                    log_prob=float(log_probs_BM[row, sample]),
                    score=float(scores_BM[row, sample]),
                    num_tokens=int(num_tokens_BM[row, sample]),
                    is_finished=bool(finished_BM[row, sample]) or has_stop,
                    num_prompt_tokens=len(encoded[row]),
                    is_trimmed=len(encoded[row]) > length,
                    has_unknown=vocabulary.count_unknown(encoded[row]) > 0,
                )


def score_texts(
    config: ModelConfig,
    params: Params,
    vocabulary: Vocabulary,
    prompt: str,
    options: Sequence[str],
    *,
    inputs_length: int,
    ends_in_eos: bool = True,
) -> list[float]:
    """log P(option | prompt) of each option, nats, summed over its tokens; the prompt is read once.

    Args:
      config: the model.
      params: the model's parameters.
      vocabulary: the model's.
      prompt: the text that the options answer.
      options: the answers, at least one.
      inputs_length: most tokens of the prompt, start and end tokens included; a longer one loses its end.
      ends_in_eos: whether the probability that the answer ends there counts too.

    Raises `ConfigError` for no option, and for one that has no token to score.
    """
    if not options:
        raise ConfigError("there are no options to score: give at least one text")
    end = [vocabulary.eos_id] if ends_in_eos else []
    answers = [[*tokens, *end] for tokens in vocabulary.encode_batch(options)]
    for option, tokens in zip(options, answers, strict=True):
        if not tokens:
            raise ConfigError(f"option {option!r} has no token to score: let it end in EOS, or leave it out")
    (encoded,) = prompt_tokens(config, vocabulary, [prompt])
    length = min(_bucket(len(encoded), SHORTEST_PROMPT_BUCKET), inputs_length)
    inputs_1L, lengths_1 = _padded([_trimmed(encoded, length)], 1, length)
    width = _bucket(max(map(len, answers)), SHORTEST_OPTION_BUCKET)
    targets_RT, lengths_R = _padded(answers, _bucket(len(answers), 1), width)  # powers of two: few shapes compile
    prompt_R = np.zeros(len(lengths_R), np.int32)
    scores_R = score_targets(
        config, params, inputs_1L, prompt_R, targets_RT, lengths_R, input_lengths_B=np.maximum(lengths_1, 1)
    )
    return [float(score) for score in np.asarray(scores_R)[: len(answers)]]


def _bucket(length: int, shortest: int) -> int:
    """The least of `shortest`, twice as much, four times as much… that is no less than `length`."""
    while shortest < length:
        shortest *= 2
    return shortest


def _trimmed(tokens: list[int], length: int) -> list[int]:
    """`tokens` without what is too long before the last one, which says that the prompt ends."""
    return tokens if len(tokens) <= length else [*tokens[: length - 1], tokens[-1]]


def _padded(rows: Sequence[list[int]], num_rows: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """int32 [num_rows, length] with `rows` from the left, then PAD_ID, and each row's length; 0 for rows beyond."""
    tokens = np.full((num_rows, length), PAD_ID, np.int32)
    lengths = np.zeros(num_rows, np.int32)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = row
        lengths[i] = len(row)
    return tokens, lengths


def prompt_tokens(config: ModelConfig, vocabulary: Vocabulary, texts: Sequence[str]) -> list[list[int]]:
    """Each prompt as the model was trained to read it: an encoder's ends in EOS; a decoder's may start with the start
    id and end in EOS (`DecoderConfig.start_id`, `prompt_end`)."""
    encoded = vocabulary.encode_batch(texts)
    return [config.prompt(np.array([*tokens, vocabulary.eos_id], np.int32)).tolist() for tokens in encoded]


def writable_stops(vocabulary: Vocabulary, stop_texts: Sequence[str]) -> tuple[str, ...]:
    """The stop texts in the form in which a generation can hold them, each once, those of which nothing is left out:
    T5's vocabulary has no line breaks, so that it writes "\\n\\nQ:" as " Q:" and can never write "\\n"."""
    return tuple(dict.fromkeys(form for text in stop_texts if (form := vocabulary.written_inside(text))))


def stop_of(vocabulary: Vocabulary, stop_texts: Sequence[str]) -> Stop:
    """EOS, and the tokens that `stop_texts` have at the start of a text and inside one.

    Args:
      vocabulary: the model's.
      stop_texts: texts that it can write (`writable_stops`).
    """
    sequences: dict[tuple[int, ...], None] = {}
    for text in stop_texts:
        sequences[tuple(vocabulary.encode(text))] = None
        before, inside = vocabulary.encode("a"), vocabulary.encode(f"a{text}")
        if inside[: len(before)] == before:
            sequences[tuple(inside[len(before) :])] = None
    return Stop(eos_ids=vocabulary.eos_ids, sequences=tuple(sequence for sequence in sequences if sequence))


def cut_at_stop(text: str, stop_texts: Sequence[str]) -> tuple[str, bool]:
    """`text` before the first of `stop_texts`, and whether it has one."""
    ends = [end for stop_text in stop_texts if (end := text.find(stop_text)) >= 0]
    return (text[: min(ends)], True) if ends else (text, False)
