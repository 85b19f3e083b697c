"""The encoder-decoder of a decoder-only model's layers, as Linen modules (Zhang et al. 2025, arXiv 2504.06225).

The encoder's layers are those of `decoder.DecoderLayer`, without its mask. The decoder's have cross-attention between
self-attention and the MLP: the same grouped heads, with norms on the same sides. Nothing is turned there and no window
is in force, as positions of inputs and of targets are counted apart. Names are like those of T5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from flan_jax.models.attention import segment_mask
from flan_jax.models.axes import constrain
from flan_jax.models.decoder import (
    EMBEDDED,
    FINAL,
    LAYERS,
    DecoderLayer,
    OutputMatrix,
    TokenTable,
    rotations_of,
    scaled_logits,
    scanned,
)
from flan_jax.models.decoder_layers import GroupedAttention, Mlp, Norm, inner_rate
from flan_jax.models.dropout import dropout, fold_in
from flan_jax.models.encoder_decoder_config import EncoderDecoderConfig
from flan_jax.models.layers import apply
from flan_jax.models.soft_prompt import mask_with_prompt, prepend_prompt
from flan_jax.models.windows import Masks, Rotations, angles_of_layer, mask_of_layer, with_window

ENCODER, DECODER = 0, 1  # which stack's dropout

__all__ = [
    "CrossDecoderLayer",
    "EncoderDecoder",
    "decode_teacher_forced",
    "encode",
    "init",
    "logits",
    "positions_in_segments",
]


def positions_in_segments(segment_ids_BL: jax.Array) -> jax.Array:
    """Position of each token inside its segment, int32 [B, L]: numbers of places, from 0 where a segment begins."""
    places_L = jnp.arange(segment_ids_BL.shape[1], dtype=jnp.int32)
    is_first_BL = jnp.pad(segment_ids_BL[:, 1:] != segment_ids_BL[:, :-1], ((0, 0), (1, 0)))
    firsts_BL = jax.lax.cummax(jnp.where(is_first_BL, places_L[None], 0), axis=1)
    return places_L[None] - firsts_BL


class CrossDecoderLayer(nn.Module):
    """Causal self-attention, cross-attention, then MLP."""

    config: EncoderDecoderConfig

    def setup(self) -> None:
        config = self.config
        self.pre_self_attention_layer_norm = Norm(config)
        self.self_attention = GroupedAttention(config)
        self.pre_cross_attention_layer_norm = Norm(config)
        self.encoder_decoder_attention = GroupedAttention(config)
        self.pre_mlp_layer_norm = Norm(config)
        self.mlp = Mlp(config)
        if config.norm_sides == "around":
            self.post_self_attention_layer_norm = Norm(config)
            self.post_cross_attention_layer_norm = Norm(config)
            self.post_mlp_layer_norm = Norm(config)

    def __call__(
        self,
        y_BTD: jax.Array,
        layer: jax.Array,
        encoded_BLD: jax.Array,
        rotations: Rotations,
        masks: Masks,
        cross_mask_B1TL: jax.Array,
        seeds_2B: jax.Array | None,
        encoded_rows_B: jax.Array | None,
    ) -> tuple[jax.Array, None]:
        angles = angles_of_layer(self.config, layer, rotations)
        mask_B1TT = mask_of_layer(self.config, layer, masks)
        seeds_2B = fold_in(seeds_2B, layer + LAYERS)
        normed_BTD = self.pre_self_attention_layer_norm(y_BTD)
        attended_BTD = self.self_attention(normed_BTD, angles, None, mask_B1TT, fold_in(seeds_2B, 0))
        y_BTD = self._join_self(y_BTD, attended_BTD, seeds_2B)
        k_BGLK, v_BGLK = self.cross_keys_and_values(encoded_BLD)
        if encoded_rows_B is not None:
            k_BGLK, v_BGLK = k_BGLK[encoded_rows_B], v_BGLK[encoded_rows_B]
        q_BHTK = self.encoder_decoder_attention.queries(self.pre_cross_attention_layer_norm(y_BTD), None)
        attended_BTD = self.encoder_decoder_attention.read(
            q_BHTK, k_BGLK, v_BGLK, None, cross_mask_B1TL, fold_in(seeds_2B, 2)
        )
        y_BTD = self._join_cross(y_BTD, attended_BTD, seeds_2B)
        return constrain(self._join_mlp(y_BTD, seeds_2B), "batch", "length", "activation_embed"), None

    def cross_keys_and_values(self, encoded_BLD: jax.Array) -> tuple[jax.Array, jax.Array]:
        """What cross-attention reads of the encoder, computed once a sequence: twice [B, G, L, K]."""
        return self.encoder_decoder_attention.keys_and_values(encoded_BLD, None)

    def step(
        self,
        y_N1D: jax.Array,
        layer: int,
        index: jax.Array,
        self_k_NGTK: jax.Array,
        self_v_NGTK: jax.Array,
        cross_k_BGLK: jax.Array,
        cross_v_BGLK: jax.Array,
        rotations: Rotations,
        masks: Masks,
        cross_mask_B11L: jax.Array,
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """One position: its output [N, 1, D], and the self-attention keys and values with its own at `index`.

        Args:
          y_N1D: the position's activations.
          layer: the layer's number, from 0.
          index: number of the position.
          self_k_NGTK: self-attention's cached keys.
          self_v_NGTK: self-attention's cached values.
          cross_k_BGLK: keys of the encoder's output.
          cross_v_BGLK: values of the encoder's output.
          rotations: of the position.
          masks: the slots that it sees.
          cross_mask_B11L: bool, where the encoder's output stands for a token.
        """
        angles = angles_of_layer(self.config, layer, rotations)
        mask_111T = mask_of_layer(self.config, layer, masks)
        normed_N1D = self.pre_self_attention_layer_norm(y_N1D)
        k_NG1K, v_NG1K = self.self_attention.keys_and_values(normed_N1D, angles)
        self_k_NGTK = jax.lax.dynamic_update_slice_in_dim(self_k_NGTK, k_NG1K, index, axis=2)
        self_v_NGTK = jax.lax.dynamic_update_slice_in_dim(self_v_NGTK, v_NG1K, index, axis=2)
        q_NH1K = self.self_attention.queries(normed_N1D, angles)
        attended_N1D = self.self_attention.read(q_NH1K, self_k_NGTK, self_v_NGTK, None, mask_111T, None)
        y_N1D = self._join_self(y_N1D, attended_N1D, None)
        q_NH1K = self.encoder_decoder_attention.queries(self.pre_cross_attention_layer_norm(y_N1D), None)
        # The outputs of one input are queries of one attention: its keys and values are read once for all of them.
        num_heads, head_dim = q_NH1K.shape[1::2]
        q_BHMK = q_NH1K.reshape(cross_k_BGLK.shape[0], -1, num_heads, head_dim).swapaxes(1, 2)
        attended_BMD = self.encoder_decoder_attention.read(
            q_BHMK, cross_k_BGLK, cross_v_BGLK, None, cross_mask_B11L, None
        )
        y_N1D = self._join_cross(y_N1D, attended_BMD.reshape(y_N1D.shape), None)
        return self._join_mlp(y_N1D, None), self_k_NGTK, self_v_NGTK

    def _join_self(self, y_BTD: jax.Array, attended_BTD: jax.Array, seeds_2B: jax.Array | None) -> jax.Array:
        if self.config.norm_sides == "around":
            attended_BTD = self.post_self_attention_layer_norm(attended_BTD)
        return y_BTD + dropout(attended_BTD, self.config.dropout_rate, fold_in(seeds_2B, 1))

    def _join_cross(self, y_BTD: jax.Array, attended_BTD: jax.Array, seeds_2B: jax.Array | None) -> jax.Array:
        if self.config.norm_sides == "around":
            attended_BTD = self.post_cross_attention_layer_norm(attended_BTD)
        return y_BTD + dropout(attended_BTD, self.config.dropout_rate, fold_in(seeds_2B, 3))

    def _join_mlp(self, y_BTD: jax.Array, seeds_2B: jax.Array | None) -> jax.Array:
        hidden_BTD = self.mlp(self.pre_mlp_layer_norm(y_BTD), fold_in(seeds_2B, 4))
        if self.config.norm_sides == "around":
            hidden_BTD = self.post_mlp_layer_norm(hidden_BTD)
        return y_BTD + dropout(hidden_BTD, self.config.dropout_rate, fold_in(seeds_2B, 5))


class Encoder(nn.Module):
    """The encoder stack, over embedded tokens."""

    config: EncoderDecoderConfig

    @nn.compact
    def __call__(
        self,
        x_BLD: jax.Array,
        positions_BL: jax.Array,
        mask_B1LL: jax.Array,
        seeds_2B: jax.Array | None,
    ) -> jax.Array:
        """What the last norm gives, [B, L, D]; the mask says what a layer without a window sees."""
        config, rate = self.config, inner_rate(self.config)
        seeds_2B = fold_in(seeds_2B, ENCODER)
        masks = with_window(config, mask_B1LL, positions_BL, positions_BL)
        x_BLD = dropout(x_BLD, rate, fold_in(seeds_2B, EMBEDDED))
        layers = scanned(DecoderLayer, config, config.num_encoder_layers, 4, name="layers")
        numbers, rotations = jnp.arange(config.num_encoder_layers), rotations_of(config, positions_BL)
        x_BLD, _ = layers(x_BLD, numbers, rotations, None, masks, seeds_2B)
        return dropout(Norm(config, name="encoder_norm")(x_BLD), rate, fold_in(seeds_2B, FINAL))


class Decoder(nn.Module):
    """The decoder stack and, where it is not tied, the output matrix, over embedded tokens."""

    config: EncoderDecoderConfig

    def setup(self) -> None:
        config = self.config
        self.layers = scanned(CrossDecoderLayer, config, config.num_layers, 6)
        self.decoder_norm = Norm(config)
        if config.embeddings == "untied":
            self.logits_dense = OutputMatrix(config)

    def __call__(
        self,
        y_BTD: jax.Array,
        positions_BT: jax.Array,
        encoded_BLD: jax.Array,
        mask_B1TT: jax.Array,
        cross_mask_B1TL: jax.Array,
        seeds_2B: jax.Array | None,
        encoded_rows_B: jax.Array | None,
    ) -> jax.Array:
        """What the last norm gives, [B, T, D]; `encoded_rows_B` says which encoded row each row reads, None for its
        own."""
        config, rate = self.config, inner_rate(self.config)
        seeds_2B = fold_in(seeds_2B, DECODER)
        masks = with_window(config, mask_B1TT, positions_BT, positions_BT)
        y_BTD = dropout(y_BTD, rate, fold_in(seeds_2B, EMBEDDED))
        y_BTD, _ = self.layers(
            y_BTD,
            jnp.arange(config.num_layers),
            encoded_BLD,
            rotations_of(config, positions_BT),
            masks,
            cross_mask_B1TL,
            seeds_2B,
            encoded_rows_B,
        )
        return dropout(self.decoder_norm(y_BTD), rate, fold_in(seeds_2B, FINAL))

    def norm(self, y_BTD: jax.Array) -> jax.Array:
        """The last norm alone, for decoding."""
        return self.decoder_norm(y_BTD)

    def logits(self, y_BTD: jax.Array) -> jax.Array:
        """Products with the untied matrix, float32 [B, T, V]."""
        return self.logits_dense(y_BTD)


class EncoderDecoder(nn.Module):
    """Encoder, decoder, and their token tables."""

    config: EncoderDecoderConfig

    def setup(self) -> None:
        config = self.config
        self.token_embedder = TokenTable(config, config.vocab_size, "vocab")
        if config.token_tables == "each_stack":
            self.encoder_token_embedder = TokenTable(config, config.vocab_size, "vocab")
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def __call__(
        self,
        encoder_tokens_BL: jax.Array,
        encoder_positions_BL: jax.Array,
        encoder_segment_ids_BL: jax.Array,
        decoder_tokens_BT: jax.Array,
        decoder_positions_BT: jax.Array,
        decoder_segment_ids_BT: jax.Array,
        seeds_2B: jax.Array | None,
    ) -> jax.Array:
        """Logits, float32 [B, T, V]; `seeds_2B` (`dropout.row_seeds`) turns dropout on."""
        encoded_BLD = self.encode(encoder_tokens_BL, encoder_positions_BL, encoder_segment_ids_BL, seeds_2B)
        return self.decode(
            encoded_BLD,
            encoder_segment_ids_BL,
            decoder_tokens_BT,
            decoder_positions_BT,
            decoder_segment_ids_BT,
            seeds_2B,
        )

    def encode(
        self,
        tokens_BL: jax.Array,
        positions_BL: jax.Array,
        segment_ids_BL: jax.Array,
        seeds_2B: jax.Array | None = None,
    ) -> jax.Array:
        """The encoder's output [B, L, D] in the compute dtype.

        Args:
          tokens_BL: int32 inputs.
          positions_BL: int32, inside each segment.
          segment_ids_BL: int32, 0 at padding.
          seeds_2B: the rows' dropout seeds; None for no dropout.
        """
        mask_B1LL = segment_mask(segment_ids_BL, segment_ids_BL, causal=False)
        has_own = self.config.token_tables == "each_stack"
        x_BLD = (self.encoder_token_embedder if has_own else self.token_embedder)(tokens_BL)
        return self.encoder(x_BLD, positions_BL, mask_B1LL, seeds_2B)

    def decode(
        self,
        encoded_BLD: jax.Array,
        encoder_segment_ids_BL: jax.Array,
        tokens_BT: jax.Array,
        positions_BT: jax.Array,
        segment_ids_BT: jax.Array,
        seeds_2B: jax.Array | None = None,
        encoded_rows_B: jax.Array | None = None,
    ) -> jax.Array:
        """Logits of all positions at once, float32 [B, T, V]; `encoded_rows_B` as in `Decoder`.

        Args:
          encoded_BLD: the encoder's output.
          encoder_segment_ids_BL: int32, segments of the encoder's row; 0 is padding.
          tokens_BT: int32, the start id and the targets but for their last token.
          positions_BT: int32, inside each segment.
          segment_ids_BT: int32, segments of the decoder's row.
          seeds_2B: the rows' dropout seeds; None for no dropout.
        """
        if encoded_rows_B is not None:
            encoder_segment_ids_BL = encoder_segment_ids_BL[encoded_rows_B]
        y_BTD = self.decoder(
            self.token_embedder(tokens_BT),
            positions_BT,
            encoded_BLD,
            segment_mask(segment_ids_BT, segment_ids_BT, causal=True),
            segment_mask(segment_ids_BT, encoder_segment_ids_BL, causal=False),
            seeds_2B,
            encoded_rows_B,
        )
        return constrain(self._output(y_BTD), "batch", "length", "activation_vocab")

    def embed_target(self, tokens_N1: jax.Array) -> jax.Array:
        """What enters the decoder's first layer, [N, 1, D], for decoding."""
        return self.token_embedder(tokens_N1)

    def normed_logits(self, y_BTD: jax.Array) -> jax.Array:
        """Last norm and logits, for decoding."""
        return self._output(self.decoder.norm(y_BTD))

    def _output(self, y_BTD: jax.Array) -> jax.Array:
        is_tied = self.config.embeddings == "tied"
        return scaled_logits(self.config, y_BTD, self.token_embedder.logits if is_tied else self.decoder.logits)


def init(config: EncoderDecoderConfig, key: jax.Array) -> dict[str, Any]:
    """Random parameters in Linen's boxes."""
    # One token will do: no parameter's shape depends on a row's length.
    tokens = jnp.ones((1, 1), jnp.int32)
    params: dict[str, Any] = EncoderDecoder(config).init(key, *[tokens] * 6, None)["params"]
    return params


def logits(
    config: EncoderDecoderConfig, params: Any, batch: Mapping[str, jax.Array], seeds_2B: jax.Array | None = None
) -> jax.Array:
    """Logits of every decoder position, float32 [B, T, V]; see `flan_jax.models.forward`.

    Args:
      config: the model.
      params: its parameters.
      batch: arrays named as in docs/architecture.md; positions follow from segment ids where they are not given.
      seeds_2B: the rows' dropout seeds; None for no dropout.
    """
    encoder_tokens_BL, decoder_tokens_BT = batch["encoder_input_tokens"], batch["decoder_input_tokens"]
    encoder_segments_BL, encoder_positions_BL = _inputs_places(
        encoder_tokens_BL, batch.get("encoder_segment_ids"), batch.get("encoder_positions")
    )
    decoder_segments_BT = batch.get("decoder_segment_ids", jnp.ones_like(decoder_tokens_BT))
    decoder_positions_BT = batch.get("decoder_positions")
    if decoder_positions_BT is None:
        decoder_positions_BT = positions_in_segments(decoder_segments_BT)
    # Rows come shifted as T5X shifts them, with id 0 before each example, where this model has its own.
    decoder_tokens_BT = jnp.where(decoder_positions_BT == 0, config.start_id, decoder_tokens_BT)
    out: jax.Array = apply(
        EncoderDecoder(config),
        params,
        encoder_tokens_BL,
        encoder_positions_BL,
        encoder_segments_BL,
        decoder_tokens_BT,
        decoder_positions_BT,
        decoder_segments_BT,
        seeds_2B,
    )
    return out


def encode(
    config: EncoderDecoderConfig,
    params: Any,
    encoder_input_tokens_BL: jax.Array,
    encoder_segment_ids_BL: jax.Array | None = None,
    encoder_positions_BL: jax.Array | None = None,
) -> jax.Array:
    """See `flan_jax.models.encode`.

    Args:
      config, params, encoder_input_tokens_BL, encoder_segment_ids_BL: as there.
      encoder_positions_BL: as there; None for those that follow from the segments.
    """
    segments_BL, positions_BL = _inputs_places(encoder_input_tokens_BL, encoder_segment_ids_BL, encoder_positions_BL)
    if config.prompt_tokens:
        encoder_input_tokens_BL = prepend_prompt(encoder_input_tokens_BL, config.prompt_tokens)
        segments_BL = mask_with_prompt(segments_BL, encoder_input_tokens_BL.shape[1])
        before_P = jnp.arange(-config.prompt_tokens, 0, dtype=positions_BL.dtype)
        before_BP = jnp.broadcast_to(before_P, (positions_BL.shape[0], config.prompt_tokens))
        positions_BL = jnp.concatenate([before_BP, positions_BL], axis=1) + config.prompt_tokens
    out: jax.Array = apply(
        EncoderDecoder(config), params, encoder_input_tokens_BL, positions_BL, segments_BL, method="encode"
    )
    return out


def decode_teacher_forced(
    config: EncoderDecoderConfig,
    params: Any,
    encoded_BLD: jax.Array,
    encoder_mask_BL: jax.Array,
    decoder_input_tokens_RT: jax.Array,
    encoded_rows_R: jax.Array | None = None,
) -> jax.Array:
    """See `flan_jax.models.decode_teacher_forced`.

    Args:
      config, params, encoded_BLD, encoder_mask_BL, decoder_input_tokens_RT, encoded_rows_R: as there.
    """
    segments_RT = jnp.ones_like(decoder_input_tokens_RT)
    out: jax.Array = apply(
        EncoderDecoder(config),
        params,
        encoded_BLD,
        mask_with_prompt((encoder_mask_BL != 0).astype(jnp.int32), encoded_BLD.shape[1]),
        decoder_input_tokens_RT,
        positions_in_segments(segments_RT),
        segments_RT,
        None,
        encoded_rows_R,
        method="decode",
    )
    return out


def _inputs_places(
    tokens_BL: jax.Array, segment_ids_BL: jax.Array | None, positions_BL: jax.Array | None
) -> tuple[jax.Array, jax.Array]:
    """(segment ids, positions) of inputs: what is given, or what follows from the rest."""
    is_whole = segment_ids_BL is None
    if segment_ids_BL is None:
        segment_ids_BL = (tokens_BL != 0).astype(jnp.int32)
    if positions_BL is None:
        # A row that is one example has places for positions, whatever is padding in it.
        positions_BL = positions_in_segments(jnp.ones_like(tokens_BL) if is_whole else segment_ids_BL)
    return segment_ids_BL, positions_BL
