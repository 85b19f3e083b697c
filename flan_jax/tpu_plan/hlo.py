"""The compiled program as text, read: what runs how often, what it sends, what it moves through memory.

Only what `flan-jax plan` needs of XLA's text form. Computations run as often as the loops around them go round; XLA's
own `cost_analysis` counts each loop body once.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

COLLECTIVES = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")

_DTYPE_BITS = {"pred": 8, "bf16": 16, "f16": 16, "s4": 4, "u4": 4, "token": 0, "opaque": 0}
_COMPUTATION = re.compile(r"^(ENTRY )?%?([\w.\-]+) \(.*\{$")
_INSTRUCTION = re.compile(r"^\s+(ROOT )?%([\w.\-]+) = (.*)$")
_ARRAY = re.compile(r"\b([a-z]+[0-9]*(?:e\d+m\d+\w*)?)\[([\d,]*)\](\{[^}]*\})?")
_OPERAND = re.compile(r"%([\w.\-]+)")
_CALLED = re.compile(r"(?:calls|to_apply|body|true_computation|false_computation)=%?([\w.\-]+)")
_CALLED_LIST = re.compile(r"(?:branch_computations|called_computations)=\{([^}]*)\}")
_CONDITION = re.compile(r"condition=%?([\w.\-]+)")
_ON_CORE = re.compile(r"S\([1-9]\)")
_CONSTANT = re.compile(r"constant\((\d+)\)")
# What moves nothing: names for parts of what is there, and the second half of an operation in two.
_FREE = {
    "parameter", "constant", "tuple", "get-tuple-element", "bitcast", "while", "conditional", "call", "after-all",
    "partition-id", "replica-id", "iota", "domain", "opt-barrier",
}  # fmt: skip

__all__ = ["COLLECTIVES", "Array", "Collective", "Instruction", "Program", "parse_program"]


@dataclasses.dataclass(frozen=True)
class Array:
    """One array of an instruction's result: its bytes, its text, and whether it lies in the chip's memory (and not in
    a memory on the core, which XLA marks `S(1)` and so on)."""

    text: str
    num_bytes: int
    is_in_hbm: bool


@dataclasses.dataclass(frozen=True)
class Instruction:
    """A line of a computation. operands: names of instructions. attributes: what follows them, as text."""

    name: str
    opcode: str
    arrays: tuple[Array, ...]
    operands: tuple[str, ...]
    attributes: str
    is_root: bool

    @property
    def num_bytes(self) -> int:
        """Bytes of the whole result."""
        return sum(array.num_bytes for array in self.arrays)

    @property
    def hbm_bytes(self) -> int:
        """Bytes of the result that lie in the chip's memory."""
        return sum(array.num_bytes for array in self.arrays if array.is_in_hbm)

    @property
    def op_name(self) -> str:
        """Where in the model it comes from."""
        match = re.search(r'op_name="([^"]*)"', self.attributes)
        return match[1] if match else self.name


@dataclasses.dataclass(frozen=True)
class Collective:
    """One communication: how often a step runs it, bytes of a device's operand, and devices that take part."""

    kind: str
    runs: int
    operand_bytes: int
    group_size: int
    op_name: str

    @property
    def sent_bytes(self) -> float:
        """Bytes that a device sends in a step, by the ring algorithms (n devices): an all-gather sends its part n - 1
        times, a reduce-scatter and an all-to-all (n - 1) / n of the operand, an all-reduce twice that."""
        n = self.group_size
        if self.kind == "collective-permute":
            return float(self.runs * self.operand_bytes)
        if n < 2:
            return 0.0
        share = {"all-gather": n - 1.0, "all-reduce": 2 * (n - 1) / n}.get(self.kind, (n - 1) / n)
        return self.runs * self.operand_bytes * share


@dataclasses.dataclass(frozen=True)
class Program:
    """A module: its computations, and how often a step runs each."""

    computations: Mapping[str, Mapping[str, Instruction]]
    runs: Mapping[str, int]
    fused: frozenset[str]

    def collectives(self) -> list[Collective]:
        """All communications of a step."""
        found = []
        for computation, runs in self.runs.items():
            instructions = self.computations[computation]
            for instruction in instructions.values():
                kind = instruction.opcode.removesuffix("-start")
                if kind not in COLLECTIVES:
                    continue
                operand = sum(instructions[name].num_bytes for name in instruction.operands if name in instructions)
                group = _group_size(instruction.attributes)
                found.append(Collective(kind, runs, operand, group, instruction.op_name))
        return found

    def hbm_bytes(self) -> float:
        """Bytes that a step moves between a device and its memory: operands and results of every operation that is
        not inside a fusion, of operands that are only sliced the slices."""
        total = 0.0
        for computation, runs in self.runs.items():
            if computation in self.fused:
                continue
            instructions = self.computations[computation]
            total += runs * sum(self._moved(i, instructions) for i in instructions.values())
        return total

    def largest(self, count: int) -> list[tuple[Array, str]]:
        """The largest arrays in the chip's memory that a step makes, each shape of an operation once."""
        found: dict[tuple[str, str], Array] = {}
        for computation in self.runs:
            if computation in self.fused:
                continue
            for instruction in self.computations[computation].values():
                if instruction.opcode in _FREE or instruction.opcode.endswith("-done"):
                    continue
                for array in instruction.arrays:
                    if array.is_in_hbm:
                        found[array.text, instruction.op_name] = array
        ranked = sorted(found.items(), key=lambda item: (-item[1].num_bytes, item[0]))
        return [(array, op_name) for (_, op_name), array in ranked[:count]]

    def _moved(self, instruction: Instruction, instructions: Mapping[str, Instruction]) -> float:
        if instruction.opcode in _FREE or instruction.opcode.endswith("-done"):
            return 0
        called = next((name for name in _called(instruction) if name in self.fused), None)
        body = self.computations[called] if called else {}
        read = 0.0
        for position, name in enumerate(instruction.operands):
            operand = instructions.get(name)
            if operand is not None:
                read += min(operand.hbm_bytes, _sliced_bytes(body, position)) if body else operand.hbm_bytes
        if instruction.opcode in ("dynamic-slice", "gather", "slice"):
            read = min(read, instruction.num_bytes)
        written: float = instruction.hbm_bytes
        if instruction.opcode.endswith("-start"):  # its result names the operand again
            written = max(0.0, written - read)
        return read + min(written, _updated_bytes(instruction, instructions, body))


def parse_program(text: str) -> Program:
    """Reads a compiled module's text. Raises `ValueError` for a text without an entry, and for a loop whose number of
    rounds is not a constant of its condition although it communicates."""
    computations: dict[str, dict[str, Instruction]] = {}
    entry = current = ""
    for line in text.splitlines():
        if match := _COMPUTATION.match(line):
            current = match[2]
            computations[current] = {}
            entry = current if match[1] else entry
        elif current and (match := _INSTRUCTION.match(line)):
            instruction = _instruction(match[2], match[3], bool(match[1]))
            computations[current][instruction.name] = instruction
    if not entry:
        raise ValueError("the text has no ENTRY computation: it is not a compiled module")
    runs: dict[str, int] = defaultdict(int)
    fused: set[str] = set()
    _count(computations, entry, 1, runs, fused)
    return Program(computations, dict(runs), frozenset(fused))


def _count(
    computations: Mapping[str, Mapping[str, Instruction]], name: str, runs: int, total: dict[str, int], fused: set[str]
) -> None:
    total[name] += runs
    for instruction in computations[name].values():
        rounds = 1
        if instruction.opcode == "while":
            condition = _CONDITION.search(instruction.attributes)
            rounds = _trip_count(computations, condition[1] if condition else "")
        for called in _called(instruction):
            if called in computations:
                if instruction.opcode not in ("while", "conditional", "call"):
                    fused.add(called)  # a part of one operation: a fusion's body, what a reduction does with two
                _count(computations, called, runs * rounds, total, fused)


def _trip_count(computations: Mapping[str, Mapping[str, Instruction]], condition: str) -> int:
    """Rounds of a loop that counts from 0 in ones to a constant, as all of `jax.lax.scan` do."""
    constants = [
        int(match[1])
        for instruction in computations.get(condition, {}).values()
        if instruction.opcode == "constant" and (match := _CONSTANT.search(instruction.attributes))
    ]
    if len(constants) != 1:
        raise ValueError(f"loop condition {condition!r} has {len(constants)} constants where one bounds a scan")
    return constants[0]


def _called(instruction: Instruction) -> Iterator[str]:
    yield from _CALLED.findall(instruction.attributes)
    for names in _CALLED_LIST.findall(instruction.attributes):
        yield from _OPERAND.findall(names)


def _instruction(name: str, text: str, is_root: bool) -> Instruction:
    """From `SHAPE opcode(operands), attributes`."""
    end = _shape_end(text)
    opcode, _, rest = text[end:].strip().partition("(")
    depth, stop = 1, len(rest)
    for i, character in enumerate(rest):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            stop = i
            break
    operands = tuple(_OPERAND.findall(rest[:stop]))
    attributes = f"{opcode}({rest}" if opcode in ("constant", "parameter") else rest[stop + 1 :]
    return Instruction(name, opcode, tuple(_arrays(text[:end])), operands, attributes, is_root)


def _shape_end(text: str) -> int:
    """Where the result's shape ends: after a bracketed tuple, or at the first space outside braces."""
    depth = 0
    for i, character in enumerate(text):
        depth += (character in "({") - (character in ")}")
        if depth == 0 and character == " ":
            return i
    return len(text)


def _arrays(text: str) -> Iterator[Array]:
    for match in _ARRAY.finditer(text):
        dtype, sizes, layout = match[1], match[2], match[3] or ""
        bits = _DTYPE_BITS.get(dtype)
        if bits is None:
            digits = re.search(r"\d+", dtype)
            if digits is None:
                continue
            bits = int(digits[0])
        count = math.prod(int(size) for size in sizes.split(",") if size)
        yield Array(f"{dtype}[{sizes}]", count * bits // 8, not _ON_CORE.search(layout))


def _group_size(attributes: str) -> int:
    """Devices a group, from any of the three ways in which XLA writes groups."""
    if match := re.search(r"replica_groups=\[(\d+),(\d+)\]<=", attributes):
        return int(match[2])
    if match := re.search(r"replica_groups=mesh\[([^\]]*)\]\s*\{([^}]*)\}", attributes):
        sizes = dict(re.findall(r"'([\w]+)'=(\d+)", match[1]))
        return math.prod(int(sizes[axis]) for axis in re.findall(r"'([\w]+)'", match[2]))
    if match := re.search(r"replica_groups=\{\{([\d,]*)\}", attributes):
        return len(match[1].split(","))
    return 1


def _users(body: Mapping[str, Instruction], name: str) -> list[Instruction]:
    return [instruction for instruction in body.values() if name in instruction.operands]


def _sliced_bytes(body: Mapping[str, Instruction], position: int) -> float:
    """Bytes that a fusion reads of its operand `position`: those of the slices where it only slices, else no limit."""
    parameter = next(
        (i for i in body.values() if i.opcode == "parameter" and i.attributes.startswith(f"parameter({position})")),
        None,
    )
    if parameter is None:
        return math.inf
    users = _see_through(body, parameter.name)
    if users and all(user.opcode in ("dynamic-slice", "gather", "slice") for user in users):
        return sum(user.num_bytes for user in users)
    if users and all(user.opcode == "dynamic-update-slice" for user in users):
        return 0  # updated in place
    return math.inf


def _see_through(body: Mapping[str, Instruction], name: str) -> list[Instruction]:
    users: list[Instruction] = []
    for user in _users(body, name):
        users += _see_through(body, user.name) if user.opcode == "bitcast" else [user]
    return users


def _updated_bytes(
    instruction: Instruction, instructions: Mapping[str, Instruction], body: Mapping[str, Instruction]
) -> float:
    """Bytes written where the result is an operand updated in place, else no limit."""
    updates: Sequence[tuple[Instruction, Mapping[str, Instruction]]] = [
        (i, body) for i in body.values() if i.opcode == "dynamic-update-slice"
    ]
    if instruction.opcode == "dynamic-update-slice":
        updates = [(instruction, instructions)]
    if not updates:
        return math.inf
    return sum(scope[i.operands[1]].num_bytes for i, scope in updates if i.operands[1] in scope)
