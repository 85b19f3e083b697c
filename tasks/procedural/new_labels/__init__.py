"""Held-out cluster: trained tasks whose answers are label words that no training task uses as labels."""
