"""Held-out cluster (selection): who says what."""
