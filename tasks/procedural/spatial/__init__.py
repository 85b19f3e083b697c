"""Held-out cluster (selection): things side by side."""
