"""Training cluster: small sums."""
