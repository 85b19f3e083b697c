"""What an evaluation found, from one record to tables of several steps, in memory and in files."""
