"""Passkeys: registering one, and signing in with it (Web Authentication)."""
