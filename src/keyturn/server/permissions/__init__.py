"""Permissions: their definitions, and who has which, in a team or in the whole project."""
