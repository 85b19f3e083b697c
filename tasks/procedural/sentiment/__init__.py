"""Training cluster: what a writer thought."""

from flan_jax.tasks.procedural.sentiment import labelled_review, review_aspect, review_sentiment  # noqa: F401
