"""Sign-in for command-line programs."""
