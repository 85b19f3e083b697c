"""Training cluster: days and months."""
