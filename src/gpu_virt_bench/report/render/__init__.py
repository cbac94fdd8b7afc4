"""Formats: each renders a report's blocks, and knows nothing of runs."""
