"""Signing in with an account at another sign-in server, this server being its OAuth client."""
