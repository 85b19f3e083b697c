"""From structured data to text: 4 data sets."""
