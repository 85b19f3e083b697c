"""Translation: 8 data sets, each between English and another language."""
