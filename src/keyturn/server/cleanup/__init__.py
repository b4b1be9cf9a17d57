"""Removing what has ended."""
