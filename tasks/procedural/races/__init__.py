"""Training cluster: who came in where."""
