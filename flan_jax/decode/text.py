"""Text in, text out: prompts in batches of a few lengths."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import jax
import numpy as np

from flan_jax.core.vocabulary import PAD_ID, Vocabulary
from flan_jax.decode.generate import generate
from flan_jax.decode.methods import GREEDY, Method, Stop
from flan_jax.models import DecoderConfig, ModelConfig, Params

SHORTEST_PROMPT_BUCKET = 32

__all__ = ["TextGeneration", "cut_at_stop", "generate_texts", "prompt_tokens", "stop_of"]


@dataclasses.dataclass(frozen=True)
class TextGeneration:
    """One answer.

    sample: its number among the prompt's generations: of samples the order drawn, of beams 0 is the best. log_prob:
    nats, summed over `num_tokens` generated tokens, EOS included. score: what beams are ranked by, else `log_prob`.
    is_finished: it ended in EOS or a stop text rather than at the length limit. num_prompt_tokens: with EOS, before
    trimming. is_trimmed: the prompt lost its end.
    """

    prompt: str
    sample: int
    text: str
    log_prob: float
    score: float
    num_tokens: int
    is_finished: bool
    num_prompt_tokens: int
    is_trimmed: bool


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
    Samples are a function of `seed` and the prompt's number, counted from `first_row_id`, whatever the batch size.
    Texts are cut before the first of `stop_texts`; the tokens a stop text usually has also end the row's decoding.
    Beams for which there was no sequence are left out.
    """
    stop = stop_of(vocabulary, stop_texts)
    key = jax.random.key(seed)
    for start in range(0, len(prompts), batch_size):
        chunk = prompts[start : start + batch_size]
        encoded = prompt_tokens(config, vocabulary, chunk)
        longest = min(inputs_length, max(len(tokens) for tokens in encoded))
        length = SHORTEST_PROMPT_BUCKET
        while length < longest:
            length *= 2
        length = min(length, inputs_length)
        inputs_BL = np.full((batch_size, length), PAD_ID, np.int32)
        lengths_B = np.ones(batch_size, np.int32)
        limits_B = np.zeros(batch_size, np.int32)
        for row, tokens in enumerate(encoded):
            kept = tokens if len(tokens) <= length else [*tokens[: length - 1], tokens[-1]]
            inputs_BL[row, : len(kept)] = kept
            lengths_B[row], limits_B[row] = len(kept), max_decode_len
        row_ids_B = np.arange(batch_size, dtype=np.int32) + first_row_id + start
        out = generate(
            config,
            params,
            inputs_BL,
            lengths_B,
            limits_B,
            max_decode_len,
            method,
            stop=stop,
            key=key,
            row_ids_B=row_ids_B,
        )
        tokens_BMT, log_probs_BM, scores_BM, num_tokens_BM, finished_BM = (np.asarray(array) for array in out)
        for row, prompt in enumerate(chunk):
            for sample in range(method.num_outputs):
                if not np.isfinite(scores_BM[row, sample]):
                    continue
                text = vocabulary.decode(tokens_BMT[row, sample, : num_tokens_BM[row, sample]])
                text, has_stop = cut_at_stop(text, stop_texts)
                yield TextGeneration(
                    prompt=prompt,
                    sample=sample,
                    text=text,
                    log_prob=float(log_probs_BM[row, sample]),
                    score=float(scores_BM[row, sample]),
                    num_tokens=int(num_tokens_BM[row, sample]),
                    is_finished=bool(finished_BM[row, sample]) or has_stop,
                    num_prompt_tokens=len(encoded[row]),
                    is_trimmed=len(encoded[row]) > length,
                )


def prompt_tokens(config: ModelConfig, vocabulary: Vocabulary, texts: Sequence[str]) -> list[list[int]]:
    """Each prompt as the model was trained to read it: an encoder's ends in EOS; a decoder's may start with the start
    id and end in EOS (`DecoderConfig.start_id`, `prompt_end`)."""
    first: list[int] = []
    last = [vocabulary.eos_id]
    if isinstance(config, DecoderConfig):
        first = [] if config.start_id is None else [config.start_id]
        last = [vocabulary.eos_id] if config.prompt_end == "eos" else []
    return [[*first, *tokens, *last] for tokens in vocabulary.encode_batch(texts)]


def stop_of(vocabulary: Vocabulary, stop_texts: Sequence[str]) -> Stop:
    """EOS, and the tokens that `stop_texts` have at the start of a text and inside one."""
    sequences: dict[tuple[int, ...], None] = {}
    for text in stop_texts:
        sequences[tuple(vocabulary.encode(text))] = None
        before, inside = vocabulary.encode("a"), vocabulary.encode(f"a{text}")
        if inside[: len(before)] == before:
            sequences[tuple(inside[len(before) :])] = None
    return Stop(eos_ids=(vocabulary.eos_id,), sequences=tuple(sequence for sequence in sequences if sequence))


def cut_at_stop(text: str, stop_texts: Sequence[str]) -> tuple[str, bool]:
    """`text` before the first of `stop_texts`, and whether it has one."""
    ends = [end for stop_text in stop_texts if (end := text.find(stop_text)) >= 0]
    return (text[: min(ends)], True) if ends else (text, False)
