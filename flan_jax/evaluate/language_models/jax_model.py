"""Our own models as a `LanguageModel`: T5 and decoders, batched, on any mesh.

An encoder reads a prompt once for all its options. A causal decoder reads what the prompts of a prefix have in common
once for all of them, then each prompt's rest once for all its options.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from flan_jax.core.errors import ConfigError
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.decode.text import prompt_tokens
from flan_jax.evaluate.language_models.batches import PromptBatch, stack
from flan_jax.evaluate.language_models.grid_batches import (
    PrefixGroup,
    common_starts,
    generated_rows,
    grid_length,
    grid_option_batch,
    grid_prompt_batches,
    group_by_prefix,
    option_width,
    scored_rows,
)
from flan_jax.evaluate.language_models.on_mesh import ModelOnMesh, batch_shards, method_of, whole
from flan_jax.evaluate.language_models.requests import Generated, GenerateRequest, Ranked, RankRequest, ScoredTokens
from flan_jax.models import DecoderConfig, ModelConfig, Params
from flan_jax.models.decoder_incremental import DecoderCache, prefill

NUM_FINGERPRINT_VALUES = 256  # of each parameter
# Bound of the largest arrays of a batch (attention weights, logits), in bytes: what keeps long prompts from filling
# the memory of a small machine. Prompts that share a prefix attend to it too.
BATCH_BYTES = 1 << 28

__all__ = ["JaxLanguageModel", "params_fingerprint"]


class JaxLanguageModel:
    """A model of `flan_jax.models`; see `language_model.LanguageModel`.

    Greedy answers do not depend on how requests are batched, up to the rounding of sums; samples are functions of each
    request's seed.
    """

    def __init__(
        self,
        name: str,
        config: ModelConfig,
        params: Params,
        vocabulary: Vocabulary,
        *,
        inputs_length: int = 2048,
        batch_size: int = 32,
        mesh: Mesh | None = None,
    ):
        """
        Args:
          name: for tables.
          config, params, vocabulary: the model.
          inputs_length: most tokens of a prompt; a decoder's generation has to fit its `max_positions` as well.
          batch_size: most rows at once, a multiple of the mesh's batch axes. Long prompts get smaller batches.
          mesh: devices to split batches over; None for where the parameters are.

        Raises `ConfigError` for a batch that the mesh cannot split, or sizes below 1.
        """
        if inputs_length < 8 or batch_size < 1:
            raise ConfigError(f"inputs_length {inputs_length}, batch_size {batch_size}: give at least 8 and 1")
        self._num_shards = batch_shards(mesh, batch_size)
        self._on_mesh = ModelOnMesh(config, params, vocabulary, mesh)
        self.name, self.config, self.params, self.vocabulary = name, config, params, vocabulary
        self.inputs_length, self.batch_size = inputs_length, batch_size
        parts = [repr(config), vocabulary.fingerprint, params_fingerprint(params)]
        if len(vocabulary.eos_ids) > 1:  # the vocabulary's fingerprint is of its one EOS token
            parts.append(repr(vocabulary.eos_ids))
        self.fingerprint = hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def settings(self) -> dict[str, Any]:
        """See `LanguageModel`."""
        return {"inputs_length": self.inputs_length, "dtype": str(self.config.dtype)}

    def count_tokens(self, prompts: Sequence[str]) -> list[int]:
        """See `LanguageModel`."""
        return [len(tokens) for tokens in self.encode_prompts(prompts)]

    def encode_prompts(self, prompts: Sequence[str]) -> list[list[int]]:
        """Each prompt's tokens as the model reads them, start and end tokens included."""
        return prompt_tokens(self.config, self.vocabulary, prompts)

    def longest_prompt(self, num_new_tokens: int) -> int:
        """See `LanguageModel`."""
        room = self.config.most_prompt_tokens(num_new_tokens)
        if room is None:
            return self.inputs_length
        if room < 1:
            raise ConfigError(
                f"{num_new_tokens} tokens are to be generated, the model has {room + num_new_tokens} positions: "
                f"there is no room for a prompt"
            )
        return min(self.inputs_length, room)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[tuple[int, tuple[Generated, ...]]]:
        """See `LanguageModel`."""
        # All three are compiled in, so that a batch is of one kind.
        kinds = [(r.sampling, r.stop, r.max_tokens) for r in requests]
        for kind in dict.fromkeys(kinds):
            members = [i for i, other in enumerate(kinds) if other == kind]
            sampling, _, max_tokens = kind
            num_outputs = method_of(sampling).num_outputs
            prompts = self._prompts([requests[i] for i in members])
            prefixes = [requests[i].prefix for i in members]
            for group in self._groups(prefixes, prompts, self.longest_prompt(max_tokens)):
                prefix, prefix_length = self._prefix(group)
                most_rows = self.batch_size // num_outputs
                for batch in self._batches(group, prefix_length, most_rows, num_outputs, generated_rows):
                    chosen = [members[k] for k in batch.positions]
                    outputs = self._on_mesh.generate(batch, [requests[i] for i in chosen], max_tokens, prefix)
                    yield from zip(chosen, outputs, strict=True)

    def rank(self, requests: Sequence[RankRequest]) -> Iterator[tuple[int, Ranked]]:
        """See `LanguageModel`."""
        options = [self._on_mesh.option_tokens(request) for request in requests]
        prompts = self._prompts(requests)
        for position, scored in self._score([request.prefix for request in requests], prompts, options):
            log_probs = tuple(score.log_prob for score in scored)
            yield position, Ranked(log_probs, tuple(score.num_tokens for score in scored))

    def _prompts(self, requests: Sequence[GenerateRequest] | Sequence[RankRequest]) -> list[list[int]]:
        return [list(map(int, tokens)) for tokens in self._on_mesh.encode(requests)]

    def score_tokens(
        self, prompts: Sequence[list[int]], options: Sequence[Sequence[list[int]]]
    ) -> Iterator[tuple[int, list[ScoredTokens]]]:
        """(position in `prompts`, its options' scores), each prompt once, in any order.

        Args:
          prompts: [n] tokens as the model is to read them. What a causal decoder's prompts have in common is found, and
            read once.
          options: [n], of each prompt one or more continuations of at least one token.
        """
        starts = common_starts(prompts)
        prefixes = [" ".join(map(str, tokens[:start])) for tokens, start in zip(prompts, starts, strict=True)]
        yield from self._score(prefixes, prompts, options)

    def _score(
        self, prefixes: Sequence[str], prompts: Sequence[list[int]], options: Sequence[Sequence[list[int]]]
    ) -> Iterator[tuple[int, list[ScoredTokens]]]:
        """prefixes: equal ones name prompts that share one."""
        kinds = [(len(answers), option_width(max(map(len, answers)))) for answers in options]
        longest = [self.longest_prompt(width) for _, width in kinds]
        for limit in dict.fromkeys(longest):
            members = [i for i, other in enumerate(longest) if other == limit]
            for group in self._groups([prefixes[i] for i in members], [prompts[i] for i in members], limit):
                prefix, prefix_length = self._prefix(group)
                for kind, part in _by_kind(group, [kinds[members[k]] for k in group.positions]).items():
                    for batch in self._batches(part, prefix_length, self.batch_size, kind[0] * kind[1], scored_rows):
                        chosen = [members[k] for k in batch.positions]
                        scored = self._scored(batch, [options[i] for i in chosen], *kind, prefix)
                        yield from zip(chosen, scored, strict=True)

    def _scored(
        self,
        batch: PromptBatch,
        options: Sequence[Sequence[list[int]]],
        num_options: int,
        width: int,
        prefix: DecoderCache | None,
    ) -> list[list[ScoredTokens]]:
        with_options = grid_option_batch(batch, options, num_options, width)
        log_probs_R, is_greedy_R = self._on_mesh.score_and_compare(with_options, prefix)
        rows = iter(zip(log_probs_R, is_greedy_R, with_options.lengths_R, strict=True))
        return [
            [ScoredTokens(float(p), bool(g), int(n)) for p, g, n in itertools.islice(rows, num_options)]
            for _ in options
        ]

    def _groups(self, prefixes: Sequence[str], prompts: Sequence[list[int]], longest: int) -> list[PrefixGroup]:
        """Prompts by what they share, a prompt's start cut off where it is too long."""
        prompts = [tokens if len(tokens) <= longest else tokens[len(tokens) - longest :] for tokens in prompts]
        if self.config.can_share_prefixes:
            return group_by_prefix(prefixes, prompts)
        return [PrefixGroup(tuple(range(len(prompts))), (), tuple(tuple(tokens) for tokens in prompts))]

    def _prefix(self, group: PrefixGroup) -> tuple[DecoderCache | None, int]:
        """The cache of what the group shares, and its slots: the length is rounded up, so that few shapes compile."""
        if not group.shared:
            return None, 0
        assert isinstance(self.config, DecoderConfig)
        # The grid's next length may be more than the model reads.
        length = min(grid_length(len(group.shared)), self.longest_prompt(0))
        tokens_1L = jnp.asarray(stack([group.shared], 1, length))
        return _padded_prefix(self.config, self.params, tokens_1L, jnp.array([len(group.shared)])), length

    def _batches(
        self,
        group: PrefixGroup,
        prefix_length: int,
        most_rows: int,
        num_logits: int,
        num_rows: Callable[[int, int, int], int],
    ) -> Iterator[PromptBatch]:
        """Batches of the group by length, of as many prompts as BATCH_BYTES allows there.

        num_logits: rows of logits that exist at once for each prompt.
        num_rows: of a batch; from the number of prompts, the most rows and what these are a multiple of.
        """
        longest = self.longest_prompt(0) - len(group.shared)
        by_length: dict[int, list[int]] = {}
        for k, rest in enumerate(group.rests):
            by_length.setdefault(min(longest, grid_length(len(rest))), []).append(k)
        for length, places in sorted(by_length.items()):
            num_weights = self.config.num_heads * length * (prefix_length + length)
            prompt_bytes = 4 * (num_weights + num_logits * self.config.vocab_size)
            most = min(most_rows, BATCH_BYTES // prompt_bytes)
            rows = num_rows(len(places), most, self._num_shards)
            yield from grid_prompt_batches(
                [group.positions[k] for k in places], [group.rests[k] for k in places], rows, length
            )


def _by_kind(group: PrefixGroup, kinds: Sequence[tuple[int, int]]) -> dict[tuple[int, int], PrefixGroup]:
    """The group's requests by (number of options, width of the widest), which decide a batch's shape."""
    places: dict[tuple[int, int], list[int]] = {}
    for k, kind in enumerate(kinds):
        places.setdefault(kind, []).append(k)
    return {
        kind: PrefixGroup(tuple(group.positions[k] for k in ks), group.shared, tuple(group.rests[k] for k in ks))
        for kind, ks in places.items()
    }


def params_fingerprint(params: Params) -> str:
    """sha256 of evenly spaced values of every parameter: the same on any mesh, another one after any training."""
    digest = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        # A sample, since whole parameters would have to be gathered from the mesh. By axis, since a flat index into a
        # stack of layers need not fit int32.
        indices = np.unique(np.linspace(0, leaf.size - 1, NUM_FINGERPRINT_VALUES).astype(np.int64))
        values = whole(_pick(leaf, np.stack(np.unravel_index(indices, leaf.shape)).astype(np.int32)))
        digest.update(f"{jax.tree_util.keystr(path)}{leaf.shape}{leaf.dtype}".encode() + values.tobytes())
    return digest.hexdigest()


@jax.jit
def _pick(leaf: jax.Array, indices_AN: np.ndarray) -> jax.Array:
    # On the devices, so that the sampled values travel and not the parameter.
    return leaf[tuple(indices_AN)].astype(jnp.float32)


@functools.partial(jax.jit, static_argnames="config")
def _padded_prefix(config: DecoderConfig, params: Params, tokens_1L: jax.Array, lengths_1: jax.Array) -> DecoderCache:
    """The cache of one text, padded at its end: its slots there know that they hold nothing."""
    _, cache = prefill(config, params, tokens_1L, lengths_1, tokens_1L.shape[1])
    return cache
