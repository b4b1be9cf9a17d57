"""Passkeys, with an authenticator that the caller hands in."""

from collections.abc import Mapping
from typing import Any

import pytest

from keyturn.sdk.known_errors import (
    PasskeyAuthenticationFailed,
    PasskeyRegistrationFailed,
)
from tests.sdk.stage_ import Form, StagedProject, collected, done, verified
from tests.server.soft_authenticator_ import ORIGIN, SoftAuthenticator

HOST = "localhost"


class Device:
    """What a caller hands in: an authenticator that knows the page it is used on."""

    def __init__(self, origin: str = ORIGIN) -> None:
        self.key = SoftAuthenticator(origin)

    def create(self, options: Mapping[str, Any], /) -> dict[str, Any]:
        assert options["rp"]["id"] == HOST
        return self.key.makes(dict(options))

    def get(self, options: Mapping[str, Any], /) -> dict[str, Any]:
        assert options["rpId"] == HOST
        return self.key.signs(dict(options))


@pytest.mark.specified(
    "CurrentUser.register_passkey",
    "ServerUser.register_passkey (inherited UserExtra)",
    "StackClientApp.sign_in_with_passkey",
)
def test_a_passkey_signs_in_once_it_is_registered(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app = await verified(form, project)
        user = await done(app.get_user())
        there = await done(form.server(project).get_user(user.id))
        for owner in (user, there):
            key = Device()
            with pytest.raises(PasskeyAuthenticationFailed):
                await done(
                    form.client(project).sign_in_with_passkey(authenticator=key, hostname=HOST)
                )
            await done(owner.register_passkey(authenticator=key, hostname=HOST))
            other = form.client(project)
            await done(other.sign_in_with_passkey(authenticator=key, hostname=HOST))
            found = await done(other.get_user())
            assert (found.id, found.passkey_auth_enabled) == (user.id, True)

    form.play(body)


def test_what_stops_the_authenticator_comes_out_as_it_is(
    form: Form, project: StagedProject
) -> None:
    class Unplugged(Device):
        def create(self, options: Mapping[str, Any], /) -> dict[str, Any]:
            raise TimeoutError("nobody touched the key")

    async def body() -> None:
        user = await done((await verified(form, project)).get_user())
        there = await done(form.server(project).get_user(user.id))
        for owner in (user, there):
            with pytest.raises(TimeoutError, match="touched"):
                await done(owner.register_passkey(authenticator=Unplugged(), hostname=HOST))
        elsewhere = Device("https://elsewhere.example")
        with pytest.raises(PasskeyRegistrationFailed):
            await done(there.register_passkey(authenticator=elsewhere, hostname=HOST))
        # The session that the server acted in has ended, the interrupted one is about to.
        assert len(await collected(user.get_active_sessions())) == 2

    form.play(body)
