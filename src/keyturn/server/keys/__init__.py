"""Signing keys: ES256, rotated with overlap."""
