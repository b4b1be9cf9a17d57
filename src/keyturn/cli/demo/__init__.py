"""``keyturn demo``: a real server, a real program and real pages, from sign-in to sign-out."""

from keyturn.cli.demo.run import main

__all__ = ["main"]
