"""What a person is told before they approve: scopes in words, and where the answer goes."""

from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from keyturn.protocol.pkce import challenge_for
from keyturn.server.declarations import ClientDeclaration
from keyturn.server.settings import Settings
from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import start_device
from tests.server.person_ import Person

WEB = "https://assistant.example.com/callback"
SETTINGS: dict[str, Any] = {
    "projects": [
        {"id": "default", "display_name": "Acme"},
        {"id": "other", "display_name": "Other"},
    ],
    "clients": [
        {
            "id": "keyturn-cli",
            "project": "default",
            "scopes": ["openid", "notes.read", "notes.write", "notes.share"],
            "scope_words": {"notes.write": "Change your <b>own</b> notes"},
            "redirect_uris": ["http://127.0.0.1/callback", WEB],
        }
    ],
    "resources": [
        {
            "uri": "https://notes.example.com",
            "project": "default",
            "scopes": {"notes.read": "Read your notes", "notes.write": "Change every note"},
        },
        {
            "uri": "https://notes.other.example.com",
            "project": "other",
            "scopes": {"notes.share": "Words of another project"},
        },
    ],
}
SCOPE = "openid notes.read notes.write notes.share"


@pytest.fixture
def server(start_server: Callable[..., InProcess]) -> InProcess:
    return start_server(**SETTINGS)


def visitor(server: InProcess) -> Person:
    """Return somebody who is signed in."""
    person = Person(server)
    person.cookies["keyturn_session_default"] = server.browser(server.person())[1]
    return person


def page_of(server: InProcess, redirect_uri: str = "http://127.0.0.1:49152/callback") -> str:
    """Return the text of the confirm page of an authorization request."""
    asked = {
        "response_type": "code",
        "client_id": "keyturn-cli",
        "redirect_uri": redirect_uri,
        "scope": SCOPE,
        "code_challenge": challenge_for("v" * 43),
        "code_challenge_method": "S256",
    }
    reply = visitor(server).open(f"/oauth/authorize?{urlencode(asked)}")
    assert reply.status_code == 200
    return reply.text


@pytest.mark.proves("S-50")
def test_scopes_are_said_in_the_words_of_the_client_else_of_the_api_else_by_name(
    server: InProcess,
) -> None:
    text = page_of(server)
    assert "Read your notes" in text
    assert "Change your &lt;b&gt;own&lt;/b&gt; notes" in text
    assert "Change every note" not in text
    assert "Use the permission notes.share" in text
    assert "Words of another project" not in text


def test_the_typed_code_shows_the_same_words(server: InProcess) -> None:
    person = visitor(server)
    started = start_device(server, scope=SCOPE)
    person.open("/device")
    person.press("/device", user_code=started["user_code"])
    assert "Read your notes" in person.page.text
    assert "Change your &lt;b&gt;own" in person.page.text


@pytest.mark.proves("T-14")
def test_a_program_that_registered_itself_does_not_choose_the_words(server: InProcess) -> None:
    found = server.run(server.services.projects.client("keyturn-cli"))
    assert found is not None
    server.run(server.services.projects.save_client(replace(found, vetted=False)))
    text = page_of(server)
    assert "Change every note" in text
    assert "own" not in unescape(text).partition("If you approve")[2].partition("</ul>")[0]


@pytest.mark.proves("S-50")
def test_an_answer_that_leaves_this_computer_is_not_said_to_stay(server: InProcess) -> None:
    here, away = page_of(server), page_of(server, WEB)
    assert "the answer stays here" in here
    assert "assistant.example.com" not in here
    assert "the answer stays here" not in away
    assert "on this computer" not in away
    assert "assistant.example.com" in away


def test_words_are_for_scopes_that_exist() -> None:
    with pytest.raises(ValueError, match="scope_words names 'x'"):
        ClientDeclaration.model_validate(
            {"id": "a", "project": "p", "scopes": ["openid"], "scope_words": {"x": "Do x"}}
        )
    stray = {"uri": "https://x.example.com", "project": "unknown"}
    with pytest.raises(ValueError, match="names project 'unknown'"):
        Settings.model_validate({**SETTINGS, "resources": [stray]})
