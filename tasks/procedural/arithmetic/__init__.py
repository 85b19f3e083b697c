"""Training cluster: small sums."""

from flan_jax.tasks.procedural.arithmetic import gain_and_loss, small_sum  # noqa: F401
