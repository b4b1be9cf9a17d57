"""A program's commands and its SDK share one session: the real client, the real server."""

import asyncio
from pathlib import Path

import pytest

import keyturn
from keyturn.client.effects import Effects
from tests.sdk.stage_ import Form, StagedProject, done, signed_up
from tests.sdk.test_cli_login import APP_URL, Confirmer


@pytest.mark.proves("D-7")
def test_whoever_signs_in_by_the_programs_command_is_signed_in_to_its_sdk(
    form: Form, project: StagedProject, tmp_path: Path
) -> None:
    stack = keyturn.StackProject(
        base_url=f"http://127.0.0.1:{form.stage.port}",
        project_id=project.id,
        publishable_client_key=project.keys.publishable_client_key,
        app_url=APP_URL,
    )
    effects = Effects(open_url=lambda url: False, warn=lambda message: None)
    auth = keyturn.Auth("acme", stack=stack, home=str(tmp_path), storage="file", effects=effects)

    async def body() -> None:
        person = await signed_up(form, project)
        confirm = Confirmer(form, project, await done(person.get_refresh_token()))

        def shown(event: keyturn.LoginEvent) -> None:
            if isinstance(event, keyturn.Verification):
                confirm(event.url, event.url.rpartition("=")[2])

        # The command blocks, and in the awaitable form this is the server's own event loop.
        await asyncio.to_thread(auth.login, on_event=shown)
        app = form.client(project, token_store=auth)
        user = await done(app.get_user())
        assert user.id == (await done(person.get_user())).id
        assert await done(user.get_access_token()) == await asyncio.to_thread(auth.token)
        # Renewed for one, renewed for both.
        await asyncio.to_thread(auth.refresh)
        assert await done(app.get_access_token()) == await asyncio.to_thread(auth.token)
        await done(app.sign_out())
        assert not auth.has_session()
        assert await done(app.get_user()) is None

    form.play(body)
