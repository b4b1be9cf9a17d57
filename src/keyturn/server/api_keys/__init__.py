"""API keys of users and teams, for the app's own API."""
