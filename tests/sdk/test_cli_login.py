"""A command-line program signs in: its link is confirmed in the browser while it polls."""

import asyncio
import threading
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from keyturn.sdk import TokenPair
from keyturn.sdk.known_errors import CliAuthError, CliAuthExpired, CliAuthUsed
from tests.sdk.stage_ import Form, StagedProject, done, signed_up

APP_URL = "https://app.example"


class Confirmer:
    """The person at the browser: confirms in a thread of their own as soon as the link shows."""

    def __init__(self, form: Form, project: StagedProject, refresh_token: str) -> None:
        self.url = f"http://127.0.0.1:{form.stage.port}/api/v1/auth/cli/complete"
        self.headers = {
            "x-stack-access-type": "client",
            "x-stack-project-id": project.id,
            "x-stack-publishable-client-key": project.keys.publishable_client_key,
        }
        self.refresh_token = refresh_token
        self.shown: list[tuple[str, str]] = []

    def __call__(self, url: str, login_code: str) -> None:
        self.shown.append((url, login_code))
        body = {"login_code": login_code, "refresh_token": self.refresh_token}
        threading.Thread(
            target=lambda: httpx2.post(self.url, headers=self.headers, json=body).raise_for_status()
        ).start()


@pytest.mark.specified(
    "StackClientApp.prompt_cli_login", "StackClientApp.get_partial_user(from=token)"
)
@pytest.mark.proves("D-8")
def test_a_program_is_signed_in_by_its_link(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app = await signed_up(form, project)
        user = await done(app.get_user())
        confirmer = Confirmer(form, project, await done(app.get_refresh_token()))
        program = form.client(project)
        token = await done(program.prompt_cli_login(app_url=APP_URL, prompt_link=confirmer))
        [(url, code)] = confirmer.shown
        assert url == f"{APP_URL}/handler/cli-auth-confirm?login_code={code}"
        here = form.client(project, token_store=TokenPair(refresh_token=token))
        assert await done(here.get_partial_user()) is None
        assert (await done(here.get_user())).id == user.id
        partial = await done(here.get_partial_user())
        assert (partial.id, partial.primary_email) == (user.id, user.primary_email)

    form.play(body)


@pytest.mark.proves("D-8")
def test_a_session_without_a_person_is_taken_over(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        app = await signed_up(form, project)
        program = form.client(project)
        guest = await done(program.get_user(or_="anonymous"))
        assert guest.is_anonymous
        token = await done(
            program.prompt_cli_login(
                app_url=APP_URL,
                anon_refresh_token=await done(program.get_refresh_token()),
                prompt_link=Confirmer(form, project, await done(app.get_refresh_token())),
            )
        )
        here = form.client(project, token_store=TokenPair(refresh_token=token))
        assert not (await done(here.get_user())).is_anonymous

    form.play(body)


@pytest.mark.proves("D-8")
def test_nobody_comes_in_time_or_often_enough(form: Form, project: StagedProject) -> None:
    async def body() -> None:
        program, quick = form.client(project), timedelta(milliseconds=20)
        with pytest.raises(CliAuthError) as asked:
            await done(
                program.prompt_cli_login(
                    app_url=APP_URL,
                    prompt_link=lambda url, code: None,
                    wait=quick,
                    max_attempts=2,
                    expires_in=timedelta(milliseconds=900),
                )
            )
        assert not isinstance(asked.value, CliAuthExpired | CliAuthUsed)
        with pytest.raises(CliAuthExpired):
            await done(
                program.prompt_cli_login(
                    app_url=APP_URL,
                    prompt_link=lambda url, code: None,
                    wait=quick,
                    expires_in=timedelta(milliseconds=100),
                )
            )

    form.play(body)


@pytest.mark.proves("D-8")
def test_waiting_can_be_cancelled(form: Form, project: StagedProject) -> None:
    if not form.awaitable:
        return  # Ctrl-C raises KeyboardInterrupt from wherever it waits

    async def body() -> None:
        shown = asyncio.Event()
        waiting = asyncio.create_task(
            form.client(project).prompt_cli_login(
                app_url=APP_URL, prompt_link=lambda url, code: shown.set()
            )
        )
        await shown.wait()
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    form.play(body)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"app_url": "https://a.example/"},
            "https://a.example/handler/cli-auth-confirm?login_code=C",
        ),
        (
            {"app_url": "https://a.example/x", "confirm_target": "/ok"},
            "https://a.example/x/ok?login_code=C",
        ),
        (
            {"app_url": "https://a.example", "confirm_target": "https://b.example/ok?v=1"},
            "https://b.example/ok?v=1&login_code=C",
        ),
    ],
)
@pytest.mark.proves("D-8")
def test_the_page_to_confirm_on_can_be_another(
    options: dict[str, Any], expected: str, form: Form, project: StagedProject
) -> None:
    async def body() -> None:
        app = form.client(project)
        assert app.build_cli_auth_confirm_url("C", **options) == expected
        with pytest.raises(ValueError, match="http"):
            app.build_cli_auth_confirm_url("C", app_url="javascript:alert(1)")

    form.play(body)
