"""Accounts that people have at other sign-in servers, and the tokens for them."""
