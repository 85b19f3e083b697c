"""A model with its parameters where they are: batches go to the devices, and what comes back is whole and in text.

Both models of this package ask through this one (`jax_model.py` for benchmarks, `pooled_model.py` for a run's held-out
tasks); they differ only in how they put requests into batches.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from flan_jax.core.errors import ConfigError, Setting
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.declare.benchmark import SampleSettings
from flan_jax.decode import Greedy, Method, Sampling, generate, score_and_compare, score_targets
from flan_jax.decode.text import cut_at_stop, prompt_tokens, stop_of, writable_stops
from flan_jax.evaluate.language_models.batches import OptionBatch, PromptBatch, Tokens
from flan_jax.evaluate.language_models.requests import Generated, GenerateRequest, RankRequest
from flan_jax.models import ModelConfig, Params
from flan_jax.models.axes import BATCH_AXES
from flan_jax.models.decoder_incremental import DecoderCache

__all__ = ["ModelOnMesh", "batch_shards", "method_of", "whole"]


class ModelOnMesh:
    """Runs batches of one model. With several processes all of them call it with the same batches, and all get the same
    answers."""

    def __init__(self, config: ModelConfig, params: Params, vocabulary: Vocabulary, mesh: Mesh | None = None):
        """
        Args:
          config, params, vocabulary: the model.
          mesh: devices to split a batch's rows over, by its axes `data` and `fsdp`; None for where the parameters are.
        """
        self.config, self.params, self.vocabulary = config, params, vocabulary
        self._sharding = None if mesh is None else NamedSharding(mesh, PartitionSpec(_batch_axes(mesh)))

    def encode(self, requests: Sequence[GenerateRequest] | Sequence[RankRequest]) -> list[Tokens]:
        """Each request's prompt as the model reads it: the tokens that it came with, or those of its text."""
        texts = [request.prompt for request in requests if request.tokens is None]
        encoded = iter(prompt_tokens(self.config, self.vocabulary, texts))
        return [next(encoded) if request.tokens is None else request.tokens for request in requests]

    def option_tokens(self, request: RankRequest) -> list[list[int]]:
        """Each option's tokens. Raises `ConfigError` for one that has none, which cannot be told from no answer."""
        end = [self.vocabulary.eos_id] if request.option_end == "eos" else []
        encoded = self.vocabulary.encode_batch(request.options)
        if empty := [o for o, tokens in zip(request.options, encoded, strict=True) if not tokens and not end]:
            raise ConfigError(
                f"option {empty[0]!r} of {request.query[-40:]!r} has no token in {self.vocabulary.path}: give it text "
                f"that this vocabulary has, or, in a format of your own, rank with option_end 'eos'"
            )
        return [[*tokens, *end] for tokens in encoded]

    def generate(
        self,
        batch: PromptBatch,
        requests: Sequence[GenerateRequest],
        max_tokens: int,
        prefix: DecoderCache | None = None,
    ) -> list[tuple[Generated, ...]]:
        """The generations of each request.

        Args:
          batch: the requests' prompts, in their order, then rows that fill it.
          requests: alike in `sampling` and `stop`; each ends at its own `max_tokens`.
          max_tokens: the longest generation, which decides what is compiled.
          prefix: what stands before every prompt, from a decoder's cache.
        """
        num_rows, method = len(batch.lengths_B), method_of(requests[0].sampling)
        stop_texts = writable_stops(self.vocabulary, requests[0].stop)
        limits_B, row_ids_B = np.zeros(num_rows, np.int32), np.zeros(num_rows, np.int32)
        limits_B[: len(requests)] = [request.max_tokens for request in requests]
        row_ids_B[: len(requests)] = [request.seed for request in requests]
        out = generate(
            self.config,
            self.params,
            self._place(batch.inputs_BL),
            self._place(batch.lengths_B),
            self._place(limits_B),
            max_tokens,
            method,
            stop=stop_of(self.vocabulary, stop_texts),
            # One key for all: requests' seeds go in as row numbers, which samples are a function of.
            key=jax.random.key(0),
            row_ids_B=self._place(row_ids_B),
            prefix=prefix,
        )
        tokens_BMT, log_probs_BM, num_tokens_BM, finished_BM = (
            whole(array) for array in (out.tokens_BMT, out.log_probs_BM, out.num_tokens_BM, out.finished_BM)
        )
        generations = []
        for row in range(len(requests)):
            outputs = []
            for sample in range(method.num_outputs):
                num_tokens = int(num_tokens_BM[row, sample])
                text, has_stop = cut_at_stop(self.vocabulary.decode(tokens_BMT[row, sample, :num_tokens]), stop_texts)
                is_finished = bool(finished_BM[row, sample]) or has_stop
                outputs.append(Generated(text, float(log_probs_BM[row, sample]), num_tokens, is_finished))
            generations.append(tuple(outputs))
        return generations

    def score(self, batch: OptionBatch) -> np.ndarray:
        """Nats of each of the batch's answers, float32 [R]."""
        return whole(score_targets(self.config, self.params, *self._answers(batch), **self._lengths(batch)))

    def score_and_compare(
        self, batch: OptionBatch, prefix: DecoderCache | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Nats of each of the batch's answers, float32 [R], and whether greedy decoding would give it, bool [R]."""
        arrays = self._answers(batch)
        scores = score_and_compare(self.config, self.params, *arrays, **self._lengths(batch), prefix=prefix)
        return whole(scores.log_probs_R), whole(scores.is_greedy_R)

    def _answers(self, batch: OptionBatch) -> list[jax.Array]:
        arrays = (batch.prompts.inputs_BL, batch.prompt_R, batch.targets_RT, batch.lengths_R)
        return [self._place(array) for array in arrays]

    def _lengths(self, batch: OptionBatch) -> dict[str, jax.Array]:
        return {"input_lengths_B": self._place(batch.prompts.lengths_B)}

    def _place(self, array: np.ndarray) -> jax.Array:
        if self._sharding is None:
            return array  # type: ignore[return-value]  # jit puts it where the parameters are
        # Every process has the whole batch and hands over the rows of its own devices.
        return jax.make_array_from_callback(array.shape, self._sharding, lambda index: array[index])


def batch_shards(mesh: Mesh | None, batch_size: int, name: str = "batch_size") -> int:
    """Over how many devices `mesh` splits a batch. Raises `ConfigError` that says the nearest sizes where it cannot."""
    num_shards = 1 if mesh is None else int(np.prod([mesh.shape[axis] for axis in _batch_axes(mesh)]))
    if batch_size % num_shards:
        below = batch_size // num_shards * num_shards
        nearest = " or ".join(str(size) for size in (below, below + num_shards) if size)
        raise ConfigError(
            Setting(name), f" {batch_size} is not divisible by the mesh's {num_shards} batch shards: use {nearest}"
        )
    return num_shards


def method_of(sampling: SampleSettings | None) -> Method:
    """How `decode.generate` is to draw; None is greedy."""
    if sampling is None:
        return Greedy()
    return Sampling(
        temperature=sampling.temperature,
        top_k=sampling.top_k or None,
        top_p=sampling.top_p,
        num_samples=sampling.num_samples,
    )


def whole(array: jax.Array) -> np.ndarray:
    """The whole array on every process."""
    if array.is_fully_addressable:
        return np.asarray(array)
    return np.asarray(multihost_utils.process_allgather(array, tiled=True))


def _batch_axes(mesh: Mesh) -> tuple[str, ...]:
    return tuple(axis for axis in BATCH_AXES if axis in mesh.axis_names)
