"""Held-out cluster (reported): what animals are called. Skill: find a partner, as in lookup."""
