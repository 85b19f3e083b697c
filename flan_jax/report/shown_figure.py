"""A figure that a notebook shows by itself. Apart from the other figures' helpers since it imports matplotlib."""

from __future__ import annotations

from matplotlib.figure import Figure

from flan_jax.report.png import to_png

__all__ = ["ShownFigure"]


class ShownFigure(Figure):
    """A figure that knows how it looks in a notebook."""

    def _repr_png_(self) -> bytes:
        return to_png(self)
