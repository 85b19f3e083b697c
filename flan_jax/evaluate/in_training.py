"""Benchmarks inside a run: the runner of `flan-jax eval --suite` on the parameters as training has them."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping, Sequence

import jax
from jax.sharding import Mesh

from flan_jax.checkpoints.lineage import TrainedOn
from flan_jax.core.errors import ConfigError
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.declare.benchmark import Benchmark, Format
from flan_jax.evaluate.config import EvalConfig
from flan_jax.evaluate.contamination.trained_on import findings, notes, refuse, share_questions, training_tasks
from flan_jax.evaluate.language_models.jax_model import JaxLanguageModel
from flan_jax.evaluate.metrics import get_metric
from flan_jax.evaluate.results.eval_results import Basis, EvalResults
from flan_jax.evaluate.results.files import write_summary
from flan_jax.evaluate.results.journal import JOURNAL, Journal
from flan_jax.evaluate.suite import Progress, run_suite
from flan_jax.evaluate.suite_config import SuiteConfig
from flan_jax.evaluate.work import scored_by
from flan_jax.models import ModelConfig, Params

FOLDER = "suite"

__all__ = ["FOLDER", "SuiteEvaluator"]


class SuiteEvaluator:
    """Asks a run's benchmarks at a step. With several processes all call `run` together; process 0 writes.

    MODEL_DIR/suite/<step>/journal.jsonl has every prompt and answer, summary.json the scores, and what
    `write` adds (results.md in a run of `flan-jax train`).
    """

    def __init__(
        self,
        config: EvalConfig,
        model_config: ModelConfig,
        vocabulary: Vocabulary,
        model_dir: pathlib.Path,
        trained_on: TrainedOn,
        last_step: int,
        mesh: Mesh | None = None,
        tasks: Mapping[str, Sequence[str]] | None = None,
        write: Callable[[pathlib.Path, EvalResults], None] = write_summary,
    ):
        """
        Args:
          config: `suite`, `suite_selection` and what they are asked with.
          model_config, vocabulary: of the parameters that `run` gets.
          model_dir: the run's folder; nothing is written before `run`.
          trained_on: what the run trains on, and what its starting weights were.
          last_step: of the run.
          mesh: devices to split batches over.
          tasks: group -> names of the tasks that the run is judged on besides.
          write: puts the results of a group of benchmarks into a folder (default: summary.json alone).

        Raises `TaskError` for unknown names, `CheckpointError` for benchmarks that are trained on (unless forced), and
        `ConfigError` where a question would both pick the checkpoint and be reported.
        """
        self._config, self._model_config, self._vocabulary, self._mesh = config, model_config, vocabulary, mesh
        self._folder, self._last_step, self._write = model_dir / FOLDER, last_step, write
        self._suites = {
            group: SuiteConfig(
                names,
                split=config.suite_split,
                limit=config.suite_limit,
                seed=config.seed,
                num_samples=config.num_samples,
                confidence=config.confidence,
                num_resamples=config.num_resamples,
            )
            for group, names in (("selection", config.suite_selection), ("report", config.suite))
            if names
        }
        pairs = {group: suite.resolve() for group, suite in self._suites.items()}
        _check_formats([pair for group in pairs.values() for pair in group])
        asked = {group: [(benchmark, self._split(benchmark)) for benchmark, _ in pairs[group]] for group in pairs}
        _check_disjoint(asked, tasks or {})
        found = findings([pair for group in asked.values() for pair in group], training_tasks(trained_on))
        if not config.is_suite_forced:
            refuse(found, f"run {model_dir}", "EVAL_SUITE_FORCE = True")
        self.notes = tuple(notes(found, trained_on))

    def bases(self) -> dict[str, Basis]:
        """Benchmark and format -> what its scores rest on, as far as that is known before its data is read."""
        pairs = [pair for suite in self._suites.values() for pair in suite.resolve()]
        return {f"{benchmark.name}:{format.name}": Basis(scored_by=scored_by(format)) for benchmark, format in pairs}

    def is_due(self, step: int) -> bool:
        """Whether the benchmarks are asked at `step`, one of those that the run is judged at."""
        period = self._config.suite_period
        return period is None or step in (0, self._last_step) or step % period == 0

    def run(self, params: Params, step: int, on_item: Progress | None = None) -> EvalResults:
        """Of each benchmark; none where they are not due at `step`. A step that was broken off goes on."""
        if not self.is_due(step):
            return EvalResults(step, {})
        folder = self._folder / str(step)
        is_writer, is_alone = jax.process_index() == 0, jax.process_count() == 1
        path = folder / JOURNAL
        if is_writer and not is_alone:
            path.unlink(missing_ok=True)  # the others have no answers to go on from, and all must ask the same
        model = JaxLanguageModel(
            f"{self._folder.parent.name}, step {step}",
            self._model_config,
            params,
            self._vocabulary,
            inputs_length=self._config.suite_inputs_length,
            batch_size=self._config.batch_size,
            mesh=self._mesh,
        )
        found: list[EvalResults] = []
        with Journal(path if is_writer else None) as journal:
            for group, suite in self._suites.items():
                results = run_suite(suite, model, journal, on_item, self.notes, step=step, group=group)
                if is_writer:
                    self._write(folder / group, results)
                found.append(results)
        return EvalResults.merged(step, found)

    def _split(self, benchmark: Benchmark) -> str:
        name = self._config.suite_split
        return benchmark.split(name if name in benchmark.splits else None)


def _check_formats(pairs: Sequence[tuple[Benchmark, Format]]) -> None:
    for benchmark, format in pairs:
        if format.aggregate != "mean":
            raise ConfigError(
                f"{benchmark.name}:{format.name} is scored by a curve, not by its items' mean, which steps are "
                f"compared by: take it out of EVAL_SUITE, and score the run's weights with flan-jax eval --suite"
            )
        if get_metric(format.metrics[0]).is_lower_better:
            raise ConfigError(
                f"{benchmark.name}:{format.name} is scored by {format.metrics[0]}, which a better model has less of, "
                f"and steps are compared by averages in which more is better: take it out of EVAL_SUITE, and score the "
                f"run's weights with flan-jax eval --suite"
            )


def _check_disjoint(asked: Mapping[str, Sequence[tuple[Benchmark, str]]], tasks: Mapping[str, Sequence[str]]) -> None:
    """Raises `ConfigError` where the same questions are in both groups, whatever they are called there."""
    for mine, _ in asked.get("selection", ()):
        for other, _ in asked.get("report", ()):
            if share_questions(mine.name, other.name):
                raise ConfigError(
                    f"{mine.name} (EVAL_SUITE_SELECTION) and {other.name} (EVAL_SUITE) share questions: what picked "
                    f"the checkpoint is no report; take one out"
                )
    for group, other_group in (("selection", "report"), ("report", "selection")):
        for finding in findings(asked.get(group, ()), tasks.get(other_group, ()), "eval_split"):
            if finding.level == "questions":
                raise ConfigError(
                    f"benchmark {finding.benchmark} is for {group} and asks what {finding.named} of the {other_group} "
                    f"tasks ask: what picked the checkpoint is no report; take one out"
                )
