"""Reading comprehension: 5 data sets, 6 tasks. Held out together with reading comprehension with commonsense."""
