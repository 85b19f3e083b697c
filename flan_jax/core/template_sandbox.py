"""Jinja for templates that others wrote: a sandbox without files, private attributes and changes to what it is given,
and with a limit on the work of each rendering.

Jinja's own sandbox keeps a template away from the program, not from its memory and time: `x ~ x` forty times is a
terabyte. Here each loop, call, filter, operator and comparison is charged with what it will read and make
(`template_costs`) before it is done, and at `MAX_WORK` the rendering ends with an error. The count is the same on every
machine, so a template that renders here renders everywhere. It takes the place of a limited child process, which would
cost more than an ordinary rendering takes.
"""

from __future__ import annotations

import threading
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jinja2
import jinja2.nodes as nodes
import jinja2.runtime
import jinja2.sandbox
import jinja2.utils
import jinja2.visitor
from jinja2.exceptions import SecurityError
from markupsafe import Markup

from flan_jax.core.template_costs import (
    FILTER_COSTS,
    ITEM,
    MAX_WORK,
    METHOD_COSTS,
    Cost,
    format_widths,
    operator_cost,
    size_of,
)

_CALL = 20  # steps: what a macro's call takes beside its body
MAX_TEMPLATE_CHARACTERS = 200_000
_SCALARS = frozenset([int, float, bool, type(None)])  # an integer has 4,300 digits at most
# What a template's mistake, or its attack, may raise while it is compiled or rendered.
TEMPLATE_FAULTS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)

__all__ = ["MAX_TEMPLATE_CHARACTERS", "MAX_WORK", "TEMPLATE_FAULTS", "LimitedSandbox", "LimitedTemplate"]


class LimitedTemplate:
    """A compiled template. Made by `LimitedSandbox.template`."""

    def __init__(self, environment: LimitedSandbox, template: jinja2.Template, num_nodes: int):
        self._environment, self._template, self._num_nodes = environment, template, num_nodes

    def render(self, fields: Mapping[str, Any]) -> str:
        """The text. Raises `SecurityError` past MAX_WORK and for what the sandbox does not allow, Jinja's errors, and
        TEMPLATE_FAULTS.

        Args:
          fields: variables by name.
        """
        # One text at a time: the count is the environment's.
        with self._environment.lock:
            self._environment.begin(self._num_nodes)
            return self._template.render(fields)


class LimitedSandbox(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """Jinja's immutable sandbox, in which each operation is charged before it is done, and what is not allowed is an
    error at once; Jinja's own would first give an undefined value, which prints as nothing.

    Args:
      functions: globals beside Jinja's: name -> function that a template may call.
      filters: filters beside Jinja's: name -> function, whose cost is the size of what it is given.
      **options: Jinja's, such as `trim_blocks`.
    """

    intercepted_binops = frozenset(["+", "-", "*", "/", "//", "%", "**"])

    def __init__(
        self,
        functions: Mapping[str, Callable[..., Any]],
        filters: Mapping[str, Callable[..., Any]],
        **options: Any,
    ):
        super().__init__(cache_size=0, **options)
        self.lock = threading.Lock()
        self.begin(1)
        self.globals.pop("lipsum")  # random text
        self.globals.update(functions)
        self._callable = {id(function) for function in self.globals.values()}
        # These read nothing of what they are given; who runs over their results is charged.
        self._lazy = {id(self.globals[name]) for name in ("range", "zip", "enumerate") if name in self.globals}
        known: dict[str, tuple[Any, Cost]] = {name: (self.filters[name], cost) for name, cost in FILTER_COSTS.items()}
        known |= {name: (function, FILTER_COSTS.get(name, FILTER_COSTS["list"])) for name, function in filters.items()}
        self.filters = {name: self._charged(function, cost) for name, (function, cost) in known.items()}
        # Names that no template can write.
        for name in ("steps", "concat", "measured", "slice"):
            self.filters[f"@{name}"] = getattr(self, f"_{name}")
        for name in _COMPARING_TESTS:
            compare: Any = self.tests[name]
            self.tests[name] = self._charged(compare, FILTER_COSTS["length"])
        self.finalize = self._printed
        self.concat = self._concatenated  # type: ignore[method-assign]

    def parsed(self, text: str) -> nodes.Template:
        """The template's tree. Raises Jinja's errors, `SecurityError` where it is too long or reads other files, and
        TEMPLATE_FAULTS."""
        if len(text) > MAX_TEMPLATE_CHARACTERS:
            raise SecurityError(f"the template has {len(text):,} characters; the most is {MAX_TEMPLATE_CHARACTERS:,}")
        tree = self.parse(text)
        for statement in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
            raise SecurityError(f"{type(statement).__name__.lower()} reads another file")
        return tree

    def template(self, text: str) -> LimitedTemplate:
        """`text`, compiled. Raises as `parsed` does."""
        tree = self.parsed(text)
        num_nodes = _num_nodes(tree)
        tree = _Charge(self).visit(tree)
        return LimitedTemplate(self, self.from_string(tree), num_nodes)

    def begin(self, num_nodes: int) -> None:
        """Starts the count of a rendering, of a template of `num_nodes` nodes."""
        self._left, self._num_nodes = MAX_WORK, num_nodes

    def charge(self, amount: int) -> None:
        """Counts work that is about to be done. Raises `SecurityError` where it is more than is left."""
        self._left -= amount
        if self._left < 0:
            raise SecurityError(
                f"the template reads or makes more than {MAX_WORK:,} characters, list items and steps for one text"
            )

    def unsafe_undefined(self, obj: Any, attribute: str) -> jinja2.Undefined:
        raise SecurityError(f"attribute {attribute!r} of a {type(obj).__name__} is not allowed")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """`left operator right`, charged first.

        Args:
          context: the template's, which is not read.
          operator: one of `intercepted_binops`.
          left: any value.
          right: any value.
        """
        self.charge(1 + operator_cost(operator, left, right))
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        if id(__obj) in __self._lazy:
            __self.charge(_CALL + len(args))
            return super().call(__context, __obj, *args, **kwargs)
        args = tuple([arg if type(arg) is str else __self._finite(arg) for arg in args])
        # Jinja's own keywords, which it takes out again before the call.
        given = {name: __self._finite(arg) for name, arg in kwargs.items() if name not in ("_loop_vars", "_block_vars")}
        __self._charge_call(__obj, args, given)
        if type(__obj) is types.BuiltinMethodType:
            result = __obj(*args, **given)  # in METHOD_COSTS, else it would not have come here
        else:
            result = super().call(__context, __obj, *args, **{**kwargs, **given})
        __self._charge_result(result)
        return result

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        if super().wrap_str_format(value) is None:
            return None
        return _BoundFormat(self, value.__self__, value.__name__ == "format_map")

    def _charge_call(self, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self.charge(1 + sum(map(self._size, args)) + (self._size(kwargs) if kwargs else 0))
        owner = getattr(function, "__self__", None)
        if owner is not None:
            kind = type(owner) if type(owner) in METHOD_COSTS else str if isinstance(owner, str) else type(owner)
            cost = METHOD_COSTS.get(kind, {}).get(function.__name__)
            if cost is not None:
                factor = 1 if type(owner) is kind else 6  # Markup escapes what it is given
                self.charge(factor * ((len(owner) if kind is str else 1) + cost(owner, *args, **kwargs)))
                return
        if isinstance(function, jinja2.Undefined | _BoundFormat):
            return  # the one fails by itself, the other charges itself
        if isinstance(function, jinja2.runtime.LoopContext):
            num_items = sum(len(arg) for arg in args if hasattr(arg, "__len__"))
            self.charge((_CALL + self._num_nodes) * (1 + num_items))
        elif id(function) in self._callable:
            self.charge(_CALL + ITEM * sum(map(self._size, args)))
        elif isinstance(function, jinja2.runtime.Macro | jinja2.runtime.BlockReference | jinja2.utils.Joiner) or (
            isinstance(owner, jinja2.runtime.LoopContext | jinja2.utils.Cycler)
        ):
            self.charge(_CALL + self._num_nodes)
        else:
            called = type(function).__name__ if owner is None else f"{type(owner).__name__}.{function.__name__}"
            raise SecurityError(f"a call of {called} is not allowed")

    def _charged(self, function: Callable[..., Any], cost: Cost) -> Callable[..., Any]:
        """A filter or test that is charged first. It takes the context: so Jinja does not run it while it compiles."""
        passed = getattr(function, "jinja_pass_arg", None)
        first = {None: None, "context": lambda c: c, "eval_context": lambda c: c.eval_ctx}.get(
            getattr(passed, "name", None), lambda c: c.environment
        )

        def charged(context: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
            if type(value) is not str:
                value = self._finite(value)
            if args or kwargs:
                args = tuple([arg if type(arg) is str else self._finite(arg) for arg in args])
                self.charge(sum(map(self._size, args)) + (self._size(kwargs) if kwargs else 0))
            self.charge(1 + self._size(value) + cost(value, *args, **kwargs))
            leading = () if first is None else (first(context),)
            result = function(*leading, value, *args, **kwargs)
            self._charge_result(result)
            return result

        return jinja2.pass_context(charged)

    def _charge_result(self, result: Any) -> None:
        if isinstance(result, str):
            self.charge(len(result))
        elif isinstance(result, list | tuple):
            self.charge(ITEM * len(result))

    def _size(self, value: Any) -> int:
        return len(value) + 1 if type(value) is str else size_of(value, max(self._left, 0))

    def _finite(self, value: Any) -> Any:
        """What is read once, such as the result of `map`, as a list, so that its size is known."""
        if not isinstance(value, Iterator):
            return value
        if isinstance(value, jinja2.runtime.LoopContext):
            raise SecurityError("`loop` as an argument is not allowed")
        return list(self._one_by_one(value, ITEM))

    @jinja2.pass_context
    def _steps(self, context: Any, iterable: Any, cost: int) -> Any:
        """What a loop runs over, its steps charged: at once where their number is known."""
        del context
        if hasattr(iterable, "__len__"):
            self.charge(cost * (len(iterable) + 1))
            return iterable
        return self._one_by_one(iterable, cost)

    def _one_by_one(self, iterable: Iterable[Any], cost: int) -> Iterator[Any]:
        for item in iterable:
            self.charge(cost + len(item) if type(item) is tuple else cost)  # as wide as `zip` is told
            yield item

    @jinja2.pass_context
    def _concat(self, context: Any, *parts: Any) -> str:
        self.charge(6 * self._size(parts) if any(type(part) is not str for part in parts) else sum(map(len, parts)))
        escapes = context.eval_ctx.autoescape or context.eval_ctx.volatile
        return jinja2.runtime.markup_join(parts) if escapes else jinja2.runtime.str_join(parts)

    @jinja2.pass_context
    def _measured(self, context: Any, value: Any) -> Any:
        """What is compared or looked up: both walk through all of it."""
        del context
        kind = type(value)
        if kind is str:
            self.charge(len(value) >> 3)  # compared eight bytes at a time or more
        elif kind not in _SCALARS:
            self.charge(self._size(value))
        return value

    @jinja2.pass_context
    def _slice(self, context: Any, value: Any, start: Any, stop: Any, step: Any) -> Any:
        del context
        result = value[start:stop:step]
        self._charge_result(result)
        return result

    def _printed(self, value: Any) -> Any:
        """What is printed as text: of a list or mapping, all that lies in it."""
        kind = type(value)
        if kind is not str and kind not in _SCALARS:
            self.charge(10 * self._size(value))
        return value

    def _concatenated(self, pieces: Iterable[str]) -> str:
        # Each piece was charged as a step, and lies in memory once however often it is printed.
        parts = list(pieces)
        self.charge(len(parts) + sum(map(len, parts)))
        return "".join(parts)


class _BoundFormat:
    """`text.format`, or `text.format_map`, whose widths are charged."""

    def __init__(self, environment: LimitedSandbox, text: str, is_map: bool):
        self._environment, self._text, self._is_map = environment, text, is_map

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        if self._is_map:
            (kwargs,), args = args, ()
        formatter: Any = (
            _EscapeFormatter(self._environment, escape=self._text.escape)
            if isinstance(self._text, Markup)
            else _Formatter(self._environment)
        )
        self._environment.charge(len(self._text))
        return type(self._text)(formatter.vformat(self._text, args, kwargs))


class _Formatter(jinja2.sandbox.SandboxedFormatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        environment: Any = self._env
        environment.charge(format_widths(format_spec) + 10 * environment._size(value))
        return super().format_field(value, format_spec)


class _EscapeFormatter(_Formatter, jinja2.sandbox.SandboxedEscapeFormatter):
    pass


class _Charge(jinja2.visitor.NodeTransformer):
    """Puts the charging filters into a template's tree, where no method of the environment would see an operation."""

    def __init__(self, environment: jinja2.Environment):
        self._environment = environment

    def visit_For(self, node: nodes.For) -> nodes.Node:
        cost = _num_nodes(node)
        self.generic_visit(node)
        node.iter = self._filter("steps", node.iter, nodes.Const(cost))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return self._filter("concat", *node.nodes)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        node.expr = self._measured(node.expr)
        for operand in node.ops:
            operand.expr = self._measured(operand.expr)
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:
        self.generic_visit(node)
        node.key = self._measured(node.key)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            node.arg = self._measured(node.arg)
            return node
        bounds = (bound or nodes.Const(None) for bound in (node.arg.start, node.arg.stop, node.arg.step))
        return self._filter("slice", node.node, *bounds)

    def _measured(self, node: nodes.Expr) -> nodes.Expr:
        return node if isinstance(node, nodes.Const) else self._filter("measured", node)

    def _filter(self, name: str, node: Any, *args: Any) -> nodes.Expr:
        made = nodes.Filter(node, f"@{name}", list(args), [], None, None, lineno=node.lineno)
        made.set_environment(self._environment)
        return made


def _num_nodes(tree: nodes.Node) -> int:
    """Nodes below `tree`, a measure of what running it once takes."""
    return sum(1 + _num_nodes(child) for child in tree.iter_child_nodes())


# Those that walk through a value.
_COMPARING_TESTS = "== eq equalto != ne > gt greaterthan ge >= < lt lessthan <= le in lower upper".split()
