"""Adapters for HTTP libraries."""
