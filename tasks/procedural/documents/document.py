"""What a document is, and the tasks that it is registered as."""

import dataclasses
import random
from collections.abc import Callable, Sequence

from flan_jax.declare.example import Rendered, Renderer
from flan_jax.declare.registry import add_task
from flan_jax.declare.task import Task
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import ProceduralSource

NUM_TRAIN = 12_000

__all__ = ["WAYS", "Document", "Way", "register_document"]


@dataclasses.dataclass(frozen=True)
class Way:
    """How documents are trained on.

    name: how their tasks' names end. objective: of pretraining, None for one whose cut is in the document itself.
    render: of their tasks. what: a few words for the mixture of all of them.
    """

    name: str
    objective: str | None
    render: Renderer
    what: str


@dataclasses.dataclass(frozen=True)
class Document:
    """told: what there is to know. retold: what follows from it, or is common knowledge."""

    told: str
    retold: str


Write = Callable[[random.Random], Document]


def register_document(num_train: int = NUM_TRAIN) -> Callable[[Write], Write]:
    """Adds the tasks of a kind of document, one a way, named after the function that it decorates."""

    def add(write: Write) -> Write:
        name = f"documents_{write.__name__}"
        source = ProceduralSource(name, _DocumentRow(write), {"train": num_train, "validation": 128})
        for way in WAYS:
            add_task(
                Task(
                    name=f"{name}_{way.name}",
                    cluster="documents",
                    source=source,
                    render=way.render,
                    metrics=(),
                    train_split="train",
                    eval_split=None,
                    objective=way.objective,
                    dataset=name,
                )
            )
        return write

    return add


class _DocumentRow:
    """Makes a row of a document (a class, so that a source can be sent to another process)."""

    def __init__(self, write: Write):
        self.write = write
        self.__module__ = write.__module__
        self.__qualname__ = write.__qualname__

    def __call__(self, rng: random.Random) -> Row:
        return dataclasses.asdict(self.write(rng))


def render_whole(row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
    """The document as targets; the objective makes inputs of it."""
    del rng, pool
    return Rendered(query="", targets=f"{row['told']} {row['retold']}")


def render_again(row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
    """All that is told is read, all that is told again is written: every word of it is a lesson.

    What a model learns first (copies, pairs) must be learnt so: with two thirds of the examples cut late it was not
    learnt at all."""
    del rng, pool
    return Rendered(query=row["told"], targets=row["retold"])


def render_retold(row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
    """Prefix language modelling with a cut that pays: what is told is read, what is told again is written.

    Two times in three a part of that is read too and the rest of its sentence is written, so that a word's partner is
    looked for from the end of the inputs, which is where questions stand."""
    del pool
    told, retold = row["told"], row["retold"]
    if rng.randrange(3) == 0:
        return Rendered(query=told, targets=retold)
    sentences = [sentence if sentence.endswith(".") else f"{sentence}." for sentence in retold.split(". ") if sentence]
    last = rng.randrange(len(sentences))
    words = sentences[last].split(" ")
    # The later in the sentence, the more is known of what is asked for: the last words are cut off most often.
    cut = len(words) - 1 - min(rng.randrange(len(words)), rng.randrange(len(words)))
    read = [told, *sentences[:last], *words[:cut]]
    return Rendered(query=" ".join(read), targets=" ".join(words[cut:]))


WAYS = (
    Way("span", "span_corruption", render_whole, "span corruption"),
    Way("prefix", "prefix_lm", render_whole, "prefix language modelling, cut anywhere"),
    Way("again", None, render_again, "prefix language modelling, cut between what is told and what is told again"),
    Way("retold", None, render_retold, "prefix language modelling, cut there or late in a sentence that follows"),
)
