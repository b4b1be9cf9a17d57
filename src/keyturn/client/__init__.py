"""Sign-in for the authors of command-line programs."""
