"""Whether training data holds what a model is evaluated on."""
