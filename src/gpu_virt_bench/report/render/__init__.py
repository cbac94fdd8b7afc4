"""Formats: each is one renderer of blocks (report/blocks.py)."""
