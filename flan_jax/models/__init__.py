"""T5, decoders and encoder-decoders of their layers in Flax Linen, behind functions of (config, params, arrays).

Names are imported from their modules when they are first asked for: whoever trains a T5 imports neither the decoder nor
what only decoding needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flan_jax.models.axes import ACTIVATION_AXES, PARAMETER_AXES
    from flan_jax.models.decoder_config import DecoderConfig
    from flan_jax.models.encoder_decoder_config import EncoderDecoderConfig
    from flan_jax.models.encoding import decode_teacher_forced, encode
    from flan_jax.models.family import FAMILIES, ModelConfig, model_from_json
    from flan_jax.models.incremental import DecodeCache, decode_step, init_decode_cache, unstack_decoder_layers
    from flan_jax.models.model import (
        Batch,
        Params,
        count_params,
        forward,
        init_params,
        param_logical_axes,
        param_shapes,
    )
    from flan_jax.models.t5_config import T5Config

_MODULES = {
    "axes": ("ACTIVATION_AXES", "PARAMETER_AXES"),
    "decoder_config": ("DecoderConfig",),
    "encoder_decoder_config": ("EncoderDecoderConfig",),
    "encoding": ("decode_teacher_forced", "encode"),
    "family": ("FAMILIES", "ModelConfig", "model_from_json"),
    "incremental": ("DecodeCache", "decode_step", "init_decode_cache", "unstack_decoder_layers"),
    "model": ("Batch", "Params", "count_params", "forward", "init_params", "param_logical_axes", "param_shapes"),
    "t5_config": ("T5Config",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "ACTIVATION_AXES",
    "FAMILIES",
    "PARAMETER_AXES",
    "Batch",
    "DecodeCache",
    "DecoderConfig",
    "EncoderDecoderConfig",
    "ModelConfig",
    "Params",
    "T5Config",
    "count_params",
    "decode_step",
    "decode_teacher_forced",
    "encode",
    "forward",
    "init_decode_cache",
    "init_params",
    "model_from_json",
    "param_logical_axes",
    "param_shapes",
    "unstack_decoder_layers",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
