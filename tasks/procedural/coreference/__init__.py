"""Training cluster: who is meant."""
