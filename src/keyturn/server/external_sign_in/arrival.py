"""What an arrival from a provider does to the accounts: units of work for one transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from keyturn.server.accounts import store as accounts_store
from keyturn.server.contact_channels.sign_in import signing_in
from keyturn.server.external_sign_in import rules
from keyturn.server.external_sign_in.rules import Known, Refused, Situation
from keyturn.server.oauth_providers import store
from keyturn.server.oauth_providers.rules import ProviderAccount
from keyturn.server.oauth_providers.service import added
from keyturn.server.teams import store as teams

if TYPE_CHECKING:
    from keyturn.server.accounts.rules import User
    from keyturn.server.accounts.service import Accounts
    from keyturn.server.external_sign_in.rules import Asked, New, Why
    from keyturn.server.oauth_providers.profile import Profile
    from keyturn.server.projects.rules import Project
    from keyturn.server.storage.base import Work


class NotSignedIn(Exception):
    """The arrival signs nobody in. ``email`` is what the provider says of the person."""

    def __init__(self, why: Why, email: str | None) -> None:
        super().__init__(why)
        self.why: Why = why
        self.email: str | None = email


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Who has arrived, as which account of the provider."""

    user: User
    account: ProviderAccount
    is_new: bool


def decided(project: Project, asked: Asked, profile: Profile) -> Work[Known | New]:
    """Say who has arrived, changing nothing. Raises NotSignedIn."""
    decision = rules.decide(asked.purpose, (yield from _situation(project, asked, profile)))
    if isinstance(decision, Refused):
        raise NotSignedIn(decision.why, profile.email)
    if isinstance(decision, Known):
        user = yield from accounts_store.by_id(project.id, decision.user_id)
        if user is None or user.disabled_at is not None:
            raise NotSignedIn("disabled", profile.email)
    return decision


def arrive(
    project: Project, asked: Asked, profile: Profile, accounts: Accounts, *, now: int
) -> Work[Arrived]:
    """Let somebody in: a new account where there is none. Raises NotSignedIn."""
    decision = yield from decided(project, asked, profile)
    if isinstance(decision, Known):
        user = yield from accounts_store.by_id(project.id, decision.user_id)
        assert user is not None  # noqa: S101 - read in this transaction
    else:
        user = yield from _new_user(project, profile, decision.guest, accounts, now)
    account = yield from _account(user, asked, profile, now)
    return Arrived(user=user, account=account, is_new=not isinstance(decision, Known))


def _situation(project: Project, asked: Asked, profile: Profile) -> Work[Situation]:
    current, by_email, switched_off = None, None, False
    if asked.user_id is not None:
        current = yield from accounts_store.by_id(project.id, asked.user_id)
    if profile.email is not None:
        by_email = yield from signing_in(project.id, profile.email)
    if by_email is not None:
        theirs = yield from _found(by_email[0], asked, profile)
        switched_off = theirs is not None and not theirs.allow_sign_in
    return Situation(
        profile=profile,
        holder=(yield from store.signing_in(project.id, asked.provider_id, profile.account_id)),
        current=current,
        by_email=by_email,
        switched_off=switched_off,
        sign_up_enabled=project.config.sign_up_enabled,
    )


def _new_user(
    project: Project, profile: Profile, guest: User | None, accounts: Accounts, now: int
) -> Work[User]:
    if guest is not None:
        user = yield from accounts.upgrade_work(project, guest.id, profile.email, None, now)
    else:
        user = yield from accounts.sign_up_work(project, profile.email, None, now)
    columns = rules.new_columns(profile, user)
    user = (yield from accounts_store.update(user, **columns)) or user
    if project.config.create_team_on_sign_up:
        yield from teams.ensure_personal(project.id, user, now=now)  # by the name it has now
    return (yield from accounts_store.by_id(project.id, user.id)) or user


def _account(user: User, asked: Asked, profile: Profile, now: int) -> Work[ProviderAccount]:
    """Return the user's account at the provider, brought up to date or added."""
    found = yield from _found(user, asked, profile)
    if found is not None:
        if profile.email in (None, found.email):
            return found
        return (yield from store.update(replace(found, email=profile.email))) or found
    others = yield from store.of_user(user.project_id, user.id)
    signs_in = any(one.allow_sign_in and one.provider_id == asked.provider_id for one in others)
    wanted = ProviderAccount(
        id=str(uuid.uuid4()),
        project_id=user.project_id,
        user_id=user.id,
        provider_id=asked.provider_id,
        account_id=profile.account_id,
        email=profile.email,
        # A second account that was only linked is for its tokens.
        allow_sign_in=asked.purpose == "authenticate" or not signs_in,
        allow_connected_accounts=True,
        created_at=now,
    )
    return (yield from added(wanted))


def _found(user: User, asked: Asked, profile: Profile) -> Work[ProviderAccount | None]:
    for one in (yield from store.of_user(user.project_id, user.id)):
        if (one.provider_id, one.account_id) == (asked.provider_id, profile.account_id):
            return one
    return None
