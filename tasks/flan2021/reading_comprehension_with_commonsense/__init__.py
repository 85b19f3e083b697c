"""Reading comprehension that takes common sense: 2 data sets. Held out with either of the two clusters it combines, and
holds both out itself."""
