"""Training: the mesh, the state, the step, checkpoints, and the loop that holds them together.

`flan_jax.train.loop.run_training` is the run; `flan_jax.checkpoints.find.find_weights` reads weights of any kind. They
are not imported here, so that the configuration can be had without Orbax.
"""

from flan_jax.checkpoints.checkpoint import CheckpointConfig
from flan_jax.train.config import MeshConfig, TrainConfig

__all__ = ["CheckpointConfig", "MeshConfig", "TrainConfig"]
