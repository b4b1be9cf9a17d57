"""The only place that talks HTTP as a client."""
