"""The embedded default: task families written by generators, in clusters, some of them held out."""

from flan_jax.tasks.procedural import (  # noqa: F401
    composition,
    documents,
    extraction,
    lists,
    lookup,
    sentiment,
    story_questions,
    word_manipulation,
)

from flan_jax.tasks.procedural import mixtures  # noqa: F401  isort: skip
