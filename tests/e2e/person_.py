"""A person's browser, as BROWSER names it: signs up and approves on whatever page it is given."""

import sys

from keyturn.cli.demo.browser import Browser

browser = Browser()
browser.open(sys.argv[1])
browser.follow("Create an account")
browser.press("Create account", email="grace@example.com", password="correct horse battery")
browser.press("Approve")
