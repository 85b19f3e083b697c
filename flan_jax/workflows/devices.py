"""Parameters on every device of this machine, for work that is split by rows."""

from __future__ import annotations

import jax
from jax.sharding import Mesh, Sharding

from flan_jax.models import Params
from flan_jax.train.config import MeshConfig
from flan_jax.train.mesh import make_mesh, replicated

__all__ = ["on_all_devices", "whole_on_all_devices"]


def whole_on_all_devices() -> Sharding:
    """Where every device has the whole of an array."""
    return replicated(make_mesh(MeshConfig(data=-1)))


def on_all_devices(params: Params) -> tuple[Params, Mesh]:
    """`params` whole on every device (nothing is copied if they are so already), and the devices as a mesh whose batch
    axes are split."""
    mesh = make_mesh(MeshConfig(data=-1))
    return jax.device_put(params, replicated(mesh)), mesh
