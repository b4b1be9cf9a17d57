"""Everything that clients do to a server, well and badly, with secrets in every place."""

import contextlib
import json
import os
import secrets
import socket
import sqlite3
from contextlib import closing
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from tests.faults.canary_ import Watched
from tests.faults.disks_ import failing_calls
from tests.faults.servers_ import Server
from tests.faults.steps_ import (
    CLIENT,
    REDIRECT,
    STACK,
    approve_device,
    authorization_code,
    cli_attempt,
    complete,
    device,
    device_send,
    good,
    guest,
    last_mail,
    redeem_send,
    refresh_send,
    revoke_send,
    send,
    stack,
)
from tests.server.person_ import Person, authorize_path

FORM = {"content-type": "application/x-www-form-urlencoded"}
CONFIRM = "/handler/cli-auth-confirm"


def new_password() -> str:
    """Return a password that stands nowhere by chance."""
    return f"correct horse {secrets.token_urlsafe(12)}"


def people(server: Watched) -> tuple[Person, str, str]:
    """Sign up, out, and in again by password; another by mailed link. Returns the first one's
    browser, name and password.
    """
    email, password = "ada@example.com", new_password()
    person = Person(server)
    person.open("/sign-up")
    person.press("/sign-up", email=email, password=password)
    person.open("/sessions")
    person.press("/sign-out")
    person.open("/sign-in")
    person.press("/sign-in", email=email, password=new_password())
    person.press("/sign-in", email=email, password=password)
    # Not the same account: its first link would end what the password opened.
    other, address = Person(server), "linked@example.com"
    other.open("/sign-up")
    other.press("/sign-up", email=address, password=new_password())
    other.open("/sessions")
    other.press("/sign-out")
    other.open("/sign-in")
    other.press("/sign-in", instead="/sign-in/link", email=address)
    other.open(last_mail(server.server.data).removeprefix(server.server.base_url))
    other.press("/sign-in/link/finish")
    assert other.open("/sessions").status_code == 200
    return person, email, password


def mailed_codes(server: Watched) -> None:
    """Sign somebody up by mail, then forget their password, and bring both codes twice."""
    email = "mary@example.com"
    code = _mailed_code(server, "/auth/otp/send-sign-in-code", email)
    for _ in range(2):
        stack(server, "/auth/otp/sign-in", {"code": code})
    stack(server, "/auth/otp/sign-in", {"code": "aaaaaa" + code[6:]})
    code = _mailed_code(server, "/auth/password/send-reset-code", email)
    browser = Person(server)
    browser.open(f"/password/reset?code={code}")
    browser.press("/password/reset/new", password="short")
    browser.press("/password/reset/new", password=new_password())
    stack(server, "/auth/password/reset", {"code": code, "password": new_password()})


def _mailed_code(server: Watched, path: str, email: str) -> str:
    data, callback_url = server.server.data, f"{server.server.base_url}/back"
    for mail in (data / "outbox").glob("*.eml"):
        mail.unlink()
    good(stack(server, path, {"email": email, "callback_url": callback_url}))
    [code] = parse_qs(urlsplit(last_mail(data)).query)["code"]
    return code


def programs(server: Watched, person: Person) -> str:
    """Sign programs in by loopback and device code, refresh, revoke; return a live token."""
    tokens = good(send(server, redeem_send(0, authorization_code(person))))
    for _ in range(3):
        tokens = good(send(server, refresh_send(0, tokens["refresh_token"])))
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    good(server.request("GET", "/oauth/userinfo", headers=bearer))
    started = device(server)
    approve_device(person, started["user_code"])
    ended = good(send(server, device_send(0, started["device_code"])))
    assert send(server, revoke_send(0, ended["refresh_token"])).status_code == 200
    living: str = tokens["refresh_token"]
    return living


def stack_clients(server: Watched, person: Person) -> str:
    """Do what clients of the Stack-compatible API do; return a live refresh token."""
    email, password = "grace@example.com", new_password()
    anonymous = guest(server)
    started = cli_attempt(server, anon_refresh_token=anonymous["refresh_token"])
    code = {"login_code": started["login_code"]}
    good(stack(server, "/auth/cli/complete", code | {"mode": "check"}))
    claimed = good(stack(server, "/auth/cli/complete", code | {"mode": "claim-anon-session"}))
    upgraded = good(
        stack(
            server,
            "/auth/password/sign-up",
            {"email": email, "password": password},
            access_token=claimed["access_token"],
            allow_anonymous_user="true",
        )
    )
    good(stack(server, "/auth/password/sign-in", {"email": email, "password": password}))
    good(complete(server, started["login_code"], upgraded["refresh_token"]))
    good(stack(server, "/auth/cli/poll", {"polling_code": started["polling_code"]}))
    on_page = cli_attempt(server, anon_refresh_token=guest(server)["refresh_token"])
    person.open(f"{CONFIRM}?{urlencode({'login_code': on_page['login_code']})}")
    person.press("/cli/decide", decision="approve")
    given = good(stack(server, "/auth/cli/poll", {"polling_code": on_page["polling_code"]}))
    refresh = "/auth/sessions/current/refresh"
    renewed = good(stack(server, refresh, refresh_token=given["refresh_token"]))
    stack(
        server,
        "/auth/sessions/current",
        method="DELETE",
        access_token=renewed["access_token"],
    )
    cli_attempt(server, anon_refresh_token=guest(server)["refresh_token"])  # left attached
    left = cli_attempt(server)
    good(complete(server, left["login_code"], upgraded["refresh_token"]))  # left unpolled
    living: str = upgraded["refresh_token"]
    return living


def refusals(server: Watched, person: Person, living: str, stack_token: str) -> None:
    """Be refused in every way there is, with a secret in the place that is refused."""
    code = authorization_code(person)
    send(server, redeem_send(0, code, "w" * 43))
    send(server, redeem_send(0, code))
    send(server, redeem_send(0, code))
    members = {"grant_type": "refresh_token", "refresh_token": living, "client_id": CLIENT}
    body = urlencode(members)
    for content in (body + "&" + body, body + "&x=" + "y" * 70_000, body + "&z=%00", body + "%ff"):
        server.request("POST", "/oauth/token", content=content, headers=FORM)
    server.request("POST", "/oauth/token", json=members)
    server.request("POST", f"/oauth/token?{body}", data=members | {"redirect_uri": REDIRECT})
    basic = {"authorization": f"Basic {living}"}
    server.request("POST", "/oauth/token", data=members, headers=basic)
    for path in ("/oauth/userinfo", "/oauth/introspect", "/oauth/nothing"):
        server.request("GET", path, headers={"authorization": f"Bearer {living}"})
    password = new_password()
    for wrong in (
        {"email": {"a": password}, "password": [password]},
        {"email": "ada@example.com", "password": password, "refresh_token": stack_token},
        {"email": "no address", "password": password},
        [password, stack_token],
    ):
        stack(server, "/auth/password/sign-in", wrong)
        stack(server, "/auth/password/sign-up", wrong)
    broken = '{"password": "' + password + '", '
    headers = STACK | {"content-type": "application/json", "x-stack-access-token": stack_token}
    for path in ("/auth/password/sign-in", "/auth/cli/poll", "/auth/oauth/token"):
        server.request("POST", f"/api/v1{path}", content=broken, headers=STACK)
        server.request("POST", f"/api/v1{path}", content=broken, headers=headers)
    stack(server, "/users/me", method="GET", access_token=stack_token)
    stack(server, "/users/me", method="GET", secret_server_key=new_password())
    stack(server, f"/users/{quote(stack_token)}", method="GET")
    stack(server, f"/nothing/{quote(stack_token)}?refresh_token={living}", {"token": living})
    pages(server, person, living)


def pages(server: Watched, person: Person, living: str) -> None:
    """Be refused by pages."""
    for path in (
        f"/nothing/{living}?refresh_token={living}",
        f"/sign-in/link?token={living}",
        f"/sign-in?continue={quote('https://evil.example/?token=' + living)}",
        authorize_path(redirect_uri="https://evil.example/" + living),
        authorize_path(client_id=living),
        authorize_path(scope=living),
        f"{CONFIRM}?login_code={living}",
    ):
        person.open(path, follow=False)
    evil = {"origin": "https://evil.example"} | person.cookie_header()
    fields = {"email": "ada@example.com", "password": new_password(), "form_token": living}
    for headers in (evil, person.cookie_header(), {}):
        server.request("POST", "/sign-in", data=fields, headers=headers)
        server.request("POST", "/cli/decide", data=fields | {"decision": "x"}, headers=headers)


def not_even_http(server: Server, living: str) -> None:
    """Send what is no request, and half a request, with a secret in both."""
    half = f"POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: 999\r\n\r\ntoken={living}"
    wrong = f"GET /oauth/{living} HTTP/9.9\r\nauthorization {living}\r\n\r\n"
    for text in (half, wrong):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(text.encode())
            connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                connection.recv(4096)


def dying_disk(server: Watched, person: Person, living: str) -> None:
    """Ask for writes while none succeeds, where this machine lets a test arrange that."""
    if os.geteuid() != 0:
        return
    with failing_calls(server.server.pid, "pwrite64:error=EIO"):
        assert stack(server, "/auth/cli", {}).status_code == 503
        send(server, refresh_send(0, living))
        person.open("/sign-in")
        person.open(authorize_path())


def surprises(server: Watched, person: Person, email: str, password: str) -> None:
    """Damage rows behind the server's back, so that requests with secrets end in a 500."""
    started, anonymous = cli_attempt(server), guest(server)
    good(complete(server, started["login_code"], anonymous["refresh_token"]))
    _tamper(server.server, "UPDATE cli_login_attempt SET refresh_token_sealed = x'00'")
    stack(server, "/auth/cli/poll", {"polling_code": started["polling_code"]})
    _tamper(server.server, "UPDATE user_account SET password_hash = 'damaged'")
    stack(server, "/auth/password/sign-in", {"email": email, "password": password})
    other = Person(server)
    other.open("/sign-in")
    other.press("/sign-in", email=email, password=password)
    code = authorization_code(person)
    tokens = good(send(server, redeem_send(0, code)))
    _tamper(server.server, "UPDATE signing_key SET private_sealed = x'00'")
    server.server.stop()
    server.server.restart()
    send(server, redeem_send(0, authorization_code(person)))
    send(server, refresh_send(0, tokens["refresh_token"]))
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    server.request("GET", "/oauth/userinfo", headers=bearer)
    stack(server, "/auth/anonymous/sign-up", {})
    stack(server, "/auth/sessions/current/refresh", refresh_token=anonymous["refresh_token"])
    _tamper(server.server, "UPDATE project SET config = '{'")
    fields = {"email": email, "password": password, "form_token": tokens["refresh_token"]}
    server.request("POST", "/sign-in", data=fields, headers=person.cookie_header())
    person.open(authorize_path(login_hint=tokens["refresh_token"]))
    body = json.dumps({"email": email, "password": password})
    server.request("POST", "/api/v1/auth/password/sign-in", content=body, headers=STACK)


def _tamper(server: Server, statement: str) -> None:
    with closing(sqlite3.connect(server.data / "keyturn.sqlite3", timeout=10)) as database:
        database.execute(statement)
        database.commit()
