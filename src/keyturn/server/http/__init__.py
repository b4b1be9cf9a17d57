"""What every HTTP face of the server shares."""
