"""Numbers over many scored items: averages, intervals, curves, and what papers make of them."""
