"""Passwords on the wire: set, changed, and replaced by mail when one is forgotten."""
