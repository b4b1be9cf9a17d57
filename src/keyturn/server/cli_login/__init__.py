"""CLI sign-in of the Stack-compatible API."""
