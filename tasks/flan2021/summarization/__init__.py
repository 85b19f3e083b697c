"""Summarization: 11 data sets (AG News, whose topics are named, is one of them in the paper)."""
