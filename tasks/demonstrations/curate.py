"""Demonstrations that people wrote, as InstructGPT's supervised data (Ouyang et al. 2022, section 3.2 and appendix A).

A demonstration is one prompt with what its author would have answered. Kinds of prompt: *plain*, *few_shot* (an
instruction with K pairs of query and response), *user* (written for a use that users asked for) and *chat*. Before any
is trained on, duplicates are removed, no user keeps more than 200 prompts, and users, not prompts, are split into
training, validation and test. Each drop is counted.
"""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from flan_jax.core.errors import TaskError, counted, did_you_mean
from flan_jax.declare.example import Rendered
from flan_jax.declare.exemplars import folded
from flan_jax.sources.end_marks import without_end_marks
from flan_jax.sources.source import Row

KINDS = ("plain", "few_shot", "user", "chat")
SPLITS = ("train", "validation", "test")
DROPS = ("empty", "pii", "duplicate", "over_user_limit")

__all__ = [
    "DROPS",
    "KINDS",
    "PII_FILTERS",
    "SPLITS",
    "Curated",
    "Demonstration",
    "DemonstrationRenderer",
    "DemonstrationRules",
    "Pair",
    "contact_details",
    "curate",
    "examples",
    "register_pii_filter",
    "rules_from",
]


@dataclasses.dataclass(frozen=True)
class Pair:
    """What is asked and what was answered."""

    query: str
    response: str


@dataclasses.dataclass(frozen=True)
class Demonstration:
    """One prompt.

    Attributes:
      id: unique in its file.
      user: who wrote it; the unit of splitting and of the limit.
      kind: one of `KINDS`.
      instruction: what to do; may be empty where the query says it all.
      pairs: one; for few_shot, K; for chat, the turns in order.
      where: file and line.
      stripped: marks of an end that its texts had (`flan_jax.sources.end_marks`), one an occurrence.
    """

    id: str
    user: str
    kind: str
    instruction: str
    pairs: tuple[Pair, ...]
    where: str = ""
    stripped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise TaskError(f"{self.where}: a prompt's kind is {self.kind!r}; there are {', '.join(KINDS)}")

    @property
    def prompt(self) -> str:
        """What its first reader saw: the instruction and the first query."""
        return "\n\n".join(part for part in (self.instruction, self.pairs[0].query if self.pairs else "") if part)

    def without_end_marks(self) -> Demonstration:
        """The same, whose texts end where their author ended them."""
        marks: list[str] = []

        def strip(text: str) -> str:
            left, found = without_end_marks(text)
            marks.extend(found)
            return left

        instruction = strip(self.instruction)
        pairs = tuple(Pair(strip(pair.query), strip(pair.response)) for pair in self.pairs)
        return dataclasses.replace(self, instruction=instruction, pairs=pairs, stripped=tuple(marks))

    @property
    def texts(self) -> Iterator[str]:
        """Every text in it."""
        yield self.instruction
        for pair in self.pairs:
            yield from (pair.query, pair.response)


@dataclasses.dataclass(frozen=True)
class DemonstrationRules:
    """How demonstrations are curated.

    Attributes:
      max_prompts_per_user: prompts that a user keeps, the first ones (InstructGPT: 200).
      prefix_characters: two prompts are duplicates when this many characters from the start agree, or when both are
        shorter and equal; case and white space don't count. InstructGPT's own length is unpublished.
      validation_share, test_share: of the users, in [0, 1); which ones is a hash of their id.
      pii_filter: the name of a filter in `PII_FILTERS`: a demonstration with a text in which it finds personal
        information is dropped. "" for none; `contact_details` is a simple one.
    """

    max_prompts_per_user: int = 200
    prefix_characters: int = 100
    validation_share: float = 0.1
    test_share: float = 0.1
    pii_filter: str = ""

    def __post_init__(self) -> None:
        for name in ("max_prompts_per_user", "prefix_characters"):
            if getattr(self, name) < 1:
                raise TaskError(f"{name} is {getattr(self, name)}; the least is 1")
        if min(self.validation_share, self.test_share) < 0 or self.validation_share + self.test_share >= 1:
            raise TaskError(
                f"validation_share {self.validation_share} and test_share {self.test_share}: give two shares that are "
                f"not negative and together below 1"
            )

    def split_of(self, user: str) -> str:
        """The split that all prompts of `user` go to."""
        digest = hashlib.sha256(f"demonstrations/{user}".encode()).digest()
        share = int.from_bytes(digest[:8], "big") / 2**64
        if share < self.test_share:
            return "test"
        return "validation" if share < self.test_share + self.validation_share else "train"

    def find_pii_filter(self) -> Callable[[str], bool] | None:
        """The function that `pii_filter` names. Raises `TaskError` where there is no such function."""
        if not self.pii_filter:
            return None
        if self.pii_filter not in PII_FILTERS:
            raise TaskError(
                f"pii_filter {self.pii_filter!r} is none of {', '.join(PII_FILTERS)}"
                f"{did_you_mean(self.pii_filter, PII_FILTERS) or '.'} Rules are data and name no code: register a "
                f"filter of your own by `register_pii_filter`, in a module that --module names"
            )
        return PII_FILTERS[self.pii_filter]


@dataclasses.dataclass(frozen=True)
class Curated:
    """What is left, and what is not. `splits`: split -> demonstrations, in the order they came in. `dropped`: reason
    (one of `DROPS`) -> ids. `num_users`: split -> users with a prompt in it."""

    splits: Mapping[str, tuple[Demonstration, ...]]
    dropped: Mapping[str, tuple[str, ...]]
    num_users: Mapping[str, int]

    def stripped(self, split: str) -> collections.Counter[str]:
        """Mark -> how many of the split's texts ended in it."""
        return collections.Counter(mark for demonstration in self.splits[split] for mark in demonstration.stripped)

    def lines(self) -> list[str]:
        """The counts as text for a log."""
        kept = sum(map(len, self.splits.values()))
        num_dropped = sum(map(len, self.dropped.values()))
        lines = [f"demonstrations: {kept + num_dropped:,} prompts read, {kept:,} kept"]
        for split, demonstrations in self.splits.items():
            kinds = collections.Counter(demonstration.kind for demonstration in demonstrations)
            by_kind = ", ".join(f"{kind} {kinds[kind]:,}" for kind in KINDS if kinds[kind])
            num_examples = sum(1 for demonstration in demonstrations for _ in examples(demonstration))
            lines.append(
                f"  {split}: {len(demonstrations):,} prompts ({by_kind or 'none'}) of {self.num_users[split]:,} users, "
                f"{num_examples:,} examples"
            )
        pairs = [pair for kept in self.splits.values() for demonstration in kept for pair in demonstration.pairs]
        if unanswered := sum(not pair.response.strip() for pair in pairs):
            lines.append(f"  without a response, not trained on: {counted(unanswered, 'pair')} of {len(pairs):,}")
        for mark, count in sum(map(self.stripped, self.splits), collections.Counter[str]()).items():
            lines.append(f"  stripped of their end: {counted(count, 'text')} that ended in {mark}")
        for reason, ids in self.dropped.items():
            more = ", ..." if len(ids) > 3 else ""
            lines.append(f"  dropped, {reason}: {len(ids):,}" + (f" ({', '.join(ids[:3])}{more})" if ids else ""))
        return lines


def curate(demonstrations: Iterable[Demonstration], rules: DemonstrationRules) -> Curated:
    """Takes the marks off that end a text; drops what has no prompt or no response, what the PII filter finds,
    duplicates, and what a user has beyond the limit, in that order; splits the rest by user. Of duplicates, the one
    with the most pairs stays, the first of equals."""
    has_pii = rules.find_pii_filter()
    dropped: dict[str, list[str]] = {reason: [] for reason in DROPS}
    usable: list[tuple[str, Demonstration]] = []
    for demonstration in (given.without_end_marks() for given in demonstrations):
        start = _start(demonstration.prompt, rules.prefix_characters)
        if not start or not any(pair.response.strip() for pair in demonstration.pairs):
            dropped["empty"].append(demonstration.id)
        elif has_pii is not None and any(has_pii(text) for text in demonstration.texts):
            dropped["pii"].append(demonstration.id)
        else:
            usable.append((start, demonstration))
    chosen: dict[str, int] = {}
    for number, (start, demonstration) in enumerate(usable):
        if start not in chosen or len(demonstration.pairs) > len(usable[chosen[start]][1].pairs):
            chosen[start] = number
    splits: dict[str, list[Demonstration]] = {split: [] for split in SPLITS}
    num_prompts: collections.Counter[str] = collections.Counter()
    for number, (start, demonstration) in enumerate(usable):
        if chosen[start] != number:
            dropped["duplicate"].append(demonstration.id)
        elif num_prompts[demonstration.user] >= rules.max_prompts_per_user:
            dropped["over_user_limit"].append(demonstration.id)
        else:
            num_prompts[demonstration.user] += 1
            splits[rules.split_of(demonstration.user)].append(demonstration)
    return Curated(
        splits={split: tuple(kept) for split, kept in splits.items()},
        dropped={reason: tuple(ids) for reason, ids in dropped.items()},
        num_users={split: len({demonstration.user for demonstration in kept}) for split, kept in splits.items()},
    )


def examples(demonstration: Demonstration) -> Iterator[Row]:
    """The training examples of one demonstration, as rows: `shown` pairs, then `query` and `response`.

    K pairs of a few-shot prompt are K examples, each with the other K - 1 shown; a chat's turns are examples with the
    turns before them shown. A few-shot pair without a query or a response has nothing to show, and one that asks the
    same but for case and white space would show the answer. What has no response is not trained on.
    """
    for number, pair in enumerate(demonstration.pairs):
        if not pair.response.strip():
            continue
        shown: Sequence[Pair] = ()
        if demonstration.kind == "few_shot":
            shown = [
                other
                for i, other in enumerate(demonstration.pairs)
                if i != number and other.response.strip() and folded(other.query) not in ("", folded(pair.query))
            ]
        elif demonstration.kind == "chat":
            shown = demonstration.pairs[:number]
        yield {
            "id": demonstration.id,
            "kind": demonstration.kind,
            "instruction": demonstration.instruction.strip(),
            "shown": tuple((other.query.strip(), other.response.strip()) for other in shown),
            "query": pair.query.strip(),
            "response": pair.response.strip(),
        }


@dataclasses.dataclass(frozen=True)
class DemonstrationRenderer:
    """The prompt as its author gave it (implements `declare.example.Renderer`). Few-shot pairs that are shown are
    exemplars, so that a length budget drops them from the last; the turns of a chat are part of the input."""

    def __call__(self, row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
        """One example."""
        instruction, query, shown = row["instruction"], row["query"], row["shown"]
        if row["kind"] == "chat":
            turns = "".join(f"User: {asked}\n\nAssistant: {answered}\n\n" for asked, answered in shown)
            text = f"{turns}User: {query}\n\nAssistant:" if turns else query
            return Rendered(query="\n\n".join(part for part in (instruction, text) if part), targets=row["response"])
        if shown and query:
            return Rendered(
                preamble=f"{instruction}\n\n" if instruction else "",
                exemplars=tuple(f"Query: {asked}\nResponse: {answered}\n\n" for asked, answered in shown),
                query=f"Query: {query}\nResponse:",
                targets=row["response"],
            )
        return Rendered(query="\n\n".join(part for part in (instruction, query) if part), targets=row["response"])


# Name -> function of a text, true where it holds personal information. Filters are named in a data folder's rules.json,
# and who writes data must not choose code: so they are looked up here and never imported by name.
PII_FILTERS: dict[str, Callable[[str], bool]] = {}


def register_pii_filter(function: Callable[[str], bool]) -> Callable[[str], bool]:
    """Lets rules name `function` by its name; use as a decorator, in a module that --module names."""
    PII_FILTERS[function.__name__] = function
    return function


@register_pii_filter
def contact_details(text: str) -> bool:
    """Whether `text` has an e-mail address, an IPv4 address, or ten digits or more that only spaces, dots, dashes,
    slashes and brackets part (a telephone or card number): a first sieve, which finds neither names nor addresses."""
    if _EMAIL.search(text) or _IP_ADDRESS.search(text):
        return True
    return any(sum(map(str.isdigit, run)) >= 10 for run in _DIGITS.findall(text))


_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IP_ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_DIGITS = re.compile(r"\d[\d ./()-]{8,}\d")


def _start(prompt: str, length: int) -> str:
    """The first `length` characters of `prompt` without case and white space of its own; a shorter prompt whole."""
    return folded(prompt)[:length]


def rules_from(settings: Mapping[str, Any], where: str) -> DemonstrationRules:
    """`DemonstrationRules` from a mapping. Raises `TaskError` for a name or type that they don't have."""
    known = {field.name: field for field in dataclasses.fields(DemonstrationRules)}
    for name, value in settings.items():
        if name not in known:
            raise TaskError(f"{where}: no rule is called {name!r}; there are {', '.join(known)}")
        default = known[name].default
        if isinstance(value, bool) or not isinstance(
            value, (int, float) if isinstance(default, float) else type(default)
        ):
            raise TaskError(f"{where}: {name} is {value!r}; a {type(default).__name__} is needed")
    return DemonstrationRules(**settings)
