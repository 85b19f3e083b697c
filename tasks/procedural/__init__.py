"""The embedded default: task families written by generators, in clusters, some of them held out.

Each cluster is a package, each family a file; importing them registers the tasks, then the mixtures.
"""

from flan_jax.tasks.procedural import (  # noqa: F401
    arithmetic,
    boolean_logic,
    categorisation,
    comparison,
    composition,
    coreference,
    counting,
    dates,
    dialogue,
    documents,
    entailment,
    extraction,
    lists,
    lookup,
    navigation,
    new_labels,
    ordering,
    pattern_translation,
    sentiment,
    sequences,
    spatial,
    story_questions,
    tracking,
    units,
    word_manipulation,
)

from flan_jax.tasks.procedural import mixtures  # noqa: F401  isort: skip
