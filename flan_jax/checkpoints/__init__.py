"""Weights on disk: found whatever kind of folder they are in, loaded, saved, with what they were trained on."""
