"""Held-out cluster of compositions: each task joins two operations that are only trained apart."""
