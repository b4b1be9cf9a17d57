"""The addresses at which a user is reached, and those of them that sign in."""
