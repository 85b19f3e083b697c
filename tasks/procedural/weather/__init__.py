"""Training cluster: what the weather is like in which city."""
