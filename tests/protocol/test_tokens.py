"""Token answers as servers really give them, and when a session is due."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.protocol.errors import UnexpectedReply
from keyturn.protocol.tokens import (
    Account,
    Session,
    Tokens,
    clean_token,
    new_session,
    read_tokens,
)
from tests.protocol.flow_ import reply
from tests.protocol.test_jwt import jwt

NOW = 1_800_000_000.0
HTTP_NOW = "Fri, 15 Jan 2027 08:00:00 GMT"  # NOW


def session(**changes: object) -> Session:
    """Return a session, changed as asked."""
    fields: dict[str, object] = {
        "account": Account(id="ada"),
        "issuer": "https://id.example",
        "client_id": "acme-cli",
        "access_token": "a1",
        "refresh_token": "r1",
        "issued_at": NOW,
        "expires_at": NOW + 600,
    }
    return Session(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_whole_answer_is_read() -> None:
    answer = reply(
        200,
        {
            "access_token": "a1",
            "refresh_token": "r1",
            "token_type": "Bearer",
            "expires_in": 600,
            "refresh_expires_in": 86400,
            "scope": "openid",
            "id_token": "h.p.s",
            "session": "family-1",
            "generation": 3,
        },
    )
    assert read_tokens(answer, now=NOW) == Tokens(
        access_token="a1",
        refresh_token="r1",
        scope="openid",
        lifetime_seconds=600,
        session_lifetime_seconds=86400,
        id_token="h.p.s",
        session_id="family-1",
        generation=3,
    )


@pytest.mark.proves("K-29")
@pytest.mark.parametrize(
    ("answer", "headers", "lifetime"),
    [
        ({"expires_in": 600}, {}, 600),
        ({"expires_in": "600"}, {}, 600),
        ({"expires_in": "soon"}, {}, None),
        ({"expires_in": None}, {}, None),
        ({}, {}, None),
        ({"access_token": jwt({"exp": NOW + 90})}, {}, 90),
        ({"access_token": jwt({"exp": NOW + 90, "iat": NOW - 10})}, {}, 100),
        ({"access_token": jwt({"exp": NOW + 90, "iat": 5})}, {"date": HTTP_NOW}, 90),
        ({"access_token": jwt({"exp": NOW - 90})}, {}, 0),
        ({"access_token": jwt({"exp": "never"})}, {}, None),
        ({"access_token": jwt({"exp": NOW + 90}), "expires_in": 30}, {}, 30),
        ({"access_token": "e30.broken.x"}, {}, None),
    ],
)
def test_the_end_is_expires_in_else_the_jwts_else_unknown(
    answer: dict[str, object], headers: dict[str, str], lifetime: float | None
) -> None:
    tokens = read_tokens(reply(200, {"access_token": "a1", **answer}, **headers), now=NOW)
    assert tokens.lifetime_seconds == lifetime
    assert tokens.token_type == "Bearer"


@pytest.mark.parametrize("token", ["", "  ", None, 7, ["a"], "a b", "a\nb", "é"])
@pytest.mark.proves("K-7")
def test_an_answer_without_a_token_that_can_be_sent_is_refused(token: object) -> None:
    with pytest.raises(UnexpectedReply, match="no usable access token"):
        read_tokens(reply(200, {"access_token": token}), now=NOW)


@pytest.mark.proves("K-7")
def test_tokens_are_trimmed_and_an_empty_refresh_token_is_none() -> None:
    tokens = read_tokens(reply(200, {"access_token": " a1\n", "refresh_token": " "}), now=NOW)
    assert (tokens.access_token, tokens.refresh_token) == ("a1", None)
    assert clean_token(" x ") == "x"


def test_a_generation_that_is_no_integer_is_none_and_a_stack_session_is_named_by_its_claim() -> (
    None
):
    token = jwt({"refresh_token_id": "s-1"})
    tokens = read_tokens(reply(200, {"access_token": token, "generation": True}), now=NOW)
    assert (tokens.generation, tokens.session_id) == (None, "s-1")


@pytest.mark.proves("T-9")
def test_no_token_shows_in_a_repr() -> None:
    tokens = Tokens(access_token="canary", refresh_token="canary", id_token="canary")
    assert "canary" not in repr(tokens)
    assert "canary" not in repr(session(access_token="canary", refresh_token="canary"))


@pytest.mark.parametrize("bad", ["", " a", "a b", "a\n"])
@pytest.mark.proves("K-7")
def test_a_session_with_a_token_that_cannot_be_sent_cannot_be_made(bad: str) -> None:
    with pytest.raises(ValueError, match="visible ASCII"):
        session(access_token=bad)
    with pytest.raises(ValueError, match="visible ASCII"):
        session(refresh_token=bad)


@pytest.mark.proves("K-21")
@pytest.mark.parametrize(
    ("lifetime", "due_after"), [(3600, 3540), (120, 60), (119, 59.5), (10, 5), (0, 0), (-5, -5)]
)
def test_due_is_a_minute_before_the_end_but_not_before_half_the_lifetime(
    lifetime: float, due_after: float
) -> None:
    it = session(expires_at=NOW + lifetime)
    assert it.refresh_at == NOW + due_after
    assert not it.needs_refresh(now=NOW + due_after - 0.01)
    assert it.needs_refresh(now=NOW + due_after)
    assert it.is_usable(now=NOW + lifetime - 0.01)
    assert not it.is_usable(now=NOW + lifetime)


@pytest.mark.proves("K-20")
def test_a_session_whose_end_is_unknown_is_never_due() -> None:
    it = session(expires_at=None)
    assert it.refresh_at is None
    assert not it.needs_refresh(now=NOW + 10**9)
    assert it.is_usable(now=NOW + 10**9)


@given(st.floats(0, 1e9), st.floats(0, 1e9))
@pytest.mark.proves("K-21")
def test_a_fresh_session_is_not_due_at_once_whatever_its_lifetime(
    lifetime: float, ago: float
) -> None:
    it = session(issued_at=NOW - ago, expires_at=NOW - ago + lifetime)
    if lifetime > 1e-3:
        assert not it.needs_refresh(now=it.issued_at)
    assert it.needs_refresh(now=it.issued_at + lifetime)


@pytest.mark.proves("K-29")
def test_a_refresh_answer_that_is_silent_leaves_the_old_refresh_token_in_force() -> None:
    old = session(scope="openid", session_id="f", session_ends_at=NOW + 9, revision=4, generation=2)
    new = old.renewed(Tokens(access_token="a2"), now=NOW + 5)
    assert (new.access_token, new.refresh_token, new.scope) == ("a2", "r1", "openid")
    assert (new.session_id, new.session_ends_at, new.revision) == ("f", NOW + 9, 4)
    assert (new.expires_at, new.issued_at, new.generation) == (None, NOW + 5, None)


def test_a_refresh_answer_replaces_what_it_names() -> None:
    tokens = Tokens(
        access_token="a2",
        refresh_token="r2",
        scope="all",
        lifetime_seconds=60,
        session_lifetime_seconds=100,
        session_id="g",
        generation=1,
    )
    new = session().renewed(tokens, now=NOW)
    assert (new.refresh_token, new.scope, new.session_id) == ("r2", "all", "g")
    assert (new.expires_at, new.session_ends_at) == (NOW + 60, NOW + 100)


def test_a_new_session_falls_back_to_the_scope_that_was_asked_for() -> None:
    made = new_session(
        Tokens(access_token="a1", lifetime_seconds=60),
        account=Account(id="ada"),
        issuer="https://id.example",
        client_id="acme-cli",
        now=NOW,
        scope="openid",
    )
    assert (made.scope, made.expires_at, made.session_ends_at) == ("openid", NOW + 60, None)


@pytest.mark.proves("K-23")
@pytest.mark.parametrize(
    "change",
    [
        {"access_token": "a2"},
        {"refresh_token": "r2"},
        {"expires_at": NOW},
        {"generation": 5},
        {"revision": 5},
    ],
)
def test_any_change_makes_it_another_record(change: dict[str, object]) -> None:
    assert session().same_as(session(scope="other"))
    assert not session().same_as(session(**change))
    assert not session().same_as(None)


@pytest.mark.proves("K-47")
def test_sessions_share_a_grant_by_refresh_token_or_by_session_id() -> None:
    one = session(refresh_token="r1", session_id="s1")
    assert one.shares_grant_with(session(refresh_token="r1"))
    assert one.shares_grant_with(session(refresh_token="r2", session_id="s1"))
    assert not one.shares_grant_with(session(refresh_token="r2", session_id="s2"))
    assert not session(refresh_token=None).shares_grant_with(session(refresh_token=None))
