"""Training cluster: which vehicle stands where."""
