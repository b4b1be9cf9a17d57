"""The mail that tells an account's owner why a program was signed out. Pure.

It holds nothing that opens anything, and no link but the one to the sessions page. Names of
programs and computers are strangers' words, so each is one printable line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.protocol.display import printable
from keyturn.server.pages.times import stamp

if TYPE_CHECKING:
    from datetime import datetime

_TEXT = """\
{site} has signed out a program of the account {email}.

  Program    {program}
  Computer   {computer}
  Ended      {at}
  Caused by  {ip}

An old refresh token of this session was used again. That happens when there are two copies of a
session: one was restored from a backup or moved to another computer, or somebody took it. {site}
cannot tell which, so the session has ended for everybody who held it.

What to do:
- Sign in again with the program when you next need it.
- If you did not copy the session yourself, somebody else may have had it. Look for what you do
  not recognise, and change your password:

{sessions_page}
"""


def session_alert_mail(
    *,
    site: str,
    email: str,
    program: str,
    host_name: str | None,
    at: datetime,
    ip: str | None,
    sessions_page: str,
) -> dict[str, str]:
    """Return subject and text for a session that ended because an old token was used again.

    Args:
        site: The project's name.
        email: The owner's address.
        program: The program's registered name.
        host_name: The computer, as the program named it when it was signed in.
        at: When the session ended.
        ip: The address from which the old token was sent, as far as the server knows.
        sessions_page: Where the owner sees what is signed in.
    """
    site, program = printable(site), printable(program)
    return {
        "subject": f"{program} was signed out of {site}",
        "text": _TEXT.format(
            site=site,
            email=printable(email),
            program=program,
            computer=printable(host_name or "") or "not given",
            at=stamp(at),
            ip=f"a request from {printable(ip)}" if ip else "a request from an unknown address",
            sessions_page=sessions_page,
        ),
    }
