"""Training cluster: what kind a word is of."""
