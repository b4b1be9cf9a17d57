"""Signing keys: ES256, and RS256 for ID tokens, rotated with overlap."""
