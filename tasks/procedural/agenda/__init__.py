"""Held-out cluster (reported): what is planned for which day. Skill: find a partner, as in lookup."""
