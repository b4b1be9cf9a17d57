"""Projects, their keys and their OAuth clients."""
