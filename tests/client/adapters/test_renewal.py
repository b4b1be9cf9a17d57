"""After a 401: one renewal, one repetition, and an answer that says what is the matter."""

import asyncio
import io
import threading
from pathlib import Path

import httpx2
import pytest
import requests

from keyturn import RefreshTransient, SessionExpired, SignInRequired, TokenFromEnv, is_auth_error
from tests.client.adapters.ways_ import Api, Way
from tests.client.machine_ import Machine
from tests.issuers_.http_ import Answer, Asked, as_json
from tests.issuers_.issuer_ import Issuer


@pytest.mark.proves("K-80")
@pytest.mark.parametrize("content", [None, b"whole"])
def test_a_401_leads_to_one_renewal_and_one_repetition(
    ask: Way, issuer: Issuer, machine: Machine, api: Api, content: bytes | None
) -> None:
    session, _ = machine.signed_in(issuer)
    api.refused = {session.access_token}
    auth = machine.auth(issuer)
    seen = ask(auth, f"{api.url}/things", method="POST", content=content, origin=api.url)
    assert (seen.status, seen.body) == (200, (content or b"").decode())
    assert api.tokens() == [session.access_token, auth.token()]
    assert len(issuer.grants()) == 1


@pytest.mark.proves("K-80")
def test_a_401_that_stays_is_handed_back_after_one_repetition(
    ask: Way, issuer: Issuer, machine: Machine, api: Api
) -> None:
    machine.signed_in(issuer)
    api.routes["/things"] = lambda asked: Answer(401, b"no")
    seen = ask(machine.auth(issuer), f"{api.url}/things", origin=api.url)
    assert (seen.status, seen.body) == (401, "no")
    assert seen.error is not None
    assert is_auth_error(seen.error)
    assert (len(api.asked), len(issuer.grants())) == (2, 1)


@pytest.mark.proves("K-80", "K-63")
@pytest.mark.parametrize(("status", "verdict"), [(403, True), (404, False), (500, False)])
def test_any_other_status_is_nobodys_reason_to_renew(
    ask: Way, issuer: Issuer, machine: Machine, api: Api, status: int, verdict: bool
) -> None:
    machine.signed_in(issuer)
    api.routes["/things"] = lambda asked: Answer(status)
    seen = ask(machine.auth(issuer), f"{api.url}/things", origin=api.url)
    assert seen.error is not None
    assert is_auth_error(seen.error) is verdict
    assert issuer.asked == []


@pytest.mark.proves("K-80")
def test_where_redirects_led_only_the_last_step_is_repeated(
    ask: Way, issuer: Issuer, machine: Machine, api: Api
) -> None:
    session, _ = machine.signed_in(issuer)
    api.redirects = {"/old": "/things"}
    api.refused = {session.access_token}
    seen = ask(machine.auth(issuer), f"{api.url}/old", method="POST", content=b"x", origin=api.url)
    assert (seen.status, seen.body) == (200, "x")
    assert api.paths() == ["/old", "/things", "/things"]


@pytest.mark.proves("K-80")
def test_a_repetition_that_is_redirected_carries_the_new_token_there_and_none_elsewhere(
    ask: Way, issuer: Issuer, machine: Machine, api: Api, elsewhere: Api
) -> None:
    session, _ = machine.signed_in(issuer)

    def first_refused_then_sent_on(asked: Asked) -> Answer:
        if session.access_token in asked.headers["authorization"]:
            return Answer(401)
        return Answer(307, b"", {"Location": "/on"})

    api.routes["/things"] = first_refused_then_sent_on
    api.redirects = {"/on": f"{elsewhere.url}/away"}
    auth = machine.auth(issuer)
    ask(auth, f"{api.url}/things", origin=api.url)
    assert api.paths() == ["/things", "/things", "/on"]
    assert api.tokens() == [session.access_token, auth.token(), auth.token()]
    assert elsewhere.tokens() == [None]


class ReadOnce:
    """A body of known length that is gone once it was read: a pipe, a progress bar."""

    def __init__(self) -> None:
        self._parts = iter([b"ab", b"cd"])

    def __len__(self) -> int:
        return 4

    def __iter__(self) -> "ReadOnce":
        return self

    def __next__(self) -> bytes:
        return next(self._parts)


@pytest.mark.proves("K-80")
def test_a_body_that_can_be_read_only_once_is_not_repeated_and_that_is_told(
    ask: Way, issuer: Issuer, machine: Machine, api: Api
) -> None:
    session, _ = machine.signed_in(issuer)
    api.refused = {session.access_token}
    auth = machine.auth(issuer)
    seen = ask(auth, f"{api.url}/things", method="POST", content=ReadOnce(), origin=api.url)
    assert seen.status == 401
    assert api.tokens() == [session.access_token]
    assert len(machine.warnings) == 1
    assert "can be read only once and was not sent again" in machine.warnings[0]
    assert ask(auth, f"{api.url}/things", origin=api.url).status == 200  # Renewed, nevertheless.
    assert len(issuer.grants()) == 1


@pytest.mark.proves("K-80")
def test_requests_winds_a_file_back_to_where_it_was_begun(
    issuer: Issuer, machine: Machine, api: Api
) -> None:
    session, _ = machine.signed_in(issuer)
    api.refused = {session.access_token}
    file = io.BytesIO(b"skipped whole")
    file.seek(len(b"skipped "))
    auth = machine.auth(issuer).requests(origin=api.url)
    response = requests.post(f"{api.url}/things", data=file, auth=auth, timeout=10)
    assert (response.status_code, response.text) == (200, "whole")
    assert [seen.status_code for seen in response.history] == [401]


@pytest.mark.proves("K-80", "K-63")
def test_a_session_that_has_ended_says_so_itself(
    ask: Way, issuer: Issuer, machine: Machine, api: Api
) -> None:
    session, family = machine.signed_in(issuer)
    family.ended = True
    api.refused = {session.access_token}
    auth = machine.auth(issuer)
    with pytest.raises(SessionExpired) as caught:
        ask(auth, f"{api.url}/things", origin=api.url)
    assert is_auth_error(caught.value)
    with pytest.raises(SignInRequired):
        ask(auth, f"{api.url}/things", origin=api.url)
    assert len(api.asked) == 1


@pytest.mark.proves("K-80", "K-63")
def test_trouble_while_renewing_is_never_reported_as_a_bad_token(
    ask: Way, issuer: Issuer, machine: Machine, api: Api
) -> None:
    session, _ = machine.signed_in(issuer)
    api.refused = {session.access_token}
    issuer.before_refresh = lambda: Answer(503)
    with pytest.raises(RefreshTransient) as caught:
        ask(machine.auth(issuer), f"{api.url}/things", origin=api.url)
    assert not is_auth_error(caught.value)


@pytest.mark.proves("K-80")
def test_a_token_that_cannot_be_renewed_leaves_the_401_as_it_is(
    ask: Way, issuer: Issuer, machine: Machine, api: Api
) -> None:
    session, _ = machine.signed_in(issuer, refresh_token=None)
    api.refused = {session.access_token}
    seen = ask(machine.auth(issuer), f"{api.url}/things", origin=api.url)
    assert (seen.status, len(api.asked)) == (401, 1)
    assert issuer.asked == []


@pytest.mark.proves("K-80")
def test_the_environments_token_is_used_and_named_when_it_is_refused(
    ask: Way, issuer: Issuer, machine: Machine, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_TOKEN", "from-the-environment")
    auth = machine.auth(issuer)
    assert ask(auth, f"{api.url}/things", origin=api.url).status == 200
    assert api.tokens() == ["from-the-environment"]
    api.refused = {"from-the-environment"}
    with pytest.raises(TokenFromEnv, match="ACME_TOKEN"):
        ask(auth, f"{api.url}/things", origin=api.url)


@pytest.mark.proves("K-80", "K-26")
def test_a_request_is_never_repeated_in_the_name_of_an_account_switched_to_meanwhile(
    ask: Way, issuer: Issuer, machine: Machine, api: Api
) -> None:
    issuer.subject = "bob"
    bob, _ = machine.signed_in(issuer)
    issuer.subject = "ada"
    ada, family = machine.signed_in(issuer)
    auth = machine.auth(issuer)

    def refuse_and_switch(asked: Asked) -> Answer:
        if ada.access_token in asked.headers["authorization"]:
            auth.switch("bob")
            return Answer(401)
        return as_json({})

    api.routes["/things"] = refuse_and_switch
    assert ask(auth, f"{api.url}/things", origin=api.url).status == 200
    assert api.tokens() == [ada.access_token, f"a-{family.id}-1"]
    assert ask(auth, f"{api.url}/other", origin=api.url, account="ada").status == 200
    assert api.tokens()[-1] == f"a-{family.id}-1"
    assert bob.access_token not in api.tokens()


@pytest.mark.proves("K-26")
def test_signed_out_while_the_request_was_under_way_it_is_not_repeated(
    ask: Way, issuer: Issuer, machine: Machine, api: Api
) -> None:
    machine.signed_in(issuer)
    auth = machine.auth(issuer)

    def refuse_and_sign_out(asked: Asked) -> Answer:
        auth.logout()
        return Answer(401)

    api.routes["/things"] = refuse_and_sign_out
    with pytest.raises(SignInRequired, match="signed out"):
        ask(auth, f"{api.url}/things", origin=api.url)
    assert issuer.grants() == []


@pytest.mark.proves("K-80", "K-24")
def test_many_requests_that_are_refused_at_once_make_one_grant(
    issuer: Issuer, machine: Machine, api: Api
) -> None:
    session, _ = machine.signed_in(issuer)
    together = threading.Barrier(8)

    def refuse_together(asked: Asked) -> Answer:
        if session.access_token not in asked.headers["authorization"]:
            return Answer(200)
        together.wait(10)
        return Answer(401)

    api.routes["/things"] = refuse_together

    async def program() -> list[int]:
        auth = machine.auth(issuer).httpx(origin=api.url)
        async with httpx2.AsyncClient(auth=auth) as client:
            answers = await asyncio.gather(*(client.get(f"{api.url}/things") for _ in range(8)))
        return [answer.status_code for answer in answers]

    assert asyncio.run(program()) == [200] * 8
    assert len(issuer.grants()) == 1


@pytest.mark.proves("K-80", "K-81")
def test_a_cancelled_request_loses_no_renewal_that_was_sent(
    issuer: Issuer, machine: Machine, api: Api, tmp_path: Path
) -> None:
    session, family = machine.signed_in(issuer, due=True)
    sent, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        sent.set()
        assert go_on.wait(10)

    issuer.before_refresh = hold
    auth = machine.auth(issuer)

    async def program() -> None:
        async with httpx2.AsyncClient(auth=auth.httpx(origin=api.url)) as client:
            task = asyncio.create_task(client.get(f"{api.url}/things"))
            await asyncio.to_thread(sent.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            go_on.set()
            assert (await client.get(f"{api.url}/things")).status_code == 200

    asyncio.run(program())
    assert len(issuer.grants()) == 1
    assert api.tokens() == [f"a-{family.id}-1"]
    assert session.access_token not in api.tokens()
