"""``python -m keyturn``: the ``keyturn`` command, for where its script is not on PATH."""

from keyturn.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
