"""Held-out cluster (report): who says what."""
