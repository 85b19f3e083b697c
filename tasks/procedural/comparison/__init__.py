"""Training cluster: more and less."""
