"""Paraphrase: 4 data sets. Held out together with natural language inference."""
