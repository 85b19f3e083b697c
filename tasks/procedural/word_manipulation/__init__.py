"""Training cluster: point at words by their position, and say what one is told to say."""
