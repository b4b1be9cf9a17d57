"""Signing in with an account elsewhere, through a browser that comes back to this computer.

The provider is a real server of its own; the browser is a thread that follows links.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx2
import pytest

from keyturn.protocol.errors import CallbackTimeout
from keyturn.sdk import Async, MemoryTokenStore, OAuthError, StackApiError, StackClientApp
from keyturn.sdk.apps.oauth_answers import came_back
from keyturn.sdk.known_errors import MultiFactorAuthenticationRequired, SignUpNotEnabled
from keyturn.server.projects.rules import ProjectConfig
from tests.issuers_.openid_ import OpenIssuer
from tests.sdk.stage_ import Form, Stage, StagedProject, done, new_email
from tests.server.authenticator_ import Authenticator
from tests.server.in_process_ import BASE_URL
from tests.server.stack.providers_ import provider_at

HOME = "http://localhost:3000/callback"


@pytest.fixture
def issuer() -> Iterator[OpenIssuer]:
    with OpenIssuer() as started:
        started.extra_claims = {
            "sub": new_email(),
            "exp": 4_102_444_800,
            "email": new_email(),
            "email_verified": True,
        }
        yield started


def project_with(stage: Stage, issuer: OpenIssuer, **config: Any) -> StagedProject:
    """Return a project whose people may come from the issuer."""
    named = str(uuid4())
    provider = provider_at(issuer, stage.server, project_id=named)
    made = stage.run(
        stage.server.services.projects.create(
            "Engines",
            project_id=named,
            config=ProjectConfig(oauth_providers=(provider,), **config),
        )
    )
    return StagedProject(stage, *made)


class Browser:
    """Follows links until they lead to an address that ``until`` accepts."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.seen: list[str] = []

    def follow(self, url: str, until: Callable[[str], bool] = lambda url: False) -> str:
        """Return where it ends."""
        with httpx2.Client(timeout=20) as client:
            while not until(url):
                # The server believes to be at another port than the one it was given.
                url = url.replace(BASE_URL, f"http://127.0.0.1:{self._stage.port}")
                self.seen.append(url)
                answer = client.get(url)
                if not answer.is_redirect:
                    return url
                url = str(answer.url.join(answer.headers["location"]))
        return url

    def open(self, url: str) -> bool:
        """Begin to follow, and return at once."""
        threading.Thread(target=self.follow, args=[url], daemon=True).start()
        return True


@pytest.mark.specified("StackClientApp.sign_in_with_oauth")
def test_somebody_signs_in_through_the_systems_browser(form: Form, issuer: OpenIssuer) -> None:
    project = project_with(form.stage, issuer)

    async def body() -> None:
        ids = set()
        for _ in range(2):
            app = form.client(project)
            await done(
                app.sign_in_with_oauth("work", open_browser=Browser(form.stage).open, scopes=["x"])
            )
            user = await done(app.get_user())
            assert user.primary_email == issuer.extra_claims["email"]
            ids.add(user.id)
        assert len(ids) == 1

    form.play(body)


@pytest.mark.specified("StackClientApp.get_oauth_url", "StackClientApp.call_oauth_callback")
@pytest.mark.proves("D-9")
def test_a_program_goes_each_step_itself(form: Form, issuer: OpenIssuer) -> None:
    project = project_with(form.stage, issuer)

    async def body() -> None:
        app = form.client(project)
        asked = app.get_oauth_url("work", redirect_url=f"{HOME}?code=old&keep=1")
        assert asked.redirect_url == f"{HOME}?keep=1"
        assert asked.code_verifier not in repr(asked)
        follow = Browser(form.stage).follow
        back = await asyncio.to_thread(follow, asked.url, lambda url: url.startswith(HOME))
        assert dict(parse_qsl(urlsplit(back).query))["state"] == asked.state
        facts = {"code_verifier": asked.code_verifier, "redirect_url": asked.redirect_url}
        with pytest.raises(OAuthError, match="another sign-in") as foreign:
            await done(app.call_oauth_callback(back, state="another", **facts))
        assert foreign.value.code == "state_mismatch"
        await done(app.call_oauth_callback(back, state=asked.state, **facts))
        assert await done(app.get_user()) is not None
        with pytest.raises((OAuthError, StackApiError)):
            await done(app.call_oauth_callback(back, state=asked.state, **facts))

    form.play(body)


def test_the_second_factor_is_asked_for_here_as_well(form: Form, issuer: OpenIssuer) -> None:
    project = project_with(form.stage, issuer)

    async def body() -> None:
        app, browser = form.client(project), Browser(form.stage)
        await done(app.sign_in_with_oauth("work", open_browser=browser.open))
        shown = Authenticator(form.stage.server.clock)
        user = await done(app.get_user())
        await done(user.update(totp_multi_factor_secret=shown.secret))
        other = form.client(project)
        with pytest.raises(MultiFactorAuthenticationRequired) as asked:
            await done(other.sign_in_with_oauth("work", open_browser=browser.open))
        assert asked.value.details is not None
        await done(other.sign_in_with_mfa(shown.shows(), code=asked.value.details["attempt_code"]))
        assert (await done(other.get_user())).id == user.id

    form.play(body)


def test_a_refusal_comes_back_as_what_it_is(form: Form, issuer: OpenIssuer) -> None:
    project = project_with(form.stage, issuer, sign_up_enabled=False)

    async def body() -> None:
        app = form.client(project)
        with pytest.raises(SignUpNotEnabled):
            await done(app.sign_in_with_oauth("work", open_browser=Browser(form.stage).open))
        with pytest.raises(OAuthError) as nowhere:
            await done(app.sign_in_with_oauth("work", open_browser=lambda url: False))
        assert nowhere.value.code == "no_browser"
        with pytest.raises(CallbackTimeout):
            await done(
                app.sign_in_with_oauth("work", open_browser=lambda url: True, timeout_seconds=0)
            )

    form.play(body)


def test_whoever_gives_up_leaves_no_port_open(stage: Stage, issuer: OpenIssuer) -> None:
    project, opened = project_with(stage, issuer), threading.Event()
    links: list[str] = []

    def open_nothing(url: str) -> bool:
        links.append(url)
        opened.set()
        return True

    async def begin_and_give_up() -> None:
        async with StackClientApp[Async](
            base_url=f"http://127.0.0.1:{stage.port}",
            project_id=project.id,
            token_store=MemoryTokenStore(),
        ) as app:
            task = asyncio.create_task(app.sign_in_with_oauth("work", open_browser=open_nothing))
            await asyncio.to_thread(opened.wait)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(begin_and_give_up())  # which waits for its threads
    back = parse_qsl(urlsplit(links[0]).query)
    port = urlsplit(dict(back)["redirect_uri"]).port
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port or 0))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("error=access_denied&error_description=No", "access_denied"),
        ("state=s", "missing_code"),
        ("code=c", "state_mismatch"),
    ],
)
def test_what_is_no_answer_says_why(query: str, code: str) -> None:
    with pytest.raises(OAuthError) as refused:
        came_back(query, state="s")
    assert refused.value.code == code
