"""Held-out cluster (reported): who stands where in a queue. Skill: neighbours and ends of a list, as in races."""
