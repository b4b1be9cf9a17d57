"""Signing in at a provider when somebody means harm, or the provider has a bad day.

What an attacker may have here: links of their own making, everything that stands in a URL, another
browser, another project, the database. What must not come of it: a session, a changed account, or
a browser sent to a stranger.
"""

import json

import pytest

from keyturn.server.one_time.store import Kind
from tests.issuers_.http_ import as_json
from tests.issuers_.openid_ import OpenIssuer
from tests.server.in_process_ import InProcess, SetClock
from tests.server.stack.api_ import Api, outcome
from tests.server.stack.external_ import ADA, Program, answered, me, users
from tests.server.stack.providers_ import api_at, api_of, provider_at


def kept_for(api: Api, kind: str, code: str) -> str:
    """Return what the database keeps between two steps."""
    services, now = api.server.services, api.server.clock.now
    of_project = Kind(name=kind, project_id=api.project.id)
    found = api.server.run(services.storage.read(services.one_time.look, of_project, code, now=now))
    return json.dumps(found.facts)


STRANGERS = (
    "https://evil.example/collect",
    "https://localhost.evil.example/",
    "http://localhost:3000@evil.example/",
    "http://localhost\\@evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "javascript:alert(1)",
    "https://",
)
ADDRESSES = (
    "redirect_uri", "error_redirect_url", "error_redirect_uri", "after_callback_redirect_url",
)  # fmt: skip


@pytest.mark.proves("T-8")
def test_no_address_leads_to_a_stranger(api: Api, issuer: OpenIssuer) -> None:
    for member in ADDRESSES:
        for url in STRANGERS:
            answer = Program(api).depart(**{member: url})
            assert outcome(answer) == (400, "REDIRECT_URL_NOT_WHITELISTED"), (member, url)
            assert "location" not in answer.headers
    assert issuer.asked == []


@pytest.mark.proves("T-8")
def test_an_origin_that_left_the_list_meanwhile_gets_no_code(
    api: Api, server: InProcess, issuer: OpenIssuer
) -> None:
    listed = api_of(
        server,
        *api.project.config.oauth_providers,
        project_id=api.project.id,
        trusted_domains=("https://app.example",),
    )
    program = Program(listed)
    departed = program.depart(redirect_uri="https://app.example/in")
    back = program.visit_provider(departed.headers["location"])
    api_of(server, *api.project.config.oauth_providers, project_id=api.project.id)
    assert outcome(program.come_back(back)) == (400, "REDIRECT_URL_NOT_WHITELISTED")
    assert issuer.token_requests() == []


@pytest.mark.proves("T-5")
def test_only_the_browser_that_left_comes_back(api: Api, issuer: OpenIssuer) -> None:
    program = Program(api)
    departed = program.depart()
    back = program.visit_provider(departed.headers["location"])
    assert Program(api).come_back(back).status_code == 400
    other = Program(api)
    other.depart()
    other.cookies = {next(iter(program.cookies)): next(iter(other.cookies.values()))}
    assert other.come_back(back).status_code == 400
    assert program.come_back(back).status_code == 303  # nobody used it up for them


def test_the_cookie_is_for_this_server_alone_and_goes_when_it_has_served(api: Api) -> None:
    program = Program(api)
    departed = program.depart()
    cookie = departed.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert departed.headers["referrer-policy"] == "no-referrer"
    assert departed.headers["cache-control"] == "no-store, max-age=0"
    program.come_back(program.visit_provider(departed.headers["location"]))
    assert program.cookies == {}


def test_a_state_works_once_and_at_its_own_callback(
    api: Api, server: InProcess, issuer: OpenIssuer
) -> None:
    both = api_of(
        server,
        *api.project.config.oauth_providers,
        provider_at(issuer, server, project_id=api.project.id, id="play"),
        project_id=api.project.id,
    )
    program = Program(both)
    departed = program.depart()
    cookies = dict(program.cookies)
    sent = answered(departed.headers["location"])
    elsewhere = f"/api/v1/auth/oauth/callback/play?code=c&state={sent['state']}"
    assert program.come_back(elsewhere).status_code == 400
    program.cookies = cookies
    back = f"/api/v1/auth/oauth/callback/work?code=c&state={sent['state']}"
    assert program.come_back(back).status_code == 400  # it has been used up there
    assert issuer.token_requests() == []
    for state in ("", "x", "x.acme", f"{sent['state']}x", sent["state"].upper()):
        where = f"/api/v1/auth/oauth/callback/work?code=c&state={state}"
        assert program.come_back(where).status_code == 400


@pytest.mark.proves("T-5")
def test_an_answer_of_another_issuer_is_no_answer(api: Api, issuer: OpenIssuer) -> None:
    program = Program(api)
    back = program.visit_provider(program.depart().headers["location"])
    mixed = back.replace("iss=http", "iss=https")
    answer = program.come_back(mixed)
    assert answered(answer.headers["location"])["errorCode"] == "INVALID_AUTHORIZATION_CODE"
    assert issuer.token_requests() == []


@pytest.mark.proves("T-12")
def test_an_id_token_that_does_not_agree_signs_nobody_in(api: Api, issuer: OpenIssuer) -> None:
    good = dict(issuer.extra_claims)
    for wrong in (
        {"nonce": "another"}, {"aud": "another"}, {"iss": "https://evil.example"}, {"exp": 1},
        {"sub": ""}, {"at_hash": "another"},
    ):  # fmt: skip
        issuer.extra_claims = good | wrong
        assert Program(api).refused()["errorCode"] == "INVALID_AUTHORIZATION_CODE", wrong
    assert users(api) == 0


def test_userinfo_about_somebody_else_is_not_believed(api: Api, issuer: OpenIssuer) -> None:
    issuer.extra_claims = {"exp": 4_102_444_800}
    issuer.routes["/oauth/userinfo"] = lambda asked: as_json({"sub": "eve", "email": ADA})
    assert Program(api).refused()["errorCode"] == "INVALID_AUTHORIZATION_CODE"
    assert users(api) == 0


def test_who_declines_there_is_told_so_here(api: Api, issuer: OpenIssuer) -> None:
    issuer.decision = "deny"
    refused = Program(api).refused()
    assert refused["errorCode"] == "OAUTH_PROVIDER_ACCESS_DENIED"
    answer = Program(api).there_and_back(error_redirect_url=None)
    assert outcome(answer) == (400, "OAUTH_PROVIDER_ACCESS_DENIED")


def test_a_provider_with_a_bad_day_is_said_to_have_one(api: Api, issuer: OpenIssuer) -> None:
    program = Program(api)
    departed = program.depart()
    back = program.visit_provider(departed.headers["location"])
    issuer.broken = True
    answer = program.come_back(back)
    told = answered(answer.headers["location"])
    assert told["errorCode"] == "OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE"
    assert users(api) == 0


def test_a_provider_without_metadata_is_not_available(
    server: InProcess, issuer: OpenIssuer
) -> None:
    issuer.extra_metadata = {"issuer": "https://another.example"}
    api = api_at(issuer, server)
    assert outcome(Program(api).depart()) == (503, "OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE")


@pytest.mark.proves("T-11")
def test_a_provider_that_does_not_answer_is_not_asked_for_everybody(
    api: Api, issuer: OpenIssuer, clock: SetClock
) -> None:
    issuer.broken = True
    unavailable = (503, "OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE")
    assert {outcome(Program(api).depart()) for _ in range(5)} == {unavailable}
    asked = len(issuer.asked)
    assert asked <= 2  # both places where metadata may be, once
    issuer.broken = False
    assert outcome(Program(api).depart()) == unavailable
    clock.advance(5)
    assert Program(api).depart().status_code == 302


def test_who_takes_too_long_is_told_so(api: Api, clock: SetClock, issuer: OpenIssuer) -> None:
    program = Program(api)
    back = program.visit_provider(program.depart().headers["location"])
    clock.advance(600)
    told = answered(program.come_back(back).headers["location"])
    assert told["errorCode"] == "OUTER_OAUTH_TIMEOUT"
    late = Program(api)
    back = late.visit_provider(late.depart().headers["location"])
    clock.advance(3600)
    assert late.come_back(back).status_code == 400
    assert issuer.token_requests() == []


@pytest.mark.proves("T-14")
def test_a_window_goes_on_by_a_page_that_runs_nothing(api: Api) -> None:
    program = Program(api)
    home = 'http://localhost:3000/"><script>alert(1)</script>'
    departed = program.depart(redirect_uri=home)
    back = program.visit_provider(departed.headers["location"])
    path = back.removeprefix(api.server.settings.issuer)
    cookie = "; ".join(f"{name}={value}" for name, value in program.cookies.items())
    headers = {"cookie": cookie, "sec-fetch-dest": "document"}
    page = api.server.get(path, headers=headers)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "location" not in page.headers
    assert "<script" not in page.text
    assert "0;url=http://localhost:3000/&quot;&gt;" in page.text


@pytest.mark.proves("T-1")
def test_a_link_of_somebody_elses_making_changes_neither_account(api: Api) -> None:
    eve = api.person()
    planted = Program(api)
    ada = Program(api)  # whose browser follows Eve's link, and whose program has another state
    departed = planted.depart(type="link", token=eve.access_token)
    ada.cookies = dict(planted.cookies)
    back = ada.come_back(ada.visit_provider(departed.headers["location"]))
    told = answered(back.headers["location"])
    assert told["state"] != ada.state  # so Ada's program does not redeem it
    assert outcome(ada.redeem(told["code"])) == (400, "INVALID_AUTHORIZATION_CODE")
    assert api.get(f"/oauth-providers?user_id={eve.user_id}", api.secret).json()["items"] == []
    assert me(api, Program(api).signed_in())["id"] != eve.user_id


@pytest.mark.proves("S-7", "T-9")
def test_the_database_holds_nothing_that_could_be_used_in_between(
    api: Api, issuer: OpenIssuer
) -> None:
    program = Program(api)
    departed = program.depart()
    sent = answered(departed.headers["location"])
    state = sent["state"].partition(".")[0]
    stored = kept_for(api, "external sign-in", state)
    back = program.come_back(program.visit_provider(departed.headers["location"]))
    code = answered(back.headers["location"])["code"]
    stored += kept_for(api, "external sign-in code", code)
    family = next(iter(issuer.families.values()))
    for secret in (
        code, state, sent["nonce"], program.state, program.challenge, issuer.issued[0],
        issuer.token_requests()[0]["code_verifier"], family.current, ADA,
    ):  # fmt: skip
        assert secret not in stored


NOT_RIGHT: tuple[tuple[dict[str, str | None], tuple[int, str | None]], ...] = (
    ({"client_id": "nobody"}, (400, "INVALID_OAUTH_CLIENT_ID_OR_SECRET")),
    ({"client_secret": "pck_wrong"}, (401, "INVALID_PUBLISHABLE_CLIENT_KEY")),
    ({"token": "x"}, (401, "UNPARSABLE_ACCESS_TOKEN")),
    ({"type": "link"}, (400, None)),
    ({"scope": "everything"}, (400, None)),
    ({"code_challenge_method": "plain"}, (400, "SCHEMA_ERROR")),
    ({"code_challenge": "short"}, (400, "SCHEMA_ERROR")),
    ({"code_challenge": None}, (400, "SCHEMA_ERROR")),
    ({"response_type": "token"}, (400, "SCHEMA_ERROR")),
    ({"state": None}, (400, "SCHEMA_ERROR")),
    ({"nonsense": "1"}, (400, "SCHEMA_ERROR")),
)


def test_a_request_that_is_not_right_sends_nobody_anywhere(api: Api) -> None:
    for changes, answer in NOT_RIGHT:
        found = Program(api).depart(**changes)
        assert outcome(found) == answer, changes
        assert "location" not in found.headers


def test_an_unknown_provider_is_said_to_be_unknown(api: Api) -> None:
    answer = Program(api, provider="play").depart()
    assert outcome(answer) == (400, "OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED")


def test_a_key_is_needed_where_the_project_wants_one(server: InProcess, issuer: OpenIssuer) -> None:
    api = api_at(issuer, server, publishable_client_key_required=True)
    answer = Program(api).depart(client_secret="__stack_public_client__")
    assert outcome(answer) == (401, "PUBLISHABLE_CLIENT_KEY_REQUIRED_FOR_PROJECT")
    open_to_all = Api.create(server, oauth_providers=api.project.config.oauth_providers)
    departed = Program(open_to_all).depart(client_secret="__stack_public_client__")
    assert departed.status_code == 302
