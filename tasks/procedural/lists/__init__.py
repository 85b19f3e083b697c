"""Training cluster: change a list."""
