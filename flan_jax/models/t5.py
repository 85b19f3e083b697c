"""T5: the encoder-decoder, as Linen modules (Raffel et al. 2020; T5 1.1 release notes; Shazeer 2020).

Pre-norm residual blocks, one relative position bias per stack shared by its layers (UMT5: one per layer) and none in
cross-attention, no bias vectors. T5 1.1, mT5, UMT5 and UL2 have gated MLPs and an output matrix of their own, T5 1.0
has ReLU MLPs and outputs tied to the token table. Layers are scanned: their parameters are stacked along a leading
`layers` axis. `flan_jax.models.model` is what the rest of the project calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from flan_jax.models.attention import Attention, attend, segment_mask
from flan_jax.models.axes import constrain
from flan_jax.models.dropout import dropout, fold_in
from flan_jax.models.layers import Dense, Mlp, RmsNorm, TokenEmbedder, apply
from flan_jax.models.position_bias import RelativeBias, expand_offsets
from flan_jax.models.soft_prompt import mask_with_prompt, prepend_prompt
from flan_jax.models.t5_config import T5Config

# Dropout sites outside the layers; layer i of a stack folds in LAYERS + i.
EMBEDDED, FINAL, LAYERS = 0, 1, 2
ENCODER, DECODER = 0, 1

__all__ = [
    "T5",
    "Decoder",
    "DecoderLayer",
    "Encoder",
    "EncoderLayer",
    "decode_teacher_forced",
    "encode",
    "init",
    "logits",
]


class EncoderLayer(nn.Module):
    """Self-attention, then MLP."""

    config: T5Config

    @nn.compact
    def __call__(
        self,
        x_BLD: jax.Array,
        layer: jax.Array,
        bias_HLS: jax.Array | None,
        mask_B1LS: jax.Array,
        seeds_2B: jax.Array | None,
    ) -> tuple[jax.Array, None]:
        config, dtype = self.config, self.config.compute_dtype
        if bias_HLS is None:  # of its own
            bias_HLS = _bias(RelativeBias(config, True, name="relpos_bias"), x_BLD.shape[1])
        seeds_2B = fold_in(seeds_2B, layer + LAYERS)
        normed_BLD = RmsNorm(dtype, name="pre_attention_layer_norm")(x_BLD)
        attended_BLD = Attention(config, name="attention")(
            normed_BLD, normed_BLD, bias_HLS, mask_B1LS, fold_in(seeds_2B, 0)
        )
        x_BLD = x_BLD + dropout(attended_BLD, config.dropout_rate, fold_in(seeds_2B, 1))
        normed_BLD = RmsNorm(dtype, name="pre_mlp_layer_norm")(x_BLD)
        hidden_BLD = Mlp(config, name="mlp")(normed_BLD, fold_in(seeds_2B, 2))
        x_BLD = x_BLD + dropout(hidden_BLD, config.dropout_rate, fold_in(seeds_2B, 3))
        # What lies between layers is what a scan keeps of each for the backward pass: ACTIVATION_PARTITIONING_DIMS = 2
        # splits it here.
        return constrain(x_BLD, "batch", "length", "activation_embed"), None


class DecoderLayer(nn.Module):
    """Causal self-attention, cross-attention, then MLP."""

    config: T5Config

    def setup(self) -> None:
        config, dtype = self.config, self.config.compute_dtype
        if config.position_bias == "each_layer":
            self.relpos_bias = RelativeBias(config, False)
        self.pre_self_attention_layer_norm = RmsNorm(dtype)
        self.self_attention = Attention(config)
        self.pre_cross_attention_layer_norm = RmsNorm(dtype)
        self.encoder_decoder_attention = Attention(config)
        self.pre_mlp_layer_norm = RmsNorm(dtype)
        self.mlp = Mlp(config)

    def __call__(
        self,
        y_BTD: jax.Array,
        layer: jax.Array,
        encoded_BLD: jax.Array,
        bias_HTT: jax.Array | None,
        self_mask_B1TT: jax.Array,
        cross_mask_B1TL: jax.Array,
        seeds_2B: jax.Array | None,
        encoded_rows_B: jax.Array | None,
    ) -> tuple[jax.Array, None]:
        bias_HTT = _bias(self.relpos_bias, y_BTD.shape[1]) if bias_HTT is None else bias_HTT
        rate = self.config.dropout_rate
        seeds_2B = fold_in(seeds_2B, layer + LAYERS)
        normed_BTD = self.pre_self_attention_layer_norm(y_BTD)
        attended_BTD = self.self_attention(normed_BTD, normed_BTD, bias_HTT, self_mask_B1TT, fold_in(seeds_2B, 0))
        y_BTD = y_BTD + dropout(attended_BTD, rate, fold_in(seeds_2B, 1))
        normed_BTD = self.pre_cross_attention_layer_norm(y_BTD)
        attended_BTD = self.encoder_decoder_attention(
            normed_BTD, encoded_BLD, None, cross_mask_B1TL, fold_in(seeds_2B, 2), encoded_rows_B
        )
        y_BTD = y_BTD + dropout(attended_BTD, rate, fold_in(seeds_2B, 3))
        hidden_BTD = self.mlp(self.pre_mlp_layer_norm(y_BTD), fold_in(seeds_2B, 4))
        y_BTD = y_BTD + dropout(hidden_BTD, rate, fold_in(seeds_2B, 5))
        return constrain(y_BTD, "batch", "length", "activation_embed"), None

    def bias_by_offset(self, max_length: int) -> jax.Array:
        """Of a layer with a bias of its own; see `Decoder.bias_by_offset`."""
        return self.relpos_bias(max_length, max_length)

    def cross_keys_and_values(self, encoded_BLD: jax.Array) -> tuple[jax.Array, jax.Array]:
        """What cross-attention reads of the encoder, computed once a sequence: twice [B, H, L, K]."""
        return self.encoder_decoder_attention.keys_and_values(encoded_BLD)

    def step(
        self,
        y_N1D: jax.Array,
        index: jax.Array,
        self_k_NHTK: jax.Array,
        self_v_NHTK: jax.Array,
        cross_k_BHLK: jax.Array,
        cross_v_BHLK: jax.Array,
        bias_H1T: jax.Array,
        self_mask_111T: jax.Array,
        cross_mask_B11L: jax.Array,
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """One position: its output [N, 1, D], and the self-attention keys and values with its own at `index`.

        Args:
          y_N1D: the position's activations.
          index: number of the position.
          self_k_NHTK: self-attention's cached keys.
          self_v_NHTK: self-attention's cached values.
          cross_k_BHLK: keys of the encoder's output.
          cross_v_BHLK: values of the encoder's output.
          bias_H1T: position bias of self-attention.
          self_mask_111T: bool, the slots up to `index`.
          cross_mask_B11L: bool, where the encoder's output stands for a token.
        """
        normed_N1D = self.pre_self_attention_layer_norm(y_N1D)
        k_NH1K, v_NH1K = self.self_attention.keys_and_values(normed_N1D)
        self_k_NHTK = jax.lax.dynamic_update_slice_in_dim(self_k_NHTK, k_NH1K, index, axis=2)
        self_v_NHTK = jax.lax.dynamic_update_slice_in_dim(self_v_NHTK, v_NH1K, index, axis=2)
        q_NH1K = self.self_attention.queries(normed_N1D)
        attended_NH1K = attend(q_NH1K, self_k_NHTK, self_v_NHTK, bias_H1T, self_mask_111T, 0.0, None, None)
        y_N1D = y_N1D + self.self_attention.output(attended_NH1K)
        q_NH1K = self.encoder_decoder_attention.queries(self.pre_cross_attention_layer_norm(y_N1D))
        # The outputs of one input are queries of one attention: its keys and values are read once for all of them.
        shape_NH1K, num_inputs = q_NH1K.shape, cross_k_BHLK.shape[0]
        q_BHMK = q_NH1K.reshape(num_inputs, -1, *shape_NH1K[1::2]).swapaxes(1, 2)
        attended_BHMK = attend(q_BHMK, cross_k_BHLK, cross_v_BHLK, None, cross_mask_B11L, 0.0, None, None)
        attended_NH1K = attended_BHMK.swapaxes(1, 2).reshape(shape_NH1K)
        y_N1D = y_N1D + self.encoder_decoder_attention.output(attended_NH1K)
        y_N1D = y_N1D + self.mlp(self.pre_mlp_layer_norm(y_N1D), None)
        return y_N1D, self_k_NHTK, self_v_NHTK


def _bias(table: RelativeBias, length: int) -> jax.Array:
    """Self-attention's bias, float32 [H, L, L]."""
    return expand_offsets(table(length, length), length, length)


def _scanned(layer_class: type[nn.Module], config: T5Config, depth: int, num_broadcast: int) -> nn.Module:
    """`depth` layers over stacked parameters, called as (x, layer numbers, *what all layers share)."""
    if config.remat != "none":
        policy = jax.checkpoint_policies.checkpoint_dots_with_no_batch_dims if config.remat == "minimal" else None
        layer_class = nn.remat(layer_class, policy=policy, prevent_cse=False)  # a scan's body needs no CSE barrier
    return nn.scan(
        layer_class,
        variable_axes={"params": 0},
        split_rngs={"params": True},
        in_axes=(0, *([nn.broadcast] * num_broadcast)),
        length=depth,
        metadata_params={nn.PARTITION_NAME: "layers"},
    )(config, name="layers")


class Encoder(nn.Module):
    """The encoder stack, over embedded tokens."""

    config: T5Config

    @nn.compact
    def __call__(self, x_BLD: jax.Array, segment_ids_BL: jax.Array, seeds_2B: jax.Array | None) -> jax.Array:
        config = self.config
        seeds_2B = fold_in(seeds_2B, ENCODER)
        length = x_BLD.shape[1]
        bias_HLL = None
        if config.position_bias == "each_stack":
            bias_HLL = _bias(RelativeBias(config, True, name="relpos_bias"), length)
        mask_B1LL = segment_mask(segment_ids_BL, segment_ids_BL, causal=False)
        x_BLD = dropout(x_BLD, config.dropout_rate, fold_in(seeds_2B, EMBEDDED))
        layers = _scanned(EncoderLayer, config, config.num_encoder_layers, num_broadcast=3)
        # Layers' numbers go in as an array: the body is traced once, and tells its layer (for dropout) by them.
        x_BLD, _ = layers(x_BLD, jnp.arange(config.num_encoder_layers), bias_HLL, mask_B1LL, seeds_2B)
        x_BLD = RmsNorm(config.compute_dtype, name="encoder_norm")(x_BLD)
        return dropout(x_BLD, config.dropout_rate, fold_in(seeds_2B, FINAL))


class Decoder(nn.Module):
    """The decoder stack and the output matrix, over embedded tokens."""

    config: T5Config

    def setup(self) -> None:
        config = self.config
        if config.position_bias == "each_stack":
            self.relpos_bias = RelativeBias(config, False)
        self.layers = _scanned(DecoderLayer, config, config.num_decoder_layers, num_broadcast=6)
        self.decoder_norm = RmsNorm(config.compute_dtype)
        if not config.logits_via_embedding:
            # float32, as T5X's, for stability: the loss takes the logarithm of a sum over all of V.
            self.logits_dense = Dense(config.vocab_size, ("embed", "vocab"), jnp.dtype(jnp.float32))

    def __call__(
        self,
        y_BTD: jax.Array,
        encoded_BLD: jax.Array,
        segment_ids_BT: jax.Array,
        encoder_segment_ids_BL: jax.Array,
        seeds_2B: jax.Array | None,
        table_VD: jax.Array,
        encoded_rows_B: jax.Array | None,
    ) -> jax.Array:
        """Logits, float32 [B, T, V]; the token table is read if outputs are tied to it, and `encoded_rows_B` says
        which encoded row each row reads, None for its own."""
        config = self.config
        seeds_2B = fold_in(seeds_2B, DECODER)
        length = y_BTD.shape[1]
        bias_HTT = _bias(self.relpos_bias, length) if config.position_bias == "each_stack" else None
        y_BTD = dropout(y_BTD, config.dropout_rate, fold_in(seeds_2B, EMBEDDED))
        y_BTD, _ = self.layers(
            y_BTD,
            jnp.arange(config.num_decoder_layers),
            encoded_BLD,
            bias_HTT,
            segment_mask(segment_ids_BT, segment_ids_BT, causal=True),
            segment_mask(segment_ids_BT, encoder_segment_ids_BL, causal=False),
            seeds_2B,
            encoded_rows_B,
        )
        y_BTD = dropout(self.decoder_norm(y_BTD), config.dropout_rate, fold_in(seeds_2B, FINAL))
        return self.logits(y_BTD, table_VD)

    def logits(self, y_BTD: jax.Array, table_VD: jax.Array) -> jax.Array:
        """Float32 [..., V], of what the final norm gave."""
        # The table is drawn from N(0, 1), a matrix of its own with variance 1 / D: the scale makes up for that (T5X).
        if self.config.logits_via_embedding:
            y_BTD = y_BTD.astype(jnp.float32) * self.config.emb_dim**-0.5  # float32, as a matrix of its own is used
            logits_BTV = jnp.einsum("btd,vd->btv", y_BTD, table_VD)
        else:
            logits_BTV = self.logits_dense(y_BTD)
        # The largest array of a step; over the model axis each device has a part of V.
        return constrain(logits_BTV, "batch", "length", "activation_vocab")

    def bias_by_offset(self, max_length: int) -> jax.Array:
        """Self-attention's bias by offset, where layers share it, float32 [H, 2 * max_length - 1]; see
        `RelativeBias`."""
        return self.relpos_bias(max_length, max_length)

    def normed_logits(self, y_BTD: jax.Array, table_VD: jax.Array) -> jax.Array:
        """Final norm and output matrix, for decoding."""
        return self.logits(self.decoder_norm(y_BTD), table_VD)


class T5(nn.Module):
    """Encoder, decoder, and the token table they share."""

    config: T5Config

    def setup(self) -> None:
        self.token_embedder = TokenEmbedder(self.config)
        self.encoder = Encoder(self.config)
        self.decoder = Decoder(self.config)

    def __call__(
        self,
        encoder_input_tokens_BL: jax.Array,
        decoder_input_tokens_BT: jax.Array,
        encoder_segment_ids_BL: jax.Array,
        decoder_segment_ids_BT: jax.Array,
        seeds_2B: jax.Array | None,
    ) -> jax.Array:
        """Logits, float32 [B, T, V]; `seeds_2B` (`dropout.row_seeds`) turns dropout on."""
        encoded_BLD = self.encode(encoder_input_tokens_BL, encoder_segment_ids_BL, seeds_2B)
        return self.decode(
            encoded_BLD, decoder_input_tokens_BT, encoder_segment_ids_BL, decoder_segment_ids_BT, seeds_2B
        )

    def encode(self, tokens_BL: jax.Array, segment_ids_BL: jax.Array, seeds_2B: jax.Array | None = None) -> jax.Array:
        """The encoder's output [B, L, D] in the compute dtype."""
        return self.encoder(self.token_embedder(tokens_BL), segment_ids_BL, seeds_2B)

    def decode(
        self,
        encoded_BLD: jax.Array,
        tokens_BT: jax.Array,
        encoder_segment_ids_BL: jax.Array,
        decoder_segment_ids_BT: jax.Array,
        seeds_2B: jax.Array | None = None,
        encoded_rows_B: jax.Array | None = None,
    ) -> jax.Array:
        """Logits of all positions at once, float32 [B, T, V]; `encoded_rows_B` as in `Decoder`.

        Args:
          encoded_BLD: the encoder's output.
          tokens_BT: int32, the targets shifted right.
          encoder_segment_ids_BL: int32, segments of the encoder's row; 0 is padding.
          decoder_segment_ids_BT: int32, segments of the decoder's row.
          seeds_2B: the rows' dropout seeds; None for no dropout.
        """
        y_BTD = self.token_embedder(tokens_BT)
        if encoded_rows_B is not None:
            encoder_segment_ids_BL = encoder_segment_ids_BL[encoded_rows_B]
        return self.decoder(
            y_BTD,
            encoded_BLD,
            decoder_segment_ids_BT,
            encoder_segment_ids_BL,
            seeds_2B,
            self.token_embedder.embedding,
            encoded_rows_B,
        )


def init(config: T5Config, key: jax.Array) -> dict[str, Any]:
    """Random parameters in Linen's boxes."""
    # One token will do: no parameter's shape depends on a row's length.
    tokens = jnp.ones((1, 1), jnp.int32)
    params: dict[str, Any] = T5(config).init(key, tokens, tokens, tokens, tokens, None)["params"]
    return params


def logits(
    config: T5Config, params: Any, batch: Mapping[str, jax.Array], seeds_2B: jax.Array | None = None
) -> jax.Array:
    """Logits of every decoder position, float32 [B, T, V]; see `flan_jax.models.forward`.

    Args:
      config: the model.
      params: its parameters.
      batch: arrays named as in docs/architecture.md.
      seeds_2B: the rows' dropout seeds; None for no dropout.
    """
    decoder_tokens_BT = batch["decoder_input_tokens"]
    out: jax.Array = apply(
        T5(config),
        params,
        batch["encoder_input_tokens"],
        decoder_tokens_BT,
        _encoder_segments(batch["encoder_input_tokens"], batch.get("encoder_segment_ids")),
        batch.get("decoder_segment_ids", jnp.ones_like(decoder_tokens_BT)),
        seeds_2B,
    )
    return out


def encode(
    config: T5Config,
    params: Any,
    encoder_input_tokens_BL: jax.Array,
    encoder_segment_ids_BL: jax.Array | None = None,
    encoder_positions_BL: jax.Array | None = None,
) -> jax.Array:
    """See `flan_jax.models.encode`. Positions are accepted and not read: the bias is by distance.

    Args:
      config, params, encoder_input_tokens_BL, encoder_segment_ids_BL, encoder_positions_BL: as there.
    """
    del encoder_positions_BL
    segments_BL = _encoder_segments(encoder_input_tokens_BL, encoder_segment_ids_BL)
    if config.prompt_tokens:
        encoder_input_tokens_BL = prepend_prompt(encoder_input_tokens_BL, config.prompt_tokens)
        segments_BL = mask_with_prompt(segments_BL, encoder_input_tokens_BL.shape[1])
    out: jax.Array = apply(T5(config), params, encoder_input_tokens_BL, segments_BL, method="encode")
    return out


def decode_teacher_forced(
    config: T5Config,
    params: Any,
    encoded_BLD: jax.Array,
    encoder_mask_BL: jax.Array,
    decoder_input_tokens_RT: jax.Array,
    encoded_rows_R: jax.Array | None = None,
) -> jax.Array:
    """See `flan_jax.models.decode_teacher_forced`; the start id is 0.

    Args:
      config, params, encoded_BLD, encoder_mask_BL, decoder_input_tokens_RT, encoded_rows_R: as there.
    """
    out: jax.Array = apply(
        T5(config),
        params,
        encoded_BLD,
        decoder_input_tokens_RT,
        mask_with_prompt((encoder_mask_BL != 0).astype(jnp.int32), encoded_BLD.shape[1]),
        jnp.ones_like(decoder_input_tokens_RT),
        None,
        encoded_rows_R,
        method="decode",
    )
    return out


def _encoder_segments(tokens_BL: jax.Array, segment_ids_BL: jax.Array | None) -> jax.Array:
    return (tokens_BL != 0).astype(jnp.int32) if segment_ids_BL is None else segment_ids_BL
