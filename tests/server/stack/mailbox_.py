"""What a server has mailed to one address: read from its outbox folder, with the codes in it."""

import re
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

from tests.server.in_process_ import InProcess
from tests.server.mail.test_sending import outbox

CALLBACK = "http://localhost:12345/verify?then=home"


class Mailbox:
    """Somebody's mails, each of which is read once."""

    def __init__(self, server: InProcess, address: str) -> None:
        self.server, self.address = server, address
        self._read: set[str] = set()

    def new(self) -> list[EmailMessage]:
        """Wait for mails under way and return those that were not read yet."""
        self.server.run(self.server.services.mail.drain())
        unread = [
            message
            for message in outbox(self.server.settings.data)
            if message["To"] == self.address and message["Message-ID"] not in self._read
        ]
        self._read |= {message["Message-ID"] for message in unread}
        return unread

    def code(self) -> str:
        """Return the code of the one new mail."""
        [message] = self.new()
        return code_in(message)


def link_in(message: EmailMessage) -> str:
    """Return the one link of a mail."""
    [link] = re.findall(r"https?://\S+", message.get_content())
    found: str = link
    return found


def code_in(message: EmailMessage) -> str:
    """Return the code that a mail's link carries."""
    [code] = parse_qs(urlsplit(link_in(message)).query)["code"]
    return code
