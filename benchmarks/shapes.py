"""Models of one shape, ours and transformers': T5 1.1, or with `num_kv_heads` a decoder as Llama's."""

from __future__ import annotations

import dataclasses
from typing import Any

__all__ = ["DECODER_135M", "T5_SMALL", "ModelShape", "endless_t5"]


@dataclasses.dataclass(frozen=True)
class ModelShape:
    """Sizes of a model; `num_layers` of the encoder and of the decoder, where there are both."""

    vocab_size: int
    emb_dim: int
    num_heads: int
    head_dim: int
    mlp_dim: int
    num_layers: int
    num_kv_heads: int | None = None

    def ours(self, dtype: str, dropout_rate: float = 0.0) -> Any:
        """The model's configuration; decoders have no dropout."""
        from flan_jax.models import DecoderConfig, T5Config

        sizes: dict[str, Any] = {
            "vocab_size": self.vocab_size,
            "emb_dim": self.emb_dim,
            "num_heads": self.num_heads,
            "head_dim": self.head_dim,
            "mlp_dim": self.mlp_dim,
            "dtype": dtype,
        }
        if self.num_kv_heads is None:
            sizes |= {"num_encoder_layers": self.num_layers, "num_decoder_layers": self.num_layers}
            return T5Config(**sizes, dropout_rate=dropout_rate)
        return DecoderConfig(
            **sizes,
            num_layers=self.num_layers,
            num_kv_heads=self.num_kv_heads,
            block="sequential",
            norm="rmsnorm",
            mlp="swiglu",
            position="rope",
            biases="none",
            embeddings="tied",
            attention="causal",
            start_id=None,
            dropout_rate=0.0,
        )

    def transformers(self, dropout_rate: float = 0.1, use_cache: bool = True) -> Any:
        """The same model in transformers, random weights; use_cache: keeps keys and values, as generation wants."""
        import transformers

        if self.num_kv_heads is not None:
            llama = transformers.LlamaConfig(
                vocab_size=self.vocab_size,
                hidden_size=self.emb_dim,
                intermediate_size=self.mlp_dim,
                num_hidden_layers=self.num_layers,
                num_attention_heads=self.num_heads,
                num_key_value_heads=self.num_kv_heads,
                tie_word_embeddings=True,
                use_cache=use_cache,
            )
            return transformers.LlamaForCausalLM(llama)
        config = transformers.T5Config(
            vocab_size=self.vocab_size,
            d_model=self.emb_dim,
            d_kv=self.head_dim,
            d_ff=self.mlp_dim,
            num_layers=self.num_layers,
            num_heads=self.num_heads,
            feed_forward_proj="gated-gelu",
            tie_word_embeddings=False,
            dropout_rate=dropout_rate,
            decoder_start_token_id=0,
            use_cache=use_cache,
        )
        return transformers.T5ForConditionalGeneration(config)


T5_SMALL = ModelShape(vocab_size=32128, emb_dim=512, num_heads=6, head_dim=64, mlp_dim=1024, num_layers=8)
DECODER_135M = ModelShape(
    vocab_size=49152, emb_dim=576, num_heads=9, num_kv_heads=3, head_dim=64, mlp_dim=1536, num_layers=30
)


def endless_t5(dtype: str = "float32") -> tuple[Any, Any]:
    """(configuration, random parameters) of T5 1.1 small, whose generations never end by themselves."""
    import jax

    from flan_jax.core.vocabulary import EOS_ID
    from flan_jax.models import init_params

    config = T5_SMALL.ours(dtype)
    params = jax.jit(init_params, static_argnums=0)(config, jax.random.key(0))
    kernel = params["decoder"]["logits_dense"]["kernel"]
    params["decoder"]["logits_dense"]["kernel"] = kernel.at[:, EOS_ID].set(0.0)
    return config, params
