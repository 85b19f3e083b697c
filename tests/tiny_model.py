"""A T5 of some ten thousand random weights with the embedded vocabulary, in memory and on disk."""

import functools

import jax
import numpy as np

from flan_jax.checkpoints.weights import save_weights
from flan_jax.core import assets
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.models import T5Config, init_params

VOCABULARY = load_vocabulary(str(assets.EMBEDDED_VOCAB))
CONFIG = T5Config(
    vocab_size=VOCABULARY.size,
    emb_dim=16,
    num_heads=2,
    num_encoder_layers=1,
    num_decoder_layers=1,
    head_dim=8,
    mlp_dim=32,
    dtype="float32",
)


@functools.cache
def params():
    return jax.tree.map(np.asarray, jax.jit(init_params, static_argnums=0)(CONFIG, jax.random.key(0)))


def save(folder):
    """Writes a folder of weights, as a run hands them over after step 30, and returns it."""
    save_weights(folder, params(), CONFIG.to_json(), vocab_fingerprint=VOCABULARY.fingerprint, step=30)
    return folder
