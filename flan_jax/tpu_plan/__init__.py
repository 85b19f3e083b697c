"""What a recipe would need on a TPU slice that is not here: its real train step, compiled for it and read."""
