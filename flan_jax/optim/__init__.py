"""Optimizers over stacked layers. Adafactor is T5X's; its state's logical axes follow the parameters'."""

from flan_jax.optim.adafactor import AdafactorConfig, AdafactorState, make_adafactor, opt_state_logical_axes

__all__ = ["AdafactorConfig", "AdafactorState", "make_adafactor", "opt_state_logical_axes"]
