"""Training cluster: find one fact among several."""
