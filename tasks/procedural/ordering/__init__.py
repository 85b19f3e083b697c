"""Training cluster: putting things in order."""
