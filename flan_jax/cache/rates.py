"""Rates of a mixture, once the number of examples of each task is known."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping

from flan_jax.core.errors import CacheError
from flan_jax.declare.registry import get, mixture_members
from flan_jax.declare.task import Member, Mixture, Task

__all__ = ["capped_rate", "member_rates", "resolve_rates"]


def capped_rate(num_examples: int, cap: int | None, temperature: float) -> float:
    """`min(num_examples, cap) ** (1 / temperature)`: examples-proportional mixing with a maximum (Raffel et al. 2020,
    section 3.5.2)."""
    return float(min(num_examples, cap or num_examples) ** (1 / temperature))


def resolve_rates(
    mixture: Mixture, num_examples: Mapping[str, int], left_out: Collection[str] = frozenset()
) -> dict[str, float]:
    """Task name -> unnormalised rate, in the order of `mixture_members`.

    left_out: tasks that are treated as if no mixture named them; the others of a nested mixture share its rate.

    A nested mixture keeps its own proportions and is scaled to sum to its member's rate; where that rate is
    "num_examples", the outer cap and temperature apply to the nested tasks' total. A task reached twice adds up.
    Raises `CacheError` for a task without examples and for rates that sum to zero.
    """
    tasks = [task for task in mixture_members(mixture) if task.name not in left_out]
    if not tasks:
        raise CacheError(f"mixture {mixture.name}: all its {len(mixture_members(mixture))} tasks are left out")
    empty = [task.name for task in tasks if not num_examples[task.name]]
    if empty:
        raise CacheError(
            f"mixture {mixture.name}: {', '.join(empty)} {'has' if len(empty) == 1 else 'have'} no examples, at least "
            f"1 is needed: take them out of the mixture, or look at the drop counts of their cache"
        )
    rates = dict.fromkeys((task.name for task in tasks), 0.0)
    for _, rate, shares in member_rates(mixture, num_examples, left_out):
        for name, share in shares.items():
            rates[name] += rate * share
    if not math.fsum(rates.values()) > 0:
        raise CacheError(f"mixture {mixture.name}: all rates are zero; give at least one member a positive rate")
    return rates


def member_rates(
    mixture: Mixture, num_examples: Mapping[str, int], left_out: Collection[str] = frozenset()
) -> Iterator[tuple[Member, float, dict[str, float]]]:
    """Of each member that has a task: itself, its unnormalised rate, and what share of it each of its tasks has.

    Args:
      mixture: whose members.
      num_examples: by task.
      left_out: as in `resolve_rates`.
    """
    for member in mixture.members:
        item = get(member.name)
        if all(task.name in left_out for task in ([item] if isinstance(item, Task) else mixture_members(item))):
            continue
        if isinstance(item, Task):
            total, shares = num_examples[item.name], {item.name: 1.0}
        else:
            nested = resolve_rates(item, num_examples, left_out)
            # fsum has no rounding that depends on the order of tasks: rates decide the packing plan, to the last bit.
            nested_sum = math.fsum(nested.values())
            total = sum(num_examples[name] for name in nested)
            shares = {name: rate / nested_sum for name, rate in nested.items()}
        rate = capped_rate(total, mixture.cap, mixture.temperature) if isinstance(member.rate, str) else member.rate
        yield member, rate, shares
