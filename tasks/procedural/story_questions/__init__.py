"""Held-out cluster (report): questions about tiny stories of people and places."""
