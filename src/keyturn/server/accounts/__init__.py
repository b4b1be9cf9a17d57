"""User accounts and their passwords."""
