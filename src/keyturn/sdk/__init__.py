"""The Python SDK for the Stack-compatible API."""
