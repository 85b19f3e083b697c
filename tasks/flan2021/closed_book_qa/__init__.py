"""Closed-book question answering: 3 data sets, 4 tasks."""
