"""Held-out cluster (report): questions about tiny stories of people and places."""

from flan_jax.tasks.procedural.story_questions import story_where, story_who  # noqa: F401
