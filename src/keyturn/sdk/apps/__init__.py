"""What an app can do, one file per area; client_app and server_app put them together."""
