"""Training cluster: who lives where."""
