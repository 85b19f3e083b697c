"""Training cluster: what comes next."""
