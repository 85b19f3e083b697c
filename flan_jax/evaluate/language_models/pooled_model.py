"""A model inside a run: all requests of an evaluation pooled into batches of at most three prompt lengths, so that
evaluations of a hundred tasks compile three programs, once.

Held-out tasks are asked through it. `JaxLanguageModel` fits batches to each benchmark's lengths and shares prefixes
instead, which is faster a question and compiles more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jax.sharding import Mesh

from flan_jax.core.errors import ConfigError
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.evaluate.language_models.batches import Tokens
from flan_jax.evaluate.language_models.on_mesh import ModelOnMesh, batch_shards, method_of
from flan_jax.evaluate.language_models.pooled_batches import pooled_option_batches, pooled_prompt_batches
from flan_jax.evaluate.language_models.requests import Generated, GenerateRequest, Ranked, RankRequest
from flan_jax.models import ModelConfig, Params

__all__ = ["PooledModel"]


class PooledModel:
    """See `requests.Responder`. Answers do not depend on how requests are batched, up to the rounding of sums."""

    def __init__(
        self,
        config: ModelConfig,
        params: Params,
        vocabulary: Vocabulary,
        *,
        inputs_length: int,
        targets_length: int,
        batch_size: int,
        mesh: Mesh | None = None,
    ):
        """
        Args:
          config, params, vocabulary: the model.
          inputs_length: most tokens of a prompt; longer ones lose their start.
          targets_length: most tokens of any generation.
          batch_size: prompts a batch, a multiple of the mesh's batch axes.
          mesh: devices to split batches over; None for where the parameters are.

        Raises `ConfigError` for a batch that the mesh cannot split.
        """
        self._num_shards = batch_shards(mesh, batch_size)
        self._on_mesh = ModelOnMesh(config, params, vocabulary, mesh)
        self._inputs_length, self._targets_length, self._batch_size = inputs_length, targets_length, batch_size

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[tuple[int, tuple[Generated, ...]]]:
        """See `Responder`. Raises `ConfigError` for a request of more than `targets_length` tokens."""
        if too_many := max((r.max_tokens for r in requests if r.max_tokens > self._targets_length), default=0):
            raise ConfigError(
                f"a request of {too_many} tokens, batches have room for {self._targets_length}: raise targets_length"
            )
        kinds = [(request.sampling, request.stop) for request in requests]
        for kind in dict.fromkeys(kinds):
            members = [i for i, other in enumerate(kinds) if other == kind]
            mine = [requests[i] for i in members]
            limits = [request.max_tokens for request in mine]
            # Generations a prompt are rows of their own in the decoder: the batch bounds both together.
            rows = max(self._num_shards, self._batch_size // method_of(kind[0]).num_outputs)
            rows = rows // self._num_shards * self._num_shards
            for batch in pooled_prompt_batches(self._prompts(mine), limits, self._inputs_length, rows):
                outputs = self._on_mesh.generate(batch, [mine[k] for k in batch.positions], self._targets_length)
                yield from zip([members[k] for k in batch.positions], outputs, strict=True)

    def rank(self, requests: Sequence[RankRequest]) -> Iterator[tuple[int, Ranked]]:
        """See `Responder`. A request's options may be in several batches; it is answered with the last of them."""
        options = [self._on_mesh.option_tokens(request) for request in requests]
        found: list[dict[int, float]] = [{} for _ in requests]
        for batch in pooled_option_batches(
            self._prompts(requests), options, self._inputs_length, self._batch_size, self._num_shards
        ):
            scores_R = self._on_mesh.score(batch)
            for answer, score in zip(batch.answers, scores_R, strict=False):  # the other rows only fill the batch
                mine = found[answer.position]
                mine[answer.option] = float(score)
                if len(mine) == len(options[answer.position]):
                    lengths = tuple(len(tokens) for tokens in options[answer.position])
                    yield answer.position, Ranked(tuple(mine[k] for k in range(len(mine))), lengths)

    def _prompts(self, requests: Sequence[GenerateRequest] | Sequence[RankRequest]) -> list[Tokens]:
        """Of text, the start is cut off where it is too long; cached tokens come cut."""
        return [tokens[max(0, len(tokens) - self._inputs_length) :] for tokens in self._on_mesh.encode(requests)]
