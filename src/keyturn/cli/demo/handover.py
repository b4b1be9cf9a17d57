"""What ``BROWSER`` names under ``AUTO=1``: hands the link on to the scripted browser.

The sample program starts it as it would start any browser, with the link as the last argument.
"""

import os
import sys


def main(path: str, link: str) -> None:
    """Leave ``link`` at ``path``, whole or not at all."""
    temporary = f"{path}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(link)
    os.replace(temporary, path)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
