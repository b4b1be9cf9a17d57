"""The ``keyturn`` command."""

from __future__ import annotations


def main() -> int:
    """Run the command named on the command line and return its exit status."""
    raise SystemExit("keyturn: no command is available yet")
