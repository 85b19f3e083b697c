"""Arithmetic of a traced function, loop bodies counted as often as they run.

XLA's own `cost_analysis` counts the body of a loop once, and a model's layers are a loop.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import jax
from jax.extend import core

__all__ = ["all_equations", "matmul_flops"]


def matmul_flops(jaxpr: core.Jaxpr) -> float:
    """Floating-point operations of all matrix products in `jaxpr` (two a multiply-add), for the whole batch and all
    devices together, what is computed again for the backward pass included.

    Of a `cond` the most expensive branch counts. Raises `NotImplementedError` for a product inside a `while` whose
    number of rounds the program itself decides.
    """
    return sum(_flops(equation) for equation in jaxpr.eqns)


def all_equations(jaxpr: core.Jaxpr) -> Iterator[core.JaxprEqn]:
    """The equations of `jaxpr` and of everything that it calls."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in _inner(equation):
            yield from all_equations(inner)


def _flops(equation: core.JaxprEqn) -> float:
    name = equation.primitive.name
    if name == "dot_general":
        return _dot_flops(equation)
    inner: list[float] = [matmul_flops(jaxpr) for jaxpr in _inner(equation)]
    if name == "while" and any(inner):
        raise NotImplementedError("a matrix product in a while loop: its number of rounds is not known")
    if name == "cond":
        return max(inner)
    rounds = equation.params["length"] if name == "scan" else 1
    return rounds * sum(inner)


def _dot_flops(equation: core.JaxprEqn) -> float:
    (contracting, _), _ = equation.params["dimension_numbers"]
    lhs, out = equation.invars[0].aval, equation.outvars[0].aval
    assert isinstance(lhs, jax.core.ShapedArray) and isinstance(out, jax.core.ShapedArray)
    return float(2.0 * math.prod(out.shape) * math.prod(lhs.shape[axis] for axis in contracting))


def _inner(equation: core.JaxprEqn) -> Iterator[core.Jaxpr]:
    for value in equation.params.values():
        for item in value if isinstance(value, tuple | list) else (value,):
            if isinstance(item, core.ClosedJaxpr):
                yield item.jaxpr
            elif isinstance(item, core.Jaxpr):
                yield item
