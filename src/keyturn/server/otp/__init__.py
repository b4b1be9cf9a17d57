"""Signing in, or up, with a code that is mailed: as a link, or six characters to type."""
