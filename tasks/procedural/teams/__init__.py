"""Held-out cluster (reported): who plays for whom. Skill: find the group of a word, or a word of a group."""
