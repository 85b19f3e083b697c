"""Training cluster: who does what for a living."""
