"""Ways to sign in, one per file."""
