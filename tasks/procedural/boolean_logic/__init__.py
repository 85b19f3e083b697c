"""Training cluster: and, or, not."""
