"""The decoder-only model as Linen modules: PaLM, LaMDA, GPT-3, Llama, Qwen and Gemma by `DecoderConfig`.

Pre-norm blocks, scanned: their parameters are stacked along a leading `layers` axis, under names like those of the T5
decoder. `flan_jax.models.model` is what the rest of the project calls; `decoder_incremental` runs the same layers with
a cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from flan_jax.core.errors import ConfigError, Setting
from flan_jax.models.axes import constrain, with_axes
from flan_jax.models.decoder_config import DecoderConfig
from flan_jax.models.decoder_layers import GroupedAttention, Mlp, Norm, inner_rate, rotation, stretches
from flan_jax.models.dropout import dropout, fold_in
from flan_jax.models.layers import DENSE_INIT, apply
from flan_jax.models.position_bias import RelativeBias, expand_offsets
from flan_jax.models.prefix_attention import attend_with_prefix
from flan_jax.models.soft_prompt import embed_prompt, make_prompt
from flan_jax.models.windows import Masks, Rotations, angles_of_layer, mask_of_layer, with_window

# Dropout sites outside the layers; layer i folds in LAYERS + i.
EMBEDDED, FINAL, LAYERS = 0, 1, 2

__all__ = [
    "DecoderLayer",
    "DecoderOnly",
    "DecoderStack",
    "OutputMatrix",
    "TokenTable",
    "init",
    "logits",
    "prefix_mask",
    "rotations_of",
    "scaled_logits",
    "scanned",
]


def prefix_mask(segment_ids_BL: jax.Array, is_prefix_BL: jax.Array | None) -> jax.Array:
    """Which key a query sees, bool [B, 1, L, L]: those of its own segment up to itself and, where both are in the
    segment's prefix, those after it too (Raffel et al. 2020, figure 4). Padding is segment 0 and sees padding only."""
    length = segment_ids_BL.shape[1]
    queries = jax.lax.broadcasted_iota(jnp.int32, (length, length), 0)
    keys = jax.lax.broadcasted_iota(jnp.int32, (length, length), 1)
    is_seen_BLL = (keys <= queries)[None]
    if is_prefix_BL is not None:
        is_seen_BLL = is_seen_BLL | ((is_prefix_BL[:, :, None] != 0) & (is_prefix_BL[:, None, :] != 0))
    return (is_seen_BLL & (segment_ids_BL[:, :, None] == segment_ids_BL[:, None, :]))[:, None]


def rotations_of(config: DecoderConfig, positions_BL: jax.Array) -> Rotations:
    """The rotations of these positions, in layers of either kind; of None for a model without.

    Args:
      config: the model.
      positions_BL: int32, counted inside each example.
    """
    if config.position != "rope":
        return Rotations(None, None)
    of_local = None
    if config.local_rope_theta is not None:
        of_local = rotation(positions_BL, config.head_dim, config.local_rope_theta)
    stretches_P = None if config.rope_scaling == "none" else stretches(config)
    return Rotations(rotation(positions_BL, config.head_dim, config.rope_theta, stretches_P), of_local)


def scaled_logits(config: DecoderConfig, y_BLD: jax.Array, product: Callable[[jax.Array], jax.Array]) -> jax.Array:
    """Logits, float32 [B, L, V], scaled and capped as the model's settings say.

    Args:
      config: the model.
      y_BLD: what the last norm gave.
      product: with the output matrix, or the table that it is tied to.
    """
    if config.logits_scale == "inverse_sqrt_emb_dim":
        y_BLD = y_BLD.astype(jnp.float32) / math.sqrt(config.emb_dim)
    logits_BLV, softcap = product(y_BLD), config.logits_softcap
    return logits_BLV if softcap is None else softcap * jnp.tanh(logits_BLV / softcap)


class TokenTable(nn.Module):
    """Rows of a table [rows, D] by number; for a tied output also the product with it."""

    config: DecoderConfig
    num_rows: int
    row_axis: str

    def setup(self) -> None:
        init = with_axes(nn.initializers.normal(self.config.embedding_init_std), self.row_axis, "embed")
        self.embedding = self.param("embedding", init, (self.num_rows, self.config.emb_dim), jnp.float32)
        self.has_prompt = self.row_axis == "vocab" and self.config.prompt_tokens > 0
        if self.has_prompt:
            self.soft_prompt = make_prompt(self, self.config.prompt_tokens, self.config.emb_dim)

    def __call__(self, rows_BL: jax.Array) -> jax.Array:
        """[B, L, D] in the compute dtype."""
        x_BLD = jnp.take(self.embedding, rows_BL, axis=0, mode="clip").astype(self.config.compute_dtype)
        if self.has_prompt:
            x_BLD = embed_prompt(self.soft_prompt, rows_BL, x_BLD)
        if self.row_axis == "vocab" and self.config.embeddings_scale == "sqrt_emb_dim":
            # Rounded to the compute dtype, as Gemma was pretrained.
            x_BLD = x_BLD * jnp.asarray(math.sqrt(self.config.emb_dim), x_BLD.dtype)
        return constrain(x_BLD, "batch", "length", "activation_embed")

    def logits(self, x_BLD: jax.Array) -> jax.Array:
        """Products with every row, float32 [B, L, V]."""
        # float32, as T5X's: the loss takes the logarithm of a sum over all of V.
        return jnp.einsum("bld,vd->blv", x_BLD.astype(jnp.float32), self.embedding)


class DecoderLayer(nn.Module):
    """Attention and MLP, one after the other or side by side."""

    config: DecoderConfig

    def setup(self) -> None:
        self.pre_attention_layer_norm = Norm(self.config)
        self.attention = GroupedAttention(self.config)
        if self.config.block == "sequential":
            self.pre_mlp_layer_norm = Norm(self.config)
        if self.config.norm_sides == "around":
            self.post_attention_layer_norm = Norm(self.config)
            self.post_mlp_layer_norm = Norm(self.config)
        self.mlp = Mlp(self.config)

    def __call__(
        self,
        x_BLD: jax.Array,
        layer: jax.Array,
        rotations: Rotations,
        bias_HLL: jax.Array | None,
        masks: Masks,
        seeds_2B: jax.Array | None,
    ) -> tuple[jax.Array, None]:
        angles = angles_of_layer(self.config, layer, rotations)
        mask_B1LL = mask_of_layer(self.config, layer, masks)
        seeds_2B = fold_in(seeds_2B, layer + LAYERS)
        normed_BLD = self.pre_attention_layer_norm(x_BLD)
        attended_BLD = self.attention(normed_BLD, angles, bias_HLL, mask_B1LL, fold_in(seeds_2B, 0))
        x_BLD = self._join(x_BLD, normed_BLD, attended_BLD, seeds_2B)
        # As in `t5.EncoderLayer`: what a scan keeps of each layer.
        return constrain(x_BLD, "batch", "length", "activation_embed"), None

    def extend(
        self,
        x_BLD: jax.Array,
        layer: jax.Array | int,
        first_slot: jax.Array,
        k_BGSK: jax.Array,
        v_BGSK: jax.Array,
        rotations: Rotations,
        bias_BHLS: jax.Array | None,
        masks: Masks,
        prefix: tuple[jax.Array, jax.Array] | None,
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Positions on top of cached ones: their output [B, L, D], and the keys and values with theirs from
        `first_slot` on. The masks' S may be less than the cache's: the slots beyond are not read. With the keys and
        values of a shared prefix, [1, G, P, K] each, masks and bias are over [P + S].

        Args:
          x_BLD: the positions' activations.
          layer: the layer's number, from 0.
          k_BGSK: cached keys.
          v_BGSK: cached values.
          rotations: by position.
          bias_BHLS: position bias; None for a model without one.
          masks: which slots a position sees.
        """
        angles = angles_of_layer(self.config, layer, rotations)
        mask_B1LS = mask_of_layer(self.config, layer, masks)
        normed_BLD = self.pre_attention_layer_norm(x_BLD)
        k_BGLK, v_BGLK = self.attention.keys_and_values(normed_BLD, angles)
        k_BGSK = jax.lax.dynamic_update_slice_in_dim(k_BGSK, k_BGLK.astype(k_BGSK.dtype), first_slot, axis=2)
        v_BGSK = jax.lax.dynamic_update_slice_in_dim(v_BGSK, v_BGLK.astype(v_BGSK.dtype), first_slot, axis=2)
        q_BHLK = self.attention.queries(normed_BLD, angles)
        if prefix is not None:
            softcap = self.config.attention_softcap
            out_BHLK = attend_with_prefix(
                q_BHLK, prefix[0][0], prefix[1][0], k_BGSK, v_BGSK, bias_BHLS, mask_B1LS, softcap
            )
            return self._join(x_BLD, normed_BLD, self.attention.output(out_BHLK), None), k_BGSK, v_BGSK
        num_slots = mask_B1LS.shape[-1]
        attended_BLD = self.attention.read(
            q_BHLK, k_BGSK[:, :, :num_slots], v_BGSK[:, :, :num_slots], bias_BHLS, mask_B1LS, None
        )
        return self._join(x_BLD, normed_BLD, attended_BLD, None), k_BGSK, v_BGSK

    def _join(
        self, x_BLD: jax.Array, normed_BLD: jax.Array, attended_BLD: jax.Array, seeds_2B: jax.Array | None
    ) -> jax.Array:
        """The stream after both branches."""
        rate = self.config.dropout_rate
        if self.config.block == "parallel":
            both_BLD = attended_BLD + self.mlp(normed_BLD, fold_in(seeds_2B, 2))
            return x_BLD + dropout(both_BLD, rate, fold_in(seeds_2B, 1))
        is_around = self.config.norm_sides == "around"
        attended_BLD = self.post_attention_layer_norm(attended_BLD) if is_around else attended_BLD
        x_BLD = x_BLD + dropout(attended_BLD, rate, fold_in(seeds_2B, 1))
        hidden_BLD = self.mlp(self.pre_mlp_layer_norm(x_BLD), fold_in(seeds_2B, 2))
        hidden_BLD = self.post_mlp_layer_norm(hidden_BLD) if is_around else hidden_BLD
        return x_BLD + dropout(hidden_BLD, rate, fold_in(seeds_2B, 3))


def scanned(
    layer_class: type[nn.Module], config: DecoderConfig, depth: int, num_shared: int, name: str | None = None
) -> nn.Module:
    """`depth` layers over stacked parameters, called as (x, layer numbers, *what all layers share).

    Args:
      layer_class: of one layer, made with `config`.
      config: the model.
      depth: number of layers.
      num_shared: arguments that all layers share.
      name: of the stack, in a compact module; None where an attribute names it.
    """
    if config.remat != "none":
        policy = jax.checkpoint_policies.checkpoint_dots_with_no_batch_dims if config.remat == "minimal" else None
        layer_class = nn.remat(layer_class, policy=policy, prevent_cse=False)  # a scan's body needs no CSE barrier
    return nn.scan(
        layer_class,
        variable_axes={"params": 0},
        split_rngs={"params": True},
        in_axes=(0, *([nn.broadcast] * num_shared)),
        length=depth,
        metadata_params={nn.PARTITION_NAME: "layers"},
    )(config, name=name)


class OutputMatrix(nn.Module):
    """The output matrix of a model whose table is not tied to it."""

    config: DecoderConfig

    @nn.compact
    def __call__(self, x_BLD: jax.Array) -> jax.Array:
        shape = (self.config.emb_dim, self.config.vocab_size)
        kernel = self.param("kernel", with_axes(DENSE_INIT, "embed", "vocab"), shape, jnp.float32)
        return jnp.einsum("bld,dv->blv", x_BLD.astype(jnp.float32), kernel)


class DecoderStack(nn.Module):
    """Positions, layers, the last norm and, where it is not tied, the output matrix."""

    config: DecoderConfig

    def setup(self) -> None:
        config = self.config
        if config.position == "learned":
            self.position_embedder = TokenTable(config, config.max_positions, "position")
        if config.position == "relative":
            self.relpos_bias = RelativeBias(config, False)
        self.layers = scanned(DecoderLayer, config, config.num_layers, num_shared=4)
        self.decoder_norm = Norm(config)
        if config.embeddings == "untied":
            self.logits_dense = OutputMatrix(config)

    def __call__(
        self, x_BLD: jax.Array, positions_BL: jax.Array, masks: Masks, seeds_2B: jax.Array | None
    ) -> jax.Array:
        """What the last norm gives, [B, L, D]."""
        config, rate = self.config, inner_rate(self.config)
        length = x_BLD.shape[1]
        x_BLD = dropout(self.placed(x_BLD, positions_BL), rate, fold_in(seeds_2B, EMBEDDED))
        bias_HLL = None
        if config.position == "relative":
            bias_HLL = expand_offsets(self.relpos_bias(length, length), length, length)
        x_BLD, _ = self.layers(
            x_BLD, jnp.arange(config.num_layers), self.rotations(positions_BL), bias_HLL, masks, seeds_2B
        )
        return dropout(self.decoder_norm(x_BLD), rate, fold_in(seeds_2B, FINAL))

    def placed(self, x_BLD: jax.Array, positions_BL: jax.Array) -> jax.Array:
        """Embedded tokens with their learned positions added, where the model has any."""
        return x_BLD + self.position_embedder(positions_BL) if self.config.position == "learned" else x_BLD

    def rotations(self, positions_BL: jax.Array) -> Rotations:
        """The rotations of these positions, of None for a model without."""
        return rotations_of(self.config, positions_BL)

    def bias_by_offset(self, max_length: int) -> jax.Array | None:
        """Bias by offset, float32 [H, 2 * max_length - 1] (see `RelativeBias`), None for a model without."""
        return self.relpos_bias(max_length, max_length) if self.config.position == "relative" else None

    def norm(self, x_BLD: jax.Array) -> jax.Array:
        """The last norm alone, for decoding."""
        return self.decoder_norm(x_BLD)

    def logits(self, x_BLD: jax.Array) -> jax.Array:
        """Products with the untied matrix, float32 [B, L, V]."""
        return self.logits_dense(x_BLD)


class DecoderOnly(nn.Module):
    """Token table and stack."""

    config: DecoderConfig

    def setup(self) -> None:
        self.token_embedder = TokenTable(self.config, self.config.vocab_size, "vocab")
        self.decoder = DecoderStack(self.config)

    def __call__(
        self,
        tokens_BL: jax.Array,
        positions_BL: jax.Array,
        segment_ids_BL: jax.Array,
        is_prefix_BL: jax.Array | None,
        seeds_2B: jax.Array | None,
    ) -> jax.Array:
        """Logits, float32 [B, L, V]; `seeds_2B` (`dropout.row_seeds`) turns dropout on."""
        is_prefix_BL = is_prefix_BL if self.config.attention == "prefix_lm" else None
        mask_B1LL = prefix_mask(segment_ids_BL, is_prefix_BL)
        masks = with_window(self.config, mask_B1LL, positions_BL, positions_BL)
        y_BLD = self.decoder(self.token_embedder(tokens_BL), positions_BL, masks, seeds_2B)
        logits_BLV = self._output(y_BLD)
        return constrain(logits_BLV, "batch", "length", "activation_vocab")

    def embed(self, tokens_BL: jax.Array, positions_BL: jax.Array) -> tuple[jax.Array, Rotations]:
        """What enters the first layer, [B, L, D], and the rotations of the positions."""
        x_BLD = self.decoder.placed(self.token_embedder(tokens_BL), positions_BL)
        return x_BLD, self.decoder.rotations(positions_BL)

    def normed_logits(self, x_BLD: jax.Array) -> jax.Array:
        """Last norm and logits, for decoding."""
        return self._output(self.decoder.norm(x_BLD))

    def bias_by_offset(self, max_length: int) -> jax.Array | None:
        """See `DecoderStack.bias_by_offset`."""
        return self.decoder.bias_by_offset(max_length)

    def _output(self, y_BLD: jax.Array) -> jax.Array:
        is_tied = self.config.embeddings == "tied"
        return scaled_logits(self.config, y_BLD, self.token_embedder.logits if is_tied else self.decoder.logits)


def init(config: DecoderConfig, key: jax.Array) -> dict[str, Any]:
    """Random parameters in Linen's boxes."""
    # One token will do: no parameter's shape depends on a row's length.
    tokens = jnp.ones((1, 1), jnp.int32)
    params: dict[str, Any] = DecoderOnly(config).init(key, tokens, tokens, tokens, None, None)["params"]
    return params


def logits(
    config: DecoderConfig, params: Any, batch: Mapping[str, jax.Array], seeds_2B: jax.Array | None = None
) -> jax.Array:
    """Logits of every position, float32 [B, T, V]; see `flan_jax.models.forward`.

    Args:
      config: the model.
      params: its parameters.
      batch: arrays named as in docs/architecture.md.
      seeds_2B: the rows' dropout seeds; None for no dropout.
    """
    tokens_BT = batch["decoder_input_tokens"]
    length = tokens_BT.shape[1]
    if config.position == "learned" and length > config.max_positions:
        raise ConfigError(
            f"rows of {length} tokens, the model has {config.max_positions} learned positions: set ",
            Setting("TASK_FEATURE_LENGTHS"),
            " to at most that together",
        )
    logits_BTV: jax.Array = apply(
        DecoderOnly(config),
        params,
        tokens_BT,
        batch.get("decoder_positions", jnp.broadcast_to(jnp.arange(length), tokens_BT.shape)),
        batch.get("decoder_segment_ids", jnp.ones_like(tokens_BT)),
        batch.get("decoder_causal_attention"),
        seeds_2B,
    )
    return logits_BTV
