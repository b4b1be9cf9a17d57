"""A browser without a window: fetches the page it is given and follows where it is sent."""

import sys
import urllib.request

with urllib.request.urlopen(sys.argv[1], timeout=20) as reply:  # noqa: S310 - the test's server
    reply.read()
