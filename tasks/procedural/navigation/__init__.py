"""Training cluster: where one ends up."""
