"""Held-out cluster (selection): questions about tiny stories of people and places."""
