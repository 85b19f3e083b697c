"""What an evaluation of benchmarks is told."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from flan_jax.core.errors import ConfigError, TaskError
from flan_jax.core.settings import Above, AtLeast, Below, Count, Natural, Seed, SlipAbove, settle
from flan_jax.declare.benchmark import COLLECTIONS, Benchmark, Format, SampleSettings, resolve
from flan_jax.evaluate.extract import get_extractor
from flan_jax.evaluate.metrics import get_metric

SELF_CONSISTENCY = "self_consistency"
# Formats that self-consistency samples from, the first that a benchmark has.
_SAMPLED_FORMATS = ("cot", "zero_shot_cot")

__all__ = ["SELF_CONSISTENCY", "SuiteConfig", "check_scoring"]


@dataclasses.dataclass(frozen=True)
class SuiteConfig:
    """Which benchmarks, how they are asked and how many questions of each.

    Attributes:
      names: benchmarks, collections, or "BENCHMARK:FORMAT".
      format: asks all of them in this format; "self_consistency" stands for a name's own format, else each benchmark's
        "cot" (or "zero_shot_cot"), with `sampling`; "" for the collections' own and each benchmark's first.
      split: the split of every benchmark that has it under this name; "" for each one's default.
      subtasks: only these, where a benchmark has them; empty for all.
      limit: questions a subtask, drawn by `seed`; None for all. A larger limit keeps a smaller one's questions.
      seed: of the draw of questions, of samples and of intervals.
      sampling: draws every generation so, with a vote over the answers; None for greedy (or the format's own). Formats
        that rank options draw nothing, which the results say.
      available_only: whether subtasks whose data is not on this machine are left out, which the results say, or an
        error.
      num_samples: items of a benchmark whose prompt and answer the results show; the journal has all of them.
      confidence, num_resamples: of the bootstrap intervals.
    """

    names: tuple[str, ...]
    format: str = ""
    split: str = ""
    subtasks: tuple[str, ...] = ()
    limit: Annotated[Count, "which is all questions"] | None = None
    seed: Seed = 0
    sampling: SampleSettings | None = None
    available_only: bool = False
    num_samples: Natural = 3
    confidence: Annotated[float, Above(0), Below(1), "such as 0.95"] = 0.95
    num_resamples: Annotated[int, AtLeast(1), SlipAbove(10**6)] = 1000

    def __post_init__(self) -> None:
        settle(self)
        if not self.names:
            raise ConfigError("an evaluation of no benchmark: name at least one, such as mmlu")
        if self.format == SELF_CONSISTENCY and self.sampling is None:
            object.__setattr__(self, "sampling", SampleSettings())

    def resolve(self) -> list[tuple[Benchmark, Format]]:
        """The (benchmark, format) pairs. Raises `TaskError` for unknown ones, and for those that name a metric or an
        extractor that is not there or cannot serve, `ConfigError` for `sampling` where all of them rank options: before
        a model is loaded, and not when its answers are read."""
        pairs = self._pairs()
        if self.sampling is not None and all(format.method == "rank" for _, format in pairs):
            named = ", ".join(f"{benchmark.name}:{format.name}" for benchmark, format in pairs[:3])
            raise ConfigError(
                f"{self.sampling.num_samples} samples of {named}, which ranks options and generates nothing: leave "
                f"--samples out, or name a format that generates"
            )
        for benchmark, format in pairs:
            check_scoring(benchmark, format)
        return pairs

    def _pairs(self) -> list[tuple[Benchmark, Format]]:
        if self.format != SELF_CONSISTENCY:
            return resolve(self.names, self.format or None)
        pairs: dict[tuple[str, str], tuple[Benchmark, Format]] = {}
        for name in self.names:
            has_own = ":" in name and name not in COLLECTIONS
            for benchmark, own in resolve([name]):
                format = own if has_own else _sampled(benchmark)
                if format.method == "rank":
                    raise ConfigError(
                        f"--suite {name} ranks options, and {SELF_CONSISTENCY} puts generations to a vote: name "
                        f"{benchmark.name} alone, or leave --format out"
                    )
                pairs[benchmark.name, format.name] = (benchmark, format)
        return list(pairs.values())


def _sampled(benchmark: Benchmark) -> Format:
    """The format that self-consistency samples from where none is named."""
    names = [format.name for format in benchmark.formats]
    chosen = next((name for name in _SAMPLED_FORMATS if name in names), None)
    if chosen is None:
        raise ConfigError(
            f"benchmark {benchmark.name} has no chain of thought to sample: its formats are {', '.join(names)}"
        )
    return benchmark.format(chosen)


def check_scoring(benchmark: Benchmark, format: Format, extract: str = "") -> None:
    """Raises `TaskError` for a metric or an extractor that is not registered, and for a metric that the format cannot
    serve.

    Args:
      benchmark: whose format it is.
      format: what names them.
      extract: a question's own extractor; "" for the format's.
    """
    try:
        for name in format.metrics:
            metric = get_metric(name)
            if (metric.needs == "options") != (format.method == "rank"):
                needs, has = ("ranked options", "generates") if metric.needs == "options" else ("text", "ranks options")
                raise TaskError(f"metric {name} needs {needs}, but the format {has}: name another metric")
        if format.method != "rank":
            get_extractor(extract or format.extract)
    except TaskError as error:
        raise TaskError(f"{benchmark.name}:{format.name}: {error}") from error
