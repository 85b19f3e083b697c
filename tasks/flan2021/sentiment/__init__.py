"""Sentiment: 4 data sets."""
