"""What ``BROWSER`` names in a test: hands the link to the person who waits in the test's process.

Run as a script, isolated and without site packages: python -I -S hand_over.py PORT LINK
"""

import socket
import sys

if __name__ == "__main__":
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10) as _connection:
        _connection.sendall(sys.argv[2].encode("ascii"))
