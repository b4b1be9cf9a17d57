"""What a person sees when server, network or certificates are not as they should be.

The whole program runs each time. Every kind of odd answer is in test_servers_as_they_are.py.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client.commands.acme_ import Acme, documents
from tests.client.machine_ import Machine
from tests.issuers_.certificates_ import Certificate, self_signed
from tests.issuers_.http_ import Answer, LittleServer, RawServer, as_json
from tests.issuers_.issuer_ import Issuer
from tests.issuers_.misbehaviour_ import BAD_DAYS, proxy_talk


def signed_in(acme: Acme, **changes: Any) -> str:
    """Store a session of ada that is due, and return its access token."""
    session, _ = Machine(acme.state).signed_in(acme.server, due=True, **changes)
    return session.access_token


@pytest.mark.proves("K-28")
@pytest.mark.parametrize(
    "what",
    ["too many requests", "a hotel's welcome", "half a document", "a connection that is closed"],
)
def test_a_bad_day_exits_75_in_one_sentence_and_the_session_outlives_it(
    acme: Acme, what: str
) -> None:
    token = signed_in(acme)
    acme.server.before_refresh = lambda: BAD_DAYS[what]
    done = acme.auth("token")
    assert (done.returncode, done.stdout) == (75, "")
    assert done.stderr.startswith("fail  ")
    assert "still signed in" in done.stderr
    assert "Traceback" not in done.stderr
    assert acme.auth("status").returncode == 0
    acme.server.before_refresh = lambda: None
    renewed = acme.auth("token")
    assert renewed.returncode == 0, renewed.stderr
    assert renewed.stdout != token


@pytest.mark.proves("K-28")
def test_on_a_bad_day_a_token_that_is_still_valid_is_printed(acme: Acme) -> None:
    token = signed_in(acme, expires_at=Machine(acme.state).now() + 50)
    acme.server.before_refresh = lambda: BAD_DAYS["a hotel's welcome"]
    done = acme.auth("token")
    assert (done.returncode, done.stdout, done.stderr) == (0, token, "")
    assert acme.auth("refresh").returncode == 75
    assert len(acme.server.grants()) == 2


@pytest.mark.proves("K-28", "K-63")
@pytest.mark.parametrize("status", [400, 401])
def test_a_session_that_has_ended_exits_4_and_is_forgotten(acme: Acme, status: int) -> None:
    signed_in(acme)
    acme.server.before_refresh = lambda: as_json({"error": "invalid_grant"}, status)
    done = acme.auth("token", "--json")
    assert done.returncode == 4
    assert documents(done.stderr)[0]["error"]["code"] == "SESSION_EXPIRED"
    again = acme.auth("token", "--json")
    assert documents(again.stderr)[0]["error"]["code"] == "SIGN_IN_REQUIRED"
    assert len(acme.server.grants()) == 1


@pytest.mark.proves("K-28")
def test_a_client_that_was_locked_out_is_told_to_sign_in_and_loses_nothing(acme: Acme) -> None:
    signed_in(acme)
    acme.server.before_refresh = lambda: as_json({"error": "invalid_client"}, 401)
    done = acme.auth("token")
    assert done.returncode == 4
    assert "HTTP 401, invalid_client" in done.stderr
    acme.server.before_refresh = lambda: None
    assert acme.auth("token").returncode == 0


@pytest.mark.proves("K-30")
def test_a_redirected_refresh_takes_its_token_nowhere(acme: Acme) -> None:
    signed_in(acme)
    with LittleServer() as thief:
        location = {"Location": f"{thief.url}/oauth/token"}
        acme.server.before_refresh = lambda: Answer(307, b"", location)
        assert acme.auth("token").returncode == 75
        assert thief.asked == []


@pytest.mark.proves("K-29")
@pytest.mark.parametrize("told", [None, "600", 1e12, -1])
def test_an_odd_lifetime_gives_a_session_that_every_command_can_show(
    acme: Acme, told: object
) -> None:
    signed_in(acme)
    acme.server.extra_tokens = {"expires_in": told, "refresh_expires_in": told}
    for typed in (("token",), ("status",), ("status", "--json"), ("doctor",)):
        done = acme.auth(*typed)
        assert done.returncode == 0, done.stdout + done.stderr
    assert len(acme.server.grants()) == 1


@pytest.fixture
def secured(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Acme]:
    """Yield acme, signing in over TLS with a certificate it believes, of the kind asked for."""
    certificate: Certificate = self_signed(tmp_path, **request.param)
    with Issuer(certificate=certificate) as server:
        acme = Acme(server, tmp_path)
        acme.variables["SSL_CERT_FILE"] = str(certificate.path)
        signed_in(acme)
        yield acme


@pytest.mark.proves("K-30")
@pytest.mark.parametrize("secured", [{}], indirect=True, ids=["self-signed"])
def test_a_certificate_is_believed_where_ssl_cert_file_names_it_and_nowhere_else(
    secured: Acme,
) -> None:
    assert secured.auth("token").returncode == 0
    named = secured.variables.pop("SSL_CERT_FILE")
    # None of what switches this off elsewhere does so here.
    secured.variables |= {
        "PYTHONHTTPSVERIFY": "0",
        "CURL_CA_BUNDLE": "",
        "REQUESTS_CA_BUNDLE": named,
        "SSL_NO_VERIFY": "1",
        "NODE_TLS_REJECT_UNAUTHORIZED": "0",
        "GIT_SSL_NO_VERIFY": "1",
    }
    done = secured.auth("refresh")
    assert done.returncode == 75
    assert f"The certificate of {secured.server.host} was not accepted" in done.stderr
    assert "SSL_CERT_FILE" in done.stderr
    assert len(secured.server.grants()) == 1


@pytest.mark.proves("K-30")
@pytest.mark.parametrize("secured", [{"days": (-9, -2)}], indirect=True, ids=["expired"])
def test_an_expired_certificate_is_named_with_what_to_look_at(secured: Acme) -> None:
    done = secured.auth("token")
    assert done.returncode == 75
    assert "certificate has expired" in done.stderr
    assert "clock" in done.stderr
    assert secured.server.asked == []
    assert secured.auth("status").returncode == 0


@pytest.mark.proves("K-30")
@pytest.mark.parametrize("secured", [{"host": "localhost"}], indirect=True, ids=["wrong host"])
def test_a_certificate_for_another_host_is_not_believed(secured: Acme) -> None:
    secured.server.url = f"https://127.0.0.1:{secured.server.port}"
    signed_in(secured)
    done = secured.auth("token")
    assert done.returncode == 75
    assert f"The certificate of 127.0.0.1:{secured.server.port} was not accepted" in done.stderr
    assert secured.server.asked == []


@pytest.mark.proves("K-30")
@pytest.mark.parametrize("secured", [{"host": "id.example"}], indirect=True, ids=["id.example"])
def test_a_proxy_is_used_where_it_is_named_and_not_for_what_no_proxy_names(secured: Acme) -> None:
    heads: list[bytes] = []
    talk = proxy_talk(heads, target=secured.server.port)
    with RawServer(talk) as proxy:
        secured.variables["HTTPS_PROXY"] = f"http://ada:canary@127.0.0.1:{proxy.port}"
        through = secured.auth("token", "--verbose")
        assert through.returncode == 0, through.stderr
        secured.variables["NO_PROXY"] = ".example"
        directly = secured.auth("refresh")
    assert {head.split(b"\r\n")[0] for head in heads} == {
        b"CONNECT %s HTTP/1.1" % secured.server.host.encode()
    }
    assert directly.returncode == 75
    assert "No computer called id.example" in directly.stderr
    assert "canary" not in through.stderr + directly.stderr
