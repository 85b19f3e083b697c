"""Text in, text out: prompts in batches of a few lengths."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from flan_jax.core.vocab import EOS_ID, PAD_ID, Vocabulary
from flan_jax.decode.greedy import greedy_decode
from flan_jax.models import Params, T5Config

SHORTEST_PROMPT_BUCKET = 32

__all__ = ["TextGeneration", "generate_texts"]


@dataclasses.dataclass(frozen=True)
class TextGeneration:
    """One answer.

    log_prob: nats, summed over `num_tokens` generated tokens, EOS included. is_finished: it ended in EOS rather than
    at the length limit. num_prompt_tokens: with EOS, before trimming. is_trimmed: the prompt lost its end.
    """

    prompt: str
    text: str
    log_prob: float
    num_tokens: int
    is_finished: bool
    num_prompt_tokens: int
    is_trimmed: bool


def generate_texts(
    config: T5Config,
    params: Params,
    vocabulary: Vocabulary,
    prompts: Sequence[str],
    *,
    inputs_length: int,
    max_decode_len: int,
    batch_size: int,
) -> Iterator[TextGeneration]:
    """Yields greedy generations in the order of `prompts`, `batch_size` at a time.

    A batch's prompts are padded to the next power of two, at most `inputs_length`; longer ones are trimmed at the end.
    """
    for start in range(0, len(prompts), batch_size):
        chunk = prompts[start : start + batch_size]
        encoded = [[*tokens, EOS_ID] for tokens in vocabulary.encode_batch(chunk)]
        longest = min(inputs_length, max(len(tokens) for tokens in encoded))
        length = SHORTEST_PROMPT_BUCKET
        while length < longest:
            length *= 2
        length = min(length, inputs_length)
        inputs_BL = np.full((batch_size, length), PAD_ID, np.int32)
        limits_B = np.zeros(batch_size, np.int32)
        for row, tokens in enumerate(encoded):
            kept = tokens if len(tokens) <= length else [*tokens[: length - 1], EOS_ID]
            inputs_BL[row, : len(kept)] = kept
            limits_B[row] = max_decode_len
        out = greedy_decode(config, params, inputs_BL, limits_B, max_decode_len)
        tokens_BT, log_probs_B, num_tokens_B, finished_B = (np.asarray(array) for array in out)
        for row, prompt in enumerate(chunk):
            yield TextGeneration(
                prompt=prompt,
                text=vocabulary.decode(tokens_BT[row, : num_tokens_B[row]]),
                log_prob=float(log_probs_B[row]),
                num_tokens=int(num_tokens_B[row]),
                is_finished=bool(finished_B[row]),
                num_prompt_tokens=len(encoded[row]),
                is_trimmed=len(encoded[row]) > length,
            )
