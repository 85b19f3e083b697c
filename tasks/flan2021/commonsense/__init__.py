"""Commonsense: 4 data sets. Held out together with reading comprehension with commonsense."""
