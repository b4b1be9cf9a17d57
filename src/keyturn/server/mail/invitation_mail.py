"""The mail that invites to a team. Pure.

The team's name is its members' word, so it is quoted, short, and on one printable line. Who invites
is not named at all.
"""

from __future__ import annotations

from keyturn.protocol.display import printable

LONGEST_TEAM_NAME = 60


def invitation_mail(site: str, team: str, link: str, *, days: int) -> tuple[str, str]:
    """Return subject and text of the mail that carries an invitation's link."""
    site, team = printable(site), printable(team, limit=LONGEST_TEAM_NAME)
    return (
        f'You are invited to join the team "{team}" at {site}',
        f'Open this link to join the team "{team}" at {site}:\n\n{link}\n\n'
        f"It works once, for {days} days.\n"
        "If you do not know this team, ignore the mail: nothing happens unless the link is used.\n",
    )
