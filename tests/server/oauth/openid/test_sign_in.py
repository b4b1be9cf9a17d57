"""OpenID Provider Basic: who must be signed in, how freshly, and what needs no page."""

from urllib.parse import urlsplit

import pytest

from tests.server.in_process_ import InProcess
from tests.server.oauth.openid.rp_ import ALL, Party, came_back, member, sign_in, visitor
from tests.server.person_ import Person


def is_sign_in_form(page: object) -> bool:
    return 'name="password"' in str(getattr(page, "text", ""))


def test_login_asks_again_whoever_is_signed_in(party: Party) -> None:
    """OIDCCPromptLogin."""
    person = member(party.server, "login@example.com")
    before = party.claims(party.tokens(person))
    party.server.clock.advance(5)

    assert is_sign_in_form(person.open(party.path(prompt="login")))
    assert is_sign_in_form(person.open(person.url)), "opening it again is no way around"
    sign_in(person, "login@example.com")
    code = came_back(person.press("/cli/decide", decision="approve", follow=False))["code"]

    after = party.claims(party.redeem(code).json())
    assert after["sub"] == before["sub"]
    assert after["auth_time"] == before["auth_time"] + 5


def test_without_a_page_nobody_signs_in(party: Party) -> None:
    """OIDCCPromptNoneNotLoggedIn."""
    told = party.send(Person(party.server), prompt="none")
    assert (told["error"], told["state"]) == ("login_required", "a state")


@pytest.mark.proves("S-51")
def test_what_was_approved_before_is_answered_without_a_page(party: Party) -> None:
    """OIDCCPromptNoneLoggedIn."""
    person, user = visitor(party.server)
    assert party.send(person, prompt="none")["error"] == "consent_required"
    before = party.claims(party.tokens(person, scope=ALL))
    party.server.clock.advance(60)
    again = party.send(person, prompt="none", scope="openid email")
    after = party.claims(party.redeem(again["code"]).json())
    assert after["sub"] == before["sub"] == user.id
    assert after["auth_time"] == before["auth_time"]


@pytest.mark.proves("S-51")
def test_a_public_client_gets_nothing_without_a_page_however_often_it_was_approved(
    server: InProcess,
) -> None:
    party = Party(server, "public")
    person, _ = visitor(server)
    party.tokens(person)
    assert party.send(person, prompt="none")["error"] == "consent_required"


@pytest.mark.proves("S-51")
@pytest.mark.parametrize(
    "more",
    [
        {"scope": ALL},
        {"claims": '{"userinfo":{"email":null}}'},
        {"claims": '{"id_token":{"name":null}}'},
    ],
)
def test_more_than_was_approved_needs_a_page(party: Party, more: dict[str, str]) -> None:
    person, _ = visitor(party.server)
    party.tokens(person)
    assert party.send(person, prompt="none", **more)["error"] == "consent_required"
    assert "code" in party.send(person, prompt="none")


@pytest.mark.proves("S-51")
@pytest.mark.parametrize("button", ["/sessions/end", "/sessions/end-others"])
def test_whoever_ends_the_clients_session_has_taken_the_approval_back(
    party: Party, button: str
) -> None:
    person, _ = visitor(party.server)
    _, tokens = party.tokens(person, scope=ALL), party.tokens(person, scope=ALL)
    person.open("/sessions")
    person.press(button, session=tokens["session"])
    assert party.send(person, prompt="none", scope=ALL)["error"] == "consent_required"


def test_a_client_that_ends_its_own_session_keeps_the_approval(party: Party) -> None:
    person, _ = visitor(party.server)
    tokens = party.tokens(person, scope=ALL)
    token = {"token": tokens["refresh_token"]}
    secret = ("rp", "a secret of the relying party")
    assert party.server.post("/oauth/revoke", data=token, auth=secret).status_code == 200
    assert "code" in party.send(person, prompt="none", scope=ALL)


@pytest.mark.parametrize("prompt", ["consent", "select_account"])
def test_a_page_is_shown_where_one_is_asked_for_and_says_whose_account_it_is(
    party: Party, prompt: str
) -> None:
    person, user = visitor(party.server)
    party.tokens(person)
    page = person.open(party.path(prompt=prompt))
    assert str(user.primary_email) in page.text
    assert 'action="/switch-account"' in page.text
    assert came_back(person.press("/cli/decide", decision="deny", follow=False)) != {}


def test_older_than_max_age_is_asked_again(party: Party) -> None:
    """OIDCCMaxAge1."""
    person = member(party.server, "max-age@example.com")
    before = party.claims(party.tokens(person))
    party.server.clock.advance(2)
    assert party.send(person, max_age="1", prompt="none")["error"] == "login_required"

    assert is_sign_in_form(person.open(party.path(max_age="1")))
    sign_in(person, "max-age@example.com")
    party.server.clock.advance(30)  # reading the page does not make the sign-in too old
    code = came_back(person.press("/cli/decide", decision="approve", follow=False))["code"]

    after = party.claims(party.redeem(code).json())
    assert after["auth_time"] == before["auth_time"] + 2


def test_younger_than_max_age_is_not_asked_again(party: Party) -> None:
    """OIDCCMaxAge10000."""
    person, _ = visitor(party.server)
    before = party.claims(party.tokens(person))
    party.server.clock.advance(100)
    after = party.claims(party.tokens(person, max_age="10000"))
    assert after["auth_time"] == before["auth_time"]


def test_a_client_may_have_a_max_age_of_its_own(server: InProcess) -> None:
    party = Party(server, "rp-es256")  # 600 seconds
    person, _ = visitor(server)
    party.tokens(person)
    server.clock.advance(601)
    assert party.send(person, prompt="none")["error"] == "login_required"
    assert "code" in party.send(person, prompt="none", max_age="10000")


@pytest.mark.parametrize("max_age", ["-1", "1.5", "x", "9" * 30, "\u0661"])
def test_a_max_age_that_is_no_number_is_refused(party: Party, max_age: str) -> None:
    person, _ = visitor(party.server)
    assert party.send(person, max_age=max_age)["error"] == "invalid_request"


def test_a_hint_about_whoever_is_signed_in_is_answered_without_a_page(party: Party) -> None:
    """OIDCCIdTokenHint."""
    person, user = visitor(party.server)
    hint = party.tokens(person)["id_token"]
    party.server.clock.advance(24 * 3600)  # expired by now, which does not matter for a hint
    again = party.send(person, prompt="none", id_token_hint=hint)
    assert party.claims(party.redeem(again["code"]).json())["sub"] == user.id


def test_a_hint_about_somebody_else_is_never_answered_for_this_one(party: Party) -> None:
    ada, bob = (visitor(party.server)[0] for _ in range(2))
    hint = party.tokens(ada)["id_token"]
    party.tokens(bob)
    party.server.clock.advance(5)
    assert party.send(bob, prompt="none", id_token_hint=hint)["error"] == "login_required"
    assert is_sign_in_form(bob.open(party.path(id_token_hint=hint)))


def test_a_hint_that_is_no_id_token_of_this_client_is_refused(party: Party) -> None:
    person, _ = visitor(party.server)
    tokens = party.tokens(person)
    other = Party(party.server, "rp-es256").tokens(person)["id_token"]
    head, body, signature = tokens["id_token"].split(".")
    forged = f"{head}.{body}.{signature[:-4]}AAAA"
    for hint in ("x", tokens["access_token"], other, forged, f"{head}.{body}."):
        assert party.send(person, id_token_hint=hint)["error"] == "invalid_request", hint


def test_the_login_hint_stands_in_the_form(party: Party) -> None:
    """OIDCCLoginHint."""
    page = Person(party.server).open(party.path(login_hint="hinted@example.com"))
    assert is_sign_in_form(page)
    assert 'value="hinted@example.com"' in page.text
    for useless in ("+49 30 1234", '"><script>'):
        page = Person(party.server).open(party.path(login_hint=useless))
        assert is_sign_in_form(page)
        assert 'value="+49' not in page.text
        assert "<script>" not in page.text


def test_nobody_can_make_a_sign_in_count_as_fresh_from_outside(party: Party) -> None:
    person, _ = visitor(party.server)
    party.server.clock.advance(100)
    page = person.open(party.path(prompt="login", authenticated_since="0"))
    assert is_sign_in_form(page)
    page = person.open(party.path(max_age="10", authenticated_since="0"))
    assert is_sign_in_form(page)
    assert urlsplit(person.url).path == "/sign-in"
