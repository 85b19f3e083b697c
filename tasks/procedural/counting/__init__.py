"""Training cluster: how many."""
