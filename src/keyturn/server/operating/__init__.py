"""What an operator sees of a running server: health, metrics, names of requests, the log."""
