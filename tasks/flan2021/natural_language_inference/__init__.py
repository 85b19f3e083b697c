"""Natural language inference: 7 data sets, 10 tasks. Held out together with paraphrase."""
