"""Coreference: 3 data sets to train on, and WSC273, which is only evaluated."""
