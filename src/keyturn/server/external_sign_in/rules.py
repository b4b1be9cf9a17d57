"""What a program asks for when it sends somebody to a provider, and what becomes of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from keyturn.server.projects.rules import is_trusted_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keyturn.server.accounts.rules import User
    from keyturn.server.contact_channels.rules import Channel
    from keyturn.server.oauth_providers.profile import Profile
    from keyturn.server.oauth_providers.rules import ProviderAccount
    from keyturn.server.projects.rules import ProjectConfig

Purpose = Literal["authenticate", "link"]
# How long somebody may take at the provider.
MINUTES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The program's own authorization request (RFC 6749 section 4.1.1), checked.

    Attributes:
        provider_id: Where the person is sent.
        purpose: To sign in or up, or to add the account to whoever is signed in.
        user_id: Who was signed in with the program; for ``link`` that is never ``None``.
        redirect_uri, state, code_challenge: The program's.
        provider_scope: What is asked of the provider beyond the usual.
        error_redirect_uri: Where errors go; ``None``: they are shown.
        after_callback_redirect_url: Handed back to the program with its tokens.
    """

    provider_id: str
    purpose: Purpose
    user_id: str | None
    redirect_uri: str
    state: str
    code_challenge: str
    provider_scope: str | None
    error_redirect_uri: str | None
    after_callback_redirect_url: str | None


def leads_to_a_stranger(
    urls: Iterable[str | None], config: ProjectConfig, *, base_url: str
) -> bool:
    """Say whether one of the addresses is not on an origin that the project lists."""
    return any(
        url is not None and not is_trusted_url(config, url, base_url=base_url) for url in urls
    )


def is_path_here(url: str) -> bool:
    """Say whether an address stays on whatever page follows it: a path, and nothing to mistake."""
    if not url.startswith("/") or url[1:2] in ("/", "\\") or not url.isprintable() or "\\" in url:
        return False
    parts = urlsplit(url)
    return not parts.scheme and not parts.netloc


def without_fragment(url: str) -> str:
    """Return an address as redirects can keep it (RFC 6749 section 3.1.2)."""
    return url.partition("#")[0]


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """Return ``url`` with these parameters in its query in place of any of their names."""
    parts = urlsplit(url)
    others = [
        pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in parameters
    ]
    query = urlencode([*others, *parameters.items()])
    return urlunsplit(parts._replace(path=parts.path or "/", query=query, fragment=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known here when somebody comes back from a provider.

    Attributes:
        holder: Whoever signs in with that account.
        current: Whoever was signed in with the program, if still there.
        by_email: Whoever signs in with the provider's address for the person.
        switched_off: Whether that person has this account, and wants no sign-in with it.
    """

    profile: Profile
    holder: ProviderAccount | None
    current: User | None
    by_email: tuple[User, Channel] | None
    switched_off: bool
    sign_up_enabled: bool


Why = Literal[
    "another user",
    "nobody signed in",
    "unverified here",
    "unverified there",
    "switched off",
    "no sign-up",
    "disabled",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nobody is signed in."""

    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Somebody who has an account here; ``adds``: the account at the provider is new to it."""

    user_id: str
    adds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """Somebody new; ``guest`` becomes the account if there is one."""

    guest: User | None


Decision = Refused | Known | New


def decide(purpose: Purpose, found: Situation) -> Decision:
    """Say who has come back, in the published order: link, sign in, join by address, sign up.

    An address joins an account only where both sides have proved it: otherwise whoever writes a
    stranger's address into an account, here or there, would get into the other.
    """
    if purpose == "link":
        return _link(found)
    if found.holder is not None:
        return Known(user_id=found.holder.user_id, adds=False)
    if found.by_email is not None:
        user, channel = found.by_email
        if not channel.is_verified:
            return Refused(why="unverified here")
        if not found.profile.email_verified:
            return Refused(why="unverified there")
        if found.switched_off:
            return Refused(why="switched off")
        return Known(user_id=user.id, adds=True)
    if not found.sign_up_enabled:
        return Refused(why="no sign-up")
    is_guest = found.current is not None and found.current.is_anonymous
    return New(guest=found.current if is_guest else None)


def _link(found: Situation) -> Decision:
    if found.current is None:
        return Refused(why="nobody signed in")
    if found.holder is None:
        return Known(user_id=found.current.id, adds=True)
    if found.holder.user_id != found.current.id:
        return Refused(why="another user")
    return Known(user_id=found.current.id, adds=False)


def new_columns(profile: Profile, user: User) -> dict[str, Any]:
    """Return what a provider's word adds to a new account, without replacing what is there.

    An address that the provider does not vouch for is kept, and signs nobody in.
    """
    columns: dict[str, Any] = {
        "display_name": user.display_name or profile.display_name,
        "profile_image_url": user.profile_image_url or profile.image_url,
    }
    if profile.email is not None:
        columns["primary_email_verified"] = profile.email_verified
        if not profile.email_verified:
            columns["sign_in_email"] = None
    return columns
