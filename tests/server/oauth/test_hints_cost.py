"""A stranger's hint makes the server look at every key there ever was, but not read them anew."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization

from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import request_params, signed_in

SECOND_LIFE_SECONDS = 61  # after a minute a key set is read from the database again


@pytest.mark.proves("T-11")
def test_hints_and_reloads_do_not_read_a_private_key_twice(
    server: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    hint = signed_in(server, scope="openid")["id_token"]
    reads: list[bytes] = []
    really = serialization.load_der_private_key

    def counted(data: bytes, **options: None) -> object:
        reads.append(data)
        return really(data, password=None)

    monkeypatch.setattr(serialization, "load_der_private_key", counted)
    for given, error in ((hint, "login_required"), ("eyJhbGciOiJub25lIn0..", "invalid_request")):
        for _ in range(3):
            asked = request_params(prompt="none", scope="openid", id_token_hint=given)
            told = server.get(f"/oauth/authorize?{urlencode(asked)}").headers["location"]
            assert parse_qs(urlsplit(told).query)["error"] == [error]
            server.clock.advance(SECOND_LIFE_SECONDS)
    assert server.get("/oauth/jwks").status_code == 200
    assert len(reads) == len(set(reads))
