"""What answers requests: the interface, and our own models behind it, batched on any mesh."""
