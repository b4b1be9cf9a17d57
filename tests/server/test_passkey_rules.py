"""Which page used a passkey, and whose the handle is that came along."""

import json
from typing import Any

import pytest

from keyturn.server.passkeys.rules import CeremonyFailed, is_handle_of, page_of, rp_id_of
from keyturn.server.projects.rules import ProjectConfig
from tests.server.soft_authenticator_ import b64

BASE = "https://id.example.com"


def said(**members: Any) -> dict[str, Any]:
    return {"response": {"clientDataJSON": b64(json.dumps(members).encode())}}


def test_the_page_is_the_one_the_browser_names() -> None:
    assert page_of(said(origin="https://app.example")) == "https://app.example"
    assert page_of(said(origin="https://app.example", crossOrigin=False)) == "https://app.example"


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"response": None},
        {"response": {"clientDataJSON": 7}},
        {"response": {"clientDataJSON": "é"}},
        {"response": {"clientDataJSON": b64(b"[" * 100_000)}},
        {"response": {"clientDataJSON": b64(b'"text"')}},
        said(origin=None),
        said(origin="https://app.example", crossOrigin=True),
        said(origin="https://app.example", crossOrigin="false"),
        said(type="webauthn.get"),
    ],
)
def test_a_page_that_cannot_be_read_or_is_framed_is_refused(credential: dict[str, Any]) -> None:
    with pytest.raises(CeremonyFailed):
        page_of(credential)


def test_a_site_is_the_host_of_a_listed_origin() -> None:
    config = ProjectConfig(trusted_domains=("https://app.example:8443",), allow_localhost=False)
    assert rp_id_of(config, "https://app.example:8443", base_url=BASE) == "app.example"
    assert rp_id_of(config, BASE, base_url=BASE) == "id.example.com"
    for origin in ("https://app.example", "http://localhost", "https://evil.example", "", "null"):
        with pytest.raises(CeremonyFailed):
            rp_id_of(config, origin, base_url=BASE)


@pytest.mark.parametrize(
    ("handle", "fits"),
    [
        (None, True),
        (b64(b"user-1"), True),
        (b64(b"user-2"), False),
        ("", False),
        ("a", False),
        (7, False),
        (b64(b"\xff"), False),
    ],
)
def test_a_handle_has_to_name_the_user_of_the_passkey(handle: Any, fits: bool) -> None:
    assert is_handle_of({"response": {"userHandle": handle}}, "user-1") is fits
