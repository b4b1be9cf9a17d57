"""What administrators do to projects: make, change and delete them, and give out keys."""
