"""No redirect to anywhere that was not registered, however the address is dressed up."""

from dataclasses import replace

import pytest

from keyturn.server.oauth.authorize import BadClient, BadRedirect, RedirectableError
from keyturn.server.projects.rules import Client, allowed_redirect
from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import answer, read, request_params

WEB = "https://app.example.com/oauth/callback"


def client(*redirect_uris: str) -> Client:
    return Client(
        id="c",
        project_id="p",
        display_name="C",
        redirect_uris=redirect_uris,
        grants=("authorization_code",),
        scopes=("openid",),
        auth_method="none",
    )


REGISTERED = client(
    "http://127.0.0.1/callback",
    "http://[::1]/callback",
    "http://localhost/callback?app=1",
    WEB,
    "com.example.app:/callback",
)


@pytest.mark.proves("S-22")
@pytest.mark.parametrize(
    "asked",
    [
        "http://127.0.0.1/callback",
        "http://127.0.0.1:1/callback",
        "http://127.0.0.1:65535/callback",
        "http://[::1]:49152/callback",
        "http://localhost:8080/callback?app=1",
        WEB,
        "com.example.app:/callback",
    ],
)
def test_a_registered_address_is_allowed_at_any_loopback_port(asked: str) -> None:
    assert allowed_redirect(REGISTERED, asked)


HOSTILE = [
    # another host, path, scheme, query or fragment
    "http://evil.example/callback",
    "https://evil.example/oauth/callback",
    "//evil.example/callback",
    "///evil.example/callback",
    "/callback",
    "callback",
    "",
    "http:",
    "http://",
    "http:///callback",
    "http:/127.0.0.1/callback",
    "http:127.0.0.1/callback",
    "https://127.0.0.1/callback",
    "https://127.0.0.1:8080/callback",
    "HTTP://127.0.0.1/callback",
    "ftp://127.0.0.1/callback",
    "javascript:alert(1)",
    "data:text/html,x",
    "com.example.app:/callback/",
    "com.example.app://callback",
    "http://127.0.0.1/",
    "http://127.0.0.1",
    "http://127.0.0.1:8080",
    "http://127.0.0.1:8080/",
    "http://127.0.0.1/callback/",
    "http://127.0.0.1/Callback",
    "http://127.0.0.1/callback/../evil",
    "http://127.0.0.1/./callback",
    "http://127.0.0.1//callback",
    "http://127.0.0.1/%63allback",
    "http://127.0.0.1/callback?x=1",
    "http://127.0.0.1/callback?",
    "http://127.0.0.1:8080/callback?",
    "http://127.0.0.1:8080/callback?x=1",
    "http://127.0.0.1/callback#",
    "http://127.0.0.1:8080/callback#x",
    "http://127.0.0.1:8080/callback;x",
    "http://localhost:8080/callback",
    "http://localhost:8080/callback?app=2",
    "http://localhost:8080/callback?app=1&x=1",
    # ports that are none
    "http://127.0.0.1:/callback",
    "http://127.0.0.1:0/callback",
    "http://127.0.0.1:00080/callback",
    "http://127.0.0.1:+80/callback",
    "http://127.0.0.1:-1/callback",
    "http://127.0.0.1:65536/callback",
    "http://127.0.0.1:99999999999999999999/callback",
    "http://127.0.0.1:8080x/callback",
    "http://127.0.0.1:80 80/callback",
    "http://127.0.0.1:0x50/callback",
    "http://127.0.0.1:٨٠/callback",
    "http://127.0.0.1:80:80/callback",
    # credentials and hosts that look like ours
    "http://127.0.0.1@evil.example/callback",
    "http://127.0.0.1:80@evil.example/callback",
    "http://user@127.0.0.1:8080/callback",
    "http://user:pw@127.0.0.1:8080/callback",
    "http://@127.0.0.1:8080/callback",
    "http://127.0.0.1.evil.example/callback",
    "http://127.0.0.1.:8080/callback",
    "http://localhost.:8080/callback?app=1",
    "http://localhost.evil.example:8080/callback?app=1",
    "http://LOCALHOST:8080/callback?app=1",
    "http://127.0.0.2:8080/callback",
    "http://127.1:8080/callback",
    "http://2130706433:8080/callback",
    "http://0x7f000001:8080/callback",
    "http://0177.0.0.1:8080/callback",
    "http://127.0.0.01:8080/callback",
    "http://0.0.0.0:8080/callback",
    "http://[::]:8080/callback",
    "http://[::ffff:127.0.0.1]:8080/callback",
    "http://[0:0:0:0:0:0:0:1]:8080/callback",
    "http://[::1%25eth0]:8080/callback",
    "http://[::1:8080/callback",
    "http://::1:8080/callback",
    "http://[::1].evil.example:8080/callback",
    "http://[::1]evil.example/callback",
    "http://127.0.0.1:8080\\@evil.example/callback",
    "http://127.0.0.1\\.evil.example/callback",
    "http://127.0.0.1:8080\\callback",
    "http:\\\\127.0.0.1:8080\\callback",
    "http://evil.example\\@127.0.0.1:8080/callback",
    "http://evil.example#@127.0.0.1:8080/callback",
    "http://evil.example?@127.0.0.1:8080/callback",
    "http://evil.example/@127.0.0.1:8080/callback",
    "http://①②⑦.⓪.⓪.①:8080/callback",
    "http://127。0。0。1:8080/callback",
    "http://loc\u0430lhost:8080/callback?app=1",
    # white space and control characters, which some parsers drop
    " http://127.0.0.1:8080/callback",
    "http://127.0.0.1:8080/callback ",
    "\thttp://127.0.0.1:8080/callback",
    "http://127.0.0.1:8080/callback\n",
    "http://127.0.0.1:8080/call\nback",
    "http://127.0.0.1:80\t80/callback",
    "ht\ntp://127.0.0.1:8080/callback",
    "http://127.0.0.1:8080/callback\r\nSet-Cookie: a=b",
    "http://127.0.0.1:8080/callback\x00",
    "http://127.0.0.1:8080/callback%0d%0a",
    # the web address has one spelling
    "https://app.example.com/oauth/callback/",
    "https://app.example.com:443/oauth/callback",
    "https://app.example.com:8443/oauth/callback",
    "https://APP.example.com/oauth/callback",
    "http://app.example.com/oauth/callback",
    "https://app.example.com/oauth/callback?next=//evil.example",
    "https://app.example.com/oauth/callback/..;/",
    "https://app.example.com@evil.example/oauth/callback",
    "https://app.example.com.evil.example/oauth/callback",
    "https://evil.example/https://app.example.com/oauth/callback",
]


@pytest.mark.proves("S-22", "T-8")
@pytest.mark.parametrize("asked", HOSTILE)
def test_every_other_address_is_refused(asked: str) -> None:
    assert len(HOSTILE) >= 100
    assert not allowed_redirect(REGISTERED, asked)


@pytest.mark.proves("S-22", "T-8")
def test_a_bad_redirect_address_is_reported_without_any_redirect(server: InProcess) -> None:
    for asked in (*HOSTILE, "http://127.0.0.1:1/" + "x" * 3000):
        # A wrong response type too: no other mistake may turn it into a redirect.
        with pytest.raises(BadRedirect):
            read(server, redirect_uri=asked, response_type="token")


@pytest.mark.proves("S-22")
@pytest.mark.parametrize("name", [None, "", "nobody", "keyturn-cli\x00", "x" * 500])
def test_an_unknown_client_is_reported_without_any_redirect(
    server: InProcess, name: str | None
) -> None:
    with pytest.raises(BadClient):
        read(server, client_id=name)


@pytest.mark.proves("S-22", "T-8")
@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_client_and_redirect_given_twice_count_as_missing(server: InProcess, name: str) -> None:
    params = [*request_params(), (name, dict(request_params())[name])]
    with pytest.raises((BadClient, BadRedirect)):
        server.run(server.services.authorization.read_request(params))


def test_the_query_of_a_redirect_address_is_kept(server: InProcess) -> None:
    own = replace(client("http://127.0.0.1/callback?app=1"), project_id="default")
    server.run(server.services.projects.save_client(own))
    uri = "http://127.0.0.1:5/callback?app=1"
    with pytest.raises(RedirectableError) as caught:
        read(server, client_id="c", redirect_uri=uri, response_type="token")
    assert caught.value.url.startswith(uri + "&error=unsupported_response_type")
    assert answer(caught.value.url)["app"] == "1"
