"""What decoding asks of a family of models, and which module answers for it.

All families look the same: rows N = B * num_copies, the copies of a prompt side by side; each step feeds one token a
row and gives the logits of the next.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import jax

from flan_jax.core.errors import ConfigError
from flan_jax.models import ModelConfig, Params

Cache = Any  # a family's own tree of arrays, fit for `lax.while_loop`

# By `ModelConfig.family`. Modules by name, as in `flan_jax.models.family`.
_DECODING: Mapping[str, str] = {
    "t5": "flan_jax.decode.encoder_decoder",
    "decoder": "flan_jax.decode.decoder_only",
    "encoder_decoder": "flan_jax.decode.encoder_decoder",
}

__all__ = ["Cache", "Decoding", "Started", "decoding_of"]


class Started(NamedTuple):
    """params: with layers unstacked, for the loop. cache: over N rows. first_N: int32, the tokens to feed first."""

    params: Params
    cache: Cache
    first_N: jax.Array


class Decoding(Protocol):
    """A module that reads prompts with a family's models and goes on from them. All functions are traceable, and take
    the configuration, static under `jit`, and its parameters first."""

    def start(
        self,
        config: Any,
        params: Params,
        inputs_BL: jax.Array,
        lengths_B: jax.Array,
        max_decode_len: int,
        num_copies: int,
        prefix: Cache | None,
    ) -> Started:
        """Reads the prompts, each once whatever `num_copies`. Arguments as in `generate`.

        Args:
          config: the model.
          params: its parameters.
          inputs_BL: int32 prompts, from the left, ragged.
          lengths_B: int32, tokens of each prompt.
          max_decode_len: T, slots for generated tokens.
          num_copies: rows of each prompt: its samples or beams.
          prefix: what stands before every prompt (`cache_prefix`); None for nothing.
        """

    def step(self, config: Any, params: Params, cache: Cache, tokens_N: jax.Array) -> tuple[jax.Array, Cache]:
        """Feeds one token a row; logits of the next one, float32 [N, V], and the cache after it.

        Args:
          config: the model.
          params: its parameters, as `start` has given them back.
          cache: of the rows.
          tokens_N: int32, the token of each row.
        """

    def reorder(self, cache: Cache, rows_N: jax.Array) -> Cache:
        """The cache whose row r was row `rows_N[r]`, which must be a copy of the same prompt."""

    def answer_scores(
        self,
        config: Any,
        params: Params,
        inputs_BL: jax.Array,
        input_lengths_B: jax.Array | None,
        prompt_R: jax.Array,
        targets_RT: jax.Array,
        prefix: Cache | None,
    ) -> tuple[jax.Array, jax.Array]:
        """Of each token of the answers log P, nats, and whether none is likelier, [R, T] twice. Arguments as in
        `score_targets`.

        Args:
          config: the model.
          params: its parameters.
          inputs_BL: int32 prompts, from the left, ragged.
          input_lengths_B: int32, tokens of each prompt; None where padding tells them.
          prompt_R: int32, the prompt of each answer.
          targets_RT: int32 answers.
          prefix: what stands before every prompt (`cache_prefix`); None for nothing.
        """


def decoding_of(config: ModelConfig) -> Decoding:
    """The module that decodes with a model. Raises `ConfigError` for a family without one."""
    if config.family not in _DECODING:
        raise ConfigError(
            f"models of family {config.family!r} cannot be decoded with, those of {', '.join(_DECODING)} can: write a "
            f"module with the functions of `Decoding`, and its line in flan_jax/decode/families.py"
        )
    module: Any = importlib.import_module(_DECODING[config.family])
    found: Decoding = module
    return found
