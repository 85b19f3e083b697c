"""The command line: one verb a file, and the only place where gin is read (`gin_config`)."""
