"""What nothing can do without: errors, vocabularies, the cache's manifest, what ships inside the package."""
