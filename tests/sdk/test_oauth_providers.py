"""Accounts at providers, and what connected programs get from them."""

from typing import Any

import pytest

from keyturn.protocol.tokens import Tokens
from keyturn.sdk.known_errors import (
    OAuthConnectionDoesNotHaveRequiredScope,
    OAuthConnectionNotConnectedToUser,
    OAuthProviderAccountIdAlreadyUsedForSignIn,
)
from keyturn.server.projects.providers import Provider
from tests.sdk.stage_ import Form, StagedProject, collected, done, new_email, on_server, verified

WORK = Provider(id="work", type="openid", client_id="c", issuer="https://id.example")


@pytest.fixture(scope="module")
def project(stage: Any) -> Any:
    return stage.project(oauth_providers=(WORK,))


async def keep_token(form: Form, project: StagedProject, account: Any, token: str) -> None:
    """Keep a token for an account, as a sign-in at the provider does."""
    services, clock = form.stage.server.services, form.stage.server.clock
    found = await services.provider_accounts.find(project.id, account.user_id, account.id)
    assert found is not None
    tokens = Tokens(access_token=token, refresh_token=None, lifetime_seconds=600)
    await services.storage.write(
        services.provider_tokens.keep_work, found, tokens, scope="email", now=clock.now
    )


@pytest.mark.specified(
    "StackServerApp.create_oauth_provider",
    "ServerUser.list_oauth_providers",
    "ServerUser.get_oauth_provider",
    "ServerOAuthProvider.update",
    "ServerOAuthProvider.delete",
    "CurrentUser.list_oauth_providers",
    "CurrentUser.get_oauth_provider",
    "OAuthProvider.update",
    "OAuthProvider.delete",
)
def test_an_account_is_added_changed_by_both_and_removed(
    form: Form, project: StagedProject
) -> None:
    async def body() -> None:
        app, server = await verified(form, project), form.server(project)
        user = await done(app.get_user())
        there = await done(server.get_user(user.id))
        named = new_email()
        facts = {"provider_config_id": "work", "allow_connected_accounts": True}
        made = await done(
            server.create_oauth_provider(
                user_id=user.id, account_id=named, email=named, allow_sign_in=True, **facts
            )
        )
        assert (made.type, made.account_id, made.email) == ("openid", named, named)
        other = await done(server.create_user(primary_email=new_email()))
        with pytest.raises(OAuthProviderAccountIdAlreadyUsedForSignIn):
            await done(
                server.create_oauth_provider(
                    user_id=other.id, account_id=named, allow_sign_in=True, **facts
                )
            )
        [own] = await collected(user.list_oauth_providers())
        assert (own.id, own.account_id, own.allow_sign_in) == (made.id, None, True)
        await done(own.update(allow_sign_in=False))
        seen = await done(there.get_oauth_provider(made.id))
        assert (own.allow_sign_in, seen.allow_sign_in) == (False, False)
        await done(seen.update(account_id="grace", email="grace@work.example"))
        [again] = await collected(there.list_oauth_providers())
        assert (again.account_id, again.email, seen.account_id) == (
            "grace",
            "grace@work.example",
            "grace",
        )
        await done((await done(user.get_oauth_provider(made.id))).delete())
        assert await done(user.get_oauth_provider(made.id)) is None
        second = await done(
            server.create_oauth_provider(
                user_id=user.id, account_id=named, allow_sign_in=False, **facts
            )
        )
        await done(second.delete())
        assert await collected(there.list_oauth_providers()) == []

    form.play(body)


@pytest.mark.specified(
    "CurrentUser.get_connected_account",
    "ServerUser.get_connected_account (inherited UserExtra)",
    "OAuthConnection.get_access_token",
)
def test_a_connected_program_gets_the_providers_token(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app, server = await verified(form, project), form.server(project)
        user = await done(app.get_user())
        there = await done(server.get_user(user.id))
        assert await done(user.get_connected_account("work")) is None
        with pytest.raises(OAuthConnectionNotConnectedToUser):
            await done(there.get_connected_account("work", or_="raise"))
        made = await done(
            server.create_oauth_provider(
                user_id=user.id,
                account_id=new_email(),
                provider_config_id="work",
                allow_sign_in=False,
                allow_connected_accounts=True,
            )
        )
        await on_server(form, keep_token(form, project, made, "token-of-work"))
        for owner in (user, there):
            connection = await done(owner.get_connected_account("work", scopes=["email"]))
            assert (connection.id, connection.scopes) == ("work", ("email",))
            assert await done(connection.get_access_token()) == "token-of-work"
            assert await done(owner.get_connected_account("work", scopes=["calendar"])) is None
            with pytest.raises(OAuthConnectionDoesNotHaveRequiredScope):
                await done(owner.get_connected_account("work", scopes=["calendar"], or_="raise"))

    form.play(body)
