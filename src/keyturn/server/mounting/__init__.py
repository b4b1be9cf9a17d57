"""Keyturn inside another ASGI app: below a prefix, with the app's own users (promise S-63)."""
