"""Posts to the pages' forms that no page of ours makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from tests.server.bad_input.pages_ import FORM_TYPE, FORMS, is_careful
from tests.server.bad_input.texts_ import MARK, encoded, raw_values
from tests.server.in_process_ import BASE_URL
from tests.server.person_ import Person

if TYPE_CHECKING:
    import httpx2

    from tests.server.in_process_ import InProcess

ACTIONS = pytest.mark.parametrize("action", FORMS)
OWN = {"origin": BASE_URL}


def post(
    person: Person, action: str, body: bytes, kind: str | None = FORM_TYPE, **headers: str
) -> httpx2.Response:
    sent = {**OWN, **person.cookie_header(), **headers}
    if kind is not None:
        sent["content-type"] = kind
    return person.server.request("POST", action, content=body, headers=sent)


def token_of(person: Person) -> str:
    """Return the form token of whoever this is, as any of its pages holds it."""
    person.open("/sessions")
    for action in ("/sign-out", "/sign-in"):
        try:
            return person.form(action)["form_token"]
        except AssertionError:
            continue
    raise AssertionError("no page with a form")


def test_the_forms_here_are_all_there_are(shared: InProcess) -> None:
    pages = {
        route.path
        for route in shared.app.routes
        if isinstance(route, Route) and route.methods == {"POST"} and "/api/" not in route.path
    }
    oauth = {"/oauth/token", "/oauth/device_authorization", "/oauth/revoke", "/oauth/userinfo"}
    own = {path for path in pages if not path.startswith("/p/")}
    assert own - oauth - {"/oauth/introspect", "/oauth/ack", "/oauth/register"} == set(FORMS)


UNREADABLE: dict[str, tuple[str | None, bytes, dict[str, str]]] = {
    "JSON": ("application/json", b'{"form_token": "x"}', {}),
    "multipart": ("multipart/form-data; boundary=x", b"--x--", {}),
    "plain text": ("text/plain", b"form_token=x", {}),
    "no content type": (None, b"form_token=x", {}),
    "raw bytes": (FORM_TYPE, b"form_token=\xff", {}),
    "a NUL": (FORM_TYPE, b"form_token=%00", {}),
    "invalid UTF-8": (FORM_TYPE, b"form_token=%ff", {}),
    "a surrogate": (FORM_TYPE, b"form_token=%ed%a0%80", {}),
    "more than 64 KiB": (FORM_TYPE, b"a=" + b"x" * 65_535, {}),
    "a length beyond": (FORM_TYPE, b"a=b", {"content-length": "99999999999999999999"}),
    "fifty fields": (FORM_TYPE, b"&".join(b"f%d=1" % n for n in range(50)), {}),
}


@pytest.mark.proves("T-11")
@ACTIONS
def test_what_is_no_form_is_a_page_that_says_so(person: Person, action: str) -> None:
    for name, (kind, body, headers) in UNREADABLE.items():
        answer = post(person, action, body, kind, **headers)
        is_careful(answer)
        assert answer.status_code == 400, (name, answer.status_code)


FOREIGN = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": BASE_URL + ".evil.example"},
    {"origin": BASE_URL.replace("http", "https")},
    {"origin": BASE_URL.rpartition(":")[0]},
    {"origin": BASE_URL.upper()},
    {"origin": f"{BASE_URL} {BASE_URL}"},
    {"origin": f"{BASE_URL}, https://evil.example"},
    {"origin": ""},
]


@pytest.mark.proves("T-2")
@ACTIONS
def test_a_form_of_another_origin_is_refused_even_with_a_good_token(
    person: Person, action: str
) -> None:
    body = encoded([("form_token", token_of(person).encode())])
    for headers in FOREIGN:
        answer = post(person, action, body, **headers)
        is_careful(answer)
        assert answer.status_code == 403, headers
    without_origin = {**person.cookie_header(), "content-type": FORM_TYPE}
    for site in ("cross-site", "same-site", "x"):
        answer = person.server.request(
            "POST", action, content=body, headers={**without_origin, "sec-fetch-site": site}
        )
        assert answer.status_code == 403


@pytest.mark.proves("S-51", "T-2")
@ACTIONS
def test_a_form_without_this_browsers_token_is_refused(
    shared: InProcess, person: Person, action: str
) -> None:
    stranger = Person(shared)
    stranger.open("/sign-in")
    own, foreign = token_of(person), token_of(stranger)
    for token in ("", " ", own[:-1], own + "=", own.swapcase(), foreign, "x" * 9000, MARK, "é"):
        answer = post(person, action, encoded([("form_token", token.encode())]))
        is_careful(answer)
        assert answer.status_code == 403, token
    assert post(person, action, b"").status_code == 403
    twice = encoded([("form_token", foreign.encode()), ("form_token", own.encode())])
    assert post(person, action, twice).status_code == 403


@ACTIONS
def test_another_method_is_a_page_that_says_so(person: Person, action: str) -> None:
    readable = {
        *("/sign-in", "/sign-up", "/device", "/password", "/sign-in/link"),
        *("/sign-in/second-factor", "/password/forgot", "/password/reset/new"),
    }
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"):
        answer = person.server.request(method, action, headers=person.cookie_header())
        if method in ("GET", "HEAD") and action in readable:
            continue
        is_careful(answer)
        assert answer.status_code == 405, method


@pytest.mark.proves("T-14", "T-8")
@pytest.mark.parametrize("is_signed_in", [False, True], ids=["stranger", "signed in"])
def test_whatever_is_written_into_a_form_is_answered_by_a_careful_page(
    shared: InProcess, is_signed_in: bool
) -> None:
    person = Person(shared)
    addresses = iter(f"198.51.{n // 250}.{n % 250}" for n in range(5000))

    @settings(
        max_examples=120,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(action=st.sampled_from(sorted(FORMS)), data=st.data())
    def fill_in(action: str, data: st.DataObject) -> None:
        if is_signed_in and "keyturn_session_default" not in person.cookies:
            _, token = shared.browser(shared.person())
            person.cookies["keyturn_session_default"] = token
        person.ip = next(addresses)
        fields: list[Any] = [("form_token", token_of(person).encode())]
        for name in (*FORMS[action], MARK, "project", "next"):
            if data.draw(st.booleans()):
                fields.append((name, data.draw(raw_values)))
        answer = post(person, action, encoded(fields))
        is_careful(answer)
        assert "<b>" not in answer.text
        if answer.status_code == 303 and "set-cookie" in answer.headers:
            person.cookies.pop("keyturn_session_default", None)

    fill_in()


@pytest.mark.proves("T-11", "T-14")
def test_a_project_in_the_address_may_be_called_anything(shared: InProcess) -> None:
    for name in ("nobody", "%00", "%ff", "a" * 129, "%f0%9f%98%80", "%0d%0aX:y"):
        for path in ("/sign-in", "/sessions", "/device", "/nothing", "/p/other/sign-in"):
            answer = shared.get(f"/p/{name}{path}")
            is_careful(answer)
            assert answer.status_code == 404
    assert shared.get("/p/other/sign-in").status_code == 200


@pytest.mark.proves("T-11")
def test_no_cookie_is_too_odd(shared: InProcess) -> None:
    values = ["", "x", "a" * 9000, "\xff\xfe", '"', "a b", "\x7f", "é" * 100, "=", "%00", MARK]
    names = ["keyturn_browser", "keyturn_session_default", "keyturn_link", "keyturn_login_code"]
    names += ["keyturn_user_code", "keyturn_session_other", "", "=", "a" * 5000]
    pages = ["/sessions", "/device/confirm", "/sign-in/link/open", "/handler/cli-auth-confirm"]
    _, token = shared.browser(shared.person())
    for name in names:
        for value in values:
            for page in pages:
                cookie = f"keyturn_session_default={token}; {name}={value}".encode("latin-1")
                is_careful(shared.get(page, headers=[("cookie", cookie)]))
