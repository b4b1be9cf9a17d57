"""A way of signing in of the program's own: a server that trades API keys for tokens (K-49)."""

import fcntl
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import keyturn
from keyturn import Account, Conversation, Provider, Tokens
from keyturn.client.auth import Auth
from keyturn.client.login.base import LoginEvent, MethodChosen, Verification
from keyturn.protocol.errors import (
    ExchangeFailed,
    LoginDenied,
    RefreshTransient,
    RefreshUnavailable,
    ServerUnreachable,
    SessionExpired,
)
from tests.client.machine_ import Machine
from tests.issuers_.http_ import Answer, Asked, LittleServer, as_json

KEY = "key-of-ada"


class KeyServer(LittleServer):
    """Trades API keys for short-lived tokens; a renewal token is good once."""

    def __init__(self) -> None:
        super().__init__(
            {"/trade": self._trade, "/renew": self._renew, "/end": self._end, "/who": self._who}
        )
        self.owners = {KEY: "ada", "key-of-bob": "bob"}
        self.alive: dict[str, str] = {}

    def _tokens(self, owner: str) -> Answer:
        renewal = "n-" + secrets.token_hex(8)
        self.alive[renewal] = owner
        return as_json({"token": f"t-{owner}-{secrets.token_hex(4)}", "renewal": renewal})

    def _trade(self, asked: Asked) -> Answer:
        owner = self.owners.get(asked.json["key"])
        return self._tokens(owner) if owner else as_json({}, 403)

    def _renew(self, asked: Asked) -> Answer:
        owner = self.alive.pop(asked.json["renewal"], None)
        return self._tokens(owner) if owner else as_json({}, 410)

    def _end(self, asked: Asked) -> Answer:
        self.alive.pop(asked.json["renewal"], None)
        return as_json({})

    def _who(self, asked: Asked) -> Answer:
        owner = asked.json["token"].split("-")[1]
        return as_json({"id": owner, "email": f"{owner}@example.com"})


class KeyProvider(Provider):
    """Speaks to a KeyServer, as a company's own client would."""

    name = "api-keys"

    def __init__(self, server: KeyServer, home: Path) -> None:
        self.issuer = server.url
        self.key = KEY
        self.home = home
        self.locked_at_prepare: list[str] = []
        self.breaks: dict[str, BaseException] = {}
        self.calls: list[str] = []

    def prepare(self) -> None:
        self._called("prepare")
        self.locked_at_prepare += [f.name for f in self.home.glob("*.lock") if not _is_free(f)]

    def authorize(self, conversation: Conversation) -> str:
        self._called("authorize")
        conversation.show(f"{self.issuer}/keys", user_code="K-1")
        conversation.tick()
        return self.key

    def exchange(self, authorization: str) -> Tokens:
        self._called("exchange")
        return self._tokens("/trade", {"key": authorization})

    def identify(self, tokens: Tokens) -> Account:
        self._called("identify")
        who = self._ask("/who", {"token": tokens.access_token})
        return Account(id=who["id"], email=who["email"])

    def refresh(self, refresh_token: str) -> Tokens:
        self._called("refresh")
        try:
            return self._tokens("/renew", {"renewal": refresh_token})
        except urllib.error.HTTPError as error:
            error.close()
            raise SessionExpired("The key was withdrawn.") from None

    def revoke(self, tokens: Tokens) -> bool:
        self._called("revoke")
        self._ask("/end", {"renewal": tokens.refresh_token or ""})
        return True

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.breaks:
            raise self.breaks[name]

    def _tokens(self, path: str, question: dict[str, str]) -> Tokens:
        answer = self._ask(path, question)
        return Tokens(
            access_token=answer["token"], refresh_token=answer["renewal"], lifetime_seconds=600
        )

    def _ask(self, path: str, question: dict[str, str]) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310
            self.issuer + path, json.dumps(question).encode()
        )
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
            answer: dict[str, Any] = json.loads(reply.read())
        return answer


@pytest.fixture
def server() -> Iterator[KeyServer]:
    """Yield a running server for API keys."""
    with KeyServer() as running:
        yield running


@pytest.fixture
def provider(server: KeyServer, machine: Machine) -> KeyProvider:
    """Return the program's own way of signing in there."""
    return KeyProvider(server, machine.home)


def program(machine: Machine, provider: Provider) -> Auth:
    return Auth("acme", provider=provider, home=str(machine.home), effects=machine.effects)


def _is_free(lock: Path) -> bool:
    with lock.open("rb+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@pytest.mark.proves("K-49")
def test_a_session_of_a_provider_is_kept_renewed_named_and_ended_like_any_other(
    server: KeyServer, machine: Machine, provider: KeyProvider
) -> None:
    auth = program(machine, provider)
    events: list[LoginEvent] = []
    outcome = auth.login(on_event=events.append)
    assert (outcome.session.account_id, outcome.session.email) == ("ada", "ada@example.com")
    assert isinstance(events[0], MethodChosen)
    link = next(event for event in events if isinstance(event, Verification))
    assert (link.method, link.url, link.user_code) == ("provider", f"{server.url}/keys", "K-1")
    first = auth.token()
    machine.ahead += 601
    second = program(machine, provider).token()  # Another run: everything is in the store.
    assert second != first
    assert auth.userinfo()["email"] == "ada@example.com"
    provider.key = "key-of-bob"
    auth.login(force=True)
    assert [info.account_id for info in auth.sessions()] == ["bob", "ada"]
    assert auth.logout(account="ada").revoked == "revoked"
    assert set(server.alive.values()) == {"bob"}


@pytest.mark.proves("K-49", "K-47")
def test_signing_in_anew_ends_the_session_before_only_once_the_new_one_is_stored(
    server: KeyServer, machine: Machine, provider: KeyProvider
) -> None:
    auth = program(machine, provider)
    auth.login()
    (old,) = server.alive
    provider.breaks["exchange"] = RuntimeError("no")
    with pytest.raises(ExchangeFailed):
        auth.login(force=True)
    assert set(server.alive) == {old}
    provider.breaks.clear()
    auth.login(force=True)
    assert len(server.alive) == 1
    assert old not in server.alive


@pytest.mark.proves("K-49")
def test_prepare_runs_before_any_lock_and_before_each_thing_that_is_asked(
    machine: Machine, provider: KeyProvider
) -> None:
    auth = program(machine, provider)
    auth.login()
    auth.refresh()
    auth.logout()
    assert provider.calls == [
        "prepare",
        "authorize",
        "exchange",
        "identify",
        "prepare",
        "refresh",
        "prepare",
        "revoke",
    ]
    assert provider.locked_at_prepare == []


@pytest.mark.proves("K-49")
@pytest.mark.parametrize("step", ["prepare", "authorize", "exchange", "identify"])
@pytest.mark.parametrize(
    "error", [LookupError(KEY), LoginDenied(), KeyboardInterrupt()], ids=lambda e: type(e).__name__
)
def test_a_sign_in_that_throws_stores_nothing_tells_no_secret_and_leaves_nothing_alive(
    server: KeyServer,
    machine: Machine,
    provider: KeyProvider,
    step: str,
    error: BaseException,
) -> None:
    provider.breaks[step] = error
    expected = ExchangeFailed if isinstance(error, LookupError) else type(error)
    with pytest.raises(expected) as caught:
        program(machine, provider).login()
    assert KEY not in str(caught.value)
    assert program(machine, provider).session() is None
    assert server.alive == {}


@pytest.mark.proves("K-49", "K-28")
@pytest.mark.parametrize("step", ["prepare", "refresh"])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError("no network, and n-secret"), RefreshTransient),
        (KeyError("token"), RefreshTransient),
        (ServerUnreachable("down"), ServerUnreachable),
        (LoginDenied(), (RefreshTransient, LoginDenied)),
    ],
    ids=str,
)
def test_a_renewal_that_throws_loses_no_session(
    server: KeyServer,
    machine: Machine,
    provider: KeyProvider,
    step: str,
    error: BaseException,
    expected: type[Exception],
) -> None:
    auth = program(machine, provider)
    auth.login()
    provider.breaks[step] = error
    with pytest.raises(expected) as caught:
        auth.refresh()
    assert "n-secret" not in str(caught.value)
    provider.breaks.clear()
    assert auth.refresh().account_id == "ada"


@pytest.mark.proves("K-49", "K-28")
def test_only_a_session_that_is_said_to_be_over_is_removed(
    server: KeyServer, machine: Machine, provider: KeyProvider
) -> None:
    auth = program(machine, provider)
    auth.login()
    server.alive.clear()
    with pytest.raises(SessionExpired, match=r"has ended \(The key was withdrawn\)"):
        auth.refresh()
    assert auth.session() is None


@pytest.mark.proves("K-49")
@pytest.mark.parametrize("brought", [None, "t", Tokens(access_token="a b")], ids=repr)
def test_what_is_no_token_is_neither_stored_nor_taken_for_a_renewal(
    machine: Machine, provider: KeyProvider, brought: Any
) -> None:
    auth = program(machine, provider)
    auth.login()
    kept = auth.token()
    provider.refresh = lambda refresh_token: brought  # type: ignore[method-assign]
    with pytest.raises(RefreshTransient):
        auth.refresh()
    provider.exchange = lambda authorization: brought  # type: ignore[method-assign]
    with pytest.raises(ExchangeFailed, match="brought no token"):
        auth.login(force=True)
    assert auth.token() == kept


class Least(Provider):
    """What a provider must have, and nothing else."""

    issuer = "https://keys.example"

    def authorize(self, conversation: Conversation) -> None:
        pass

    def exchange(self, authorization: None) -> Tokens:
        return Tokens(access_token="t", refresh_token="r")


@pytest.mark.proves("K-49")
def test_all_but_authorize_and_exchange_may_be_left_out(machine: Machine) -> None:
    auth = program(machine, Least())
    assert auth.login().session.account_id == "default"
    assert auth.token() == "t"
    with pytest.raises(RefreshUnavailable):
        auth.refresh()
    assert auth.session() is not None
    with pytest.raises(ExchangeFailed, match="does not tell"):
        auth.userinfo()
    assert auth.logout().revoked == "nothing"


@pytest.mark.proves("K-49", "K-42")
@pytest.mark.parametrize("url", ["file:///etc/passwd", "-x", "https://x/\x1b[2J", "javascript:1"])
def test_a_link_that_is_none_is_not_shown(machine: Machine, url: str) -> None:
    class Odd(Least):
        def authorize(self, conversation: Conversation) -> None:
            conversation.show(url)

    with pytest.raises(ExchangeFailed, match="ValueError"):
        program(machine, Odd()).login()
    assert machine.opened == []


def test_a_provider_and_a_server_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="either"):
        keyturn.Auth("acme", provider=Least(), issuer="https://id.example")
    with pytest.raises(ValueError, match="either"):
        keyturn.Auth("acme", provider=Least(), client_id="x")


@pytest.mark.proves("K-49", "K-62")
def test_doctor_and_the_session_commands_work_with_a_provider(
    machine: Machine, provider: KeyProvider
) -> None:
    auth = program(machine, provider)
    auth.login()
    failed: Callable[[Any], bool] = lambda finding: finding.outcome == "fail"  # noqa: E731
    assert not list(filter(failed, auth.doctor()))
