"""Runs that were judged, made of scores that a test chooses, by the project's own writers."""

from flan_jax.evaluate.results.eval_results import EvalResults, Sample, TaskResult
from flan_jax.evaluate.results.files import append_results
from flan_jax.evaluate.select import write_selected


def task(name, scores, group="report", chance=0.0, num_samples=1, **changes):
    """A task whose example i is row i, answered by "answer i"."""
    scores = tuple(float(score) for score in scores)
    mean = sum(scores) / len(scores)
    facts = dict(
        cluster="c",
        kind="whole cluster",
        format="zero-shot",
        metric="exact_match",
        n=len(scores),
        num_examples=len(scores),
        settings={"inputs_length": 512, "targets_length": 128, "dtype": "float32"},
        samples=tuple(Sample(i, f"question {i}", "said", f"answer {i}", s) for i, s in enumerate(scores[:num_samples])),
    )
    facts |= changes
    scored = dict(score=mean, low=mean, high=mean, scores=scores, metrics={facts["metric"]: mean})
    return TaskResult(task=name, group=group, chance=chance, **scored, **facts)


def results(*tasks, step=0, **facts):
    return EvalResults(step, {each.task: each for each in tasks}, **facts)


def write_run(folder, by_step, is_selected=True):
    """A run's folder with an evaluation of `by_step[step]` each; those of step 0 need no selection.

    Args: by_step: step -> tasks. is_selected: whether the rule was applied, which needs a task for selection.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for step, tasks in by_step.items():
        append_results(folder / "evals.jsonl", results(*tasks, step=step))
    if is_selected:
        write_selected(folder)
    return folder


def rates(right, n):
    """`right` ones, then zeros, n in all."""
    return [1.0] * right + [0.0] * (n - right)
