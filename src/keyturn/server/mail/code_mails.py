"""The mails that carry a code: what each says. Pure; subject and text of each.

A name that a project gave itself is one printable line. Who asked is not named: the words would be
a stranger's, in a mail that carries the project's name.
"""

from __future__ import annotations

from keyturn.protocol.display import printable

_NOT_YOU = "If you did not ask for this, ignore the mail: nothing happens unless the link is used."


def verification_mail(site: str, link: str) -> tuple[str, str]:
    """Return the mail that asks whether an address is its user's."""
    site = printable(site)
    return (
        f"Verify your e-mail address for {site}",
        f"Open this link to confirm that this address is yours:\n\n{link}\n\n"
        f"It works once, for seven days.\n{_NOT_YOU}\n",
    )


def sign_in_code_mail(site: str, link: str, typed: str, *, minutes: int) -> tuple[str, str]:
    """Return the mail that signs in: by a link, or by six characters where they were asked for."""
    site = printable(site)
    return (
        f"Sign in to {site}: your code is {typed.upper()}",
        f"Open this link to sign in to {site}:\n\n{link}\n\n"
        f"Or type this code where you asked for it:\n\n    {typed.upper()}\n\n"
        f"Either works once, for {minutes} minutes. Nobody from {site} will ask you for the code.\n"
        f"{_NOT_YOU}\n",
    )


def password_reset_mail(site: str, link: str, *, minutes: int) -> tuple[str, str]:
    """Return the mail that lets a forgotten password be replaced."""
    site = printable(site)
    return (
        f"Reset your password for {site}",
        f"Open this link to choose a new password for {site}:\n\n{link}\n\n"
        f"It works once, for {minutes} minutes. A new password signs you out everywhere.\n"
        f"{_NOT_YOU}\n",
    )
