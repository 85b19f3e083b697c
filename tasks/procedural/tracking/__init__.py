"""Training cluster: what is where after things changed."""
