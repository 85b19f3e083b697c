"""Held-out cluster (report): things side by side."""
