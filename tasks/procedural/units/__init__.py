"""Training cluster: units of measurement."""
