"""What the part "server" is made of; ``benchmarks/server.py`` is where it begins."""
