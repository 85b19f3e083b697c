"""What a task, a mixture and a benchmark are, and the registries that know them by name.

Nothing here reads a file, draws a random number or imports SeqIO, JAX or TensorFlow.
"""

from flan_jax.declare.benchmark import (
    Benchmark,
    Prompt,
    Published,
    Question,
    SampleSettings,
    Subtask,
    add_benchmark,
    add_collection,
    get_benchmark,
)
from flan_jax.declare.benchmark import Format as BenchmarkFormat
from flan_jax.declare.example import Rendered, Renderer
from flan_jax.declare.formats import Format, Shots, add_format
from flan_jax.declare.known_counts import add_known_counts
from flan_jax.declare.metric import Metric, get_metric, register_metric
from flan_jax.declare.registry import (
    add_mixture,
    add_task,
    all_mixtures,
    all_tasks,
    get,
    get_mixture,
    get_task,
    mixture_members,
    reset,
    restored,
)
from flan_jax.declare.task import HeldOut, Member, Mixture, Task, missing_source
from flan_jax.declare.task_folders import add_task_folder
from flan_jax.declare.templated import add_templated_task
from flan_jax.declare.templates import Template, TemplateRenderer

__all__ = [
    "Benchmark",
    "BenchmarkFormat",
    "Format",
    "HeldOut",
    "Member",
    "Metric",
    "Mixture",
    "Prompt",
    "Published",
    "Question",
    "Rendered",
    "Renderer",
    "SampleSettings",
    "Shots",
    "Subtask",
    "Task",
    "Template",
    "TemplateRenderer",
    "add_benchmark",
    "add_collection",
    "add_format",
    "add_known_counts",
    "add_mixture",
    "add_task",
    "add_task_folder",
    "add_templated_task",
    "all_mixtures",
    "all_tasks",
    "get",
    "get_benchmark",
    "get_metric",
    "get_mixture",
    "get_task",
    "missing_source",
    "mixture_members",
    "register_metric",
    "reset",
    "restored",
]
