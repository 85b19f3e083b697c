"""What T0 (Sanh et al. 2021) trains and is judged on: data sets and the names of their PromptSource prompts.

Facts only, in data_sets.tsv beside this module: data sets, sizes and stages from bigscience-workshop/t-zero
`t0/datasets.csv`, prompt names as P3 publishes them. The prompts' text is PromptSource's, and lies in the files that
`flan_jax.tasks.t0.source` reads.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from flan_jax.sources.separated import read_packaged_table

# A data set with more training examples counts as this many, shared by its prompts (Sanh et al. 2021, section 5).
MAX_EXAMPLES = 500_000
STAGES = ("t0", "t0p", "t0pp")

__all__ = ["DATA_SETS", "MAX_EXAMPLES", "STAGES", "P3DataSet", "identifier"]


@dataclasses.dataclass(frozen=True)
class P3DataSet:
    """One data set of P3.

    Attributes:
      name, subset: as on the Hugging Face hub.
      task: T0's own kind of task, the unit of its holding out.
      prompts: names of all its prompts, separated by spaces, as P3 writes them.
      stage: the first of the mixtures t0, t0p (T0+) and t0pp (T0++) that trains on it; "" for none.
      train_size: training examples; 0 where they are not used.
      num_options: for one of the held-out data sets, how many answers are ranked; else 0.
      ranked: its evaluation prompts, where those are not all of `prompts`.
      rounds: suffixes of the P3 names, for a data set in rounds.
    """

    name: str
    subset: str
    task: str
    prompts: str
    stage: str = ""
    train_size: int = 0
    num_options: int = 0
    ranked: str = ""
    rounds: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name and subset, an identifier."""
        return identifier(self._stem)

    @property
    def rate(self) -> int:
        """Rate of one prompt in T0's mixtures: the training examples, or the prompt's share of `MAX_EXAMPLES`."""
        return self.train_size if self.train_size <= MAX_EXAMPLES else MAX_EXAMPLES // len(self.prompts.split())

    def p3_names(self, suffix: str = "") -> list[str]:
        """Names of its prompts in P3."""
        return self._named(self.prompts, suffix)

    def ranked_p3_names(self, suffix: str = "") -> list[str]:
        """Names in P3 of the prompts that evaluation ranks the answers of."""
        return self._named(self.ranked or self.prompts, suffix) if self.num_options else []

    @property
    def _stem(self) -> str:
        return f"{self.name}_{self.subset}" if self.subset else self.name

    def _named(self, prompts: str, suffix: str) -> list[str]:
        names = [f"{self._stem}_{prompt}{suffix and '_' + suffix}" for prompt in prompts.split()]
        return [re.sub(r"[^\w.]+", "_", name, flags=re.ASCII) for name in names]


def identifier(name: str) -> str:
    """`name` with an underscore for each character that no identifier has."""
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def _read() -> Iterator[P3DataSet]:
    for row in read_packaged_table(__package__, "data_sets.tsv"):
        numbers = {name: int(row[name]) for name in ("train_size", "num_options")}
        yield P3DataSet(**{**row, **numbers, "rounds": tuple(row["rounds"].split())})


DATA_SETS = tuple(_read())
