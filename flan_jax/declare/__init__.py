"""What a task, a mixture and a benchmark are, and the registries that know them by name.

Nothing here reads a file, draws a random number or imports SeqIO, JAX or TensorFlow.
"""

from flan_jax.declare.example import Rendered, Renderer
from flan_jax.declare.formats import Format, add_format
from flan_jax.declare.registry import add_mixture, add_task, get, get_mixture, get_task
from flan_jax.declare.task import HeldOut, Member, Mixture, Task
from flan_jax.declare.templated import add_templated_task
from flan_jax.declare.templates import Template, TemplateRenderer

__all__ = [
    "Format",
    "HeldOut",
    "Member",
    "Mixture",
    "Rendered",
    "Renderer",
    "Task",
    "Template",
    "TemplateRenderer",
    "add_format",
    "add_mixture",
    "add_task",
    "add_templated_task",
    "get",
    "get_mixture",
    "get_task",
]
