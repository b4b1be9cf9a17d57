"""The ready-made commands, one per file."""
