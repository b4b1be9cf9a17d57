"""The ``keyturn`` command."""

from keyturn.cli.entry import main

__all__ = ["main"]
