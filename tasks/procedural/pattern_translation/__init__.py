"""Training cluster: from one language of signs into another."""
