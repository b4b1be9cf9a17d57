"""The OpenID conformance modules for relying parties, by name, against a server that misbehaves.

The public suite itself is not run here; each of its modules is a test below with the name in its
docstring, and ``test_every_module_is_answered_for`` counts them.
"""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from keyturn.client.auth import Auth
from keyturn.protocol.errors import ExchangeFailed, KeyturnError, UnexpectedReply
from tests.client.machine_ import Machine
from tests.client.test_login import Events, approve
from tests.issuers_.http_ import as_json
from tests.issuers_.openid_ import OpenIssuer, ec_key, rsa_key

pytestmark = pytest.mark.proves("K-29", "T-12")

BASIC = (
    "OIDCCClientTest",
    "OIDCCClientTestInvalidIssuerInIdToken",
    "OIDCCClientTestMissingSubInIdToken",
    "OIDCCClientTestInvalidAudInIdToken",
    "OIDCCClientTestMissingIatInIdToken",
    "OIDCCClientTestKidAbsentSingleJwks",
    "OIDCCClientTestKidAbsentMultipleMatchingKeysInJwks",
    "OIDCCClientTestIdTokenSignedUsingRS256",
    "OIDCCClientTestIdTokenSigAlgNone",
    "OIDCCClientTestInvalidIdTokenSignatureWithRS256",
    "OIDCCClientTestInvalidSubInUserinfoResponse",
    "OIDCCClientTestNonceInvalid",
    "OIDCCClientTestScopeUserInfoClaims",
    "OIDCCClientTestClientSecretBasic",
)
REFRESH = (
    "OIDCCClientTestRefreshToken",
    "OIDCCClientTestRefreshTokenInvalidIssuer",
    "OIDCCClientTestRefreshTokenInvalidSub",
)
# Modules that do not apply, each with the reason. There is none.
DOES_NOT_APPLY: dict[str, str] = {}


@pytest.fixture
def op() -> Iterator[OpenIssuer]:
    """Yield a running OpenID provider."""
    with OpenIssuer() as running:
        yield running


def rp(machine: Machine, op: OpenIssuer, **options: object) -> Auth:
    return machine.auth(op, **{"client_id": None, "scope": "openid email", **options})


def sign_in(machine: Machine, op: OpenIssuer) -> Auth:
    auth = rp(machine, op)
    auth.login(method="loopback", on_event=Events(approve))
    return auth


def assert_refused(machine: Machine, op: OpenIssuer, why: str) -> None:
    """Sign in, be refused for a reason, keep nothing here, and leave nothing alive there."""
    with pytest.raises(ExchangeFailed, match=why):
        sign_in(machine, op)
    assert rp(machine, op).session() is None
    (family,) = op.families.values()
    assert family.ended


def test_a_sign_in_with_openid_is_taken(op: OpenIssuer, machine: Machine) -> None:
    """OIDCCClientTest"""
    session = sign_in(machine, op).session()
    assert session is not None
    assert (session.account_id, session.email) == ("ada", "ada@example.com")
    assert "/oauth/jwks" in op.paths()


@pytest.mark.parametrize("issuer", ["https://other.example", "/", None], ids=str)
def test_another_issuers_token_is_refused(
    op: OpenIssuer, machine: Machine, issuer: str | None
) -> None:
    """OIDCCClientTestInvalidIssuerInIdToken"""
    op.extra_claims = {"iss": op.url + issuer if issuer == "/" else issuer}
    assert_refused(machine, op, "another issuer")


@pytest.mark.parametrize("subject", [None, "", 7, "x" * 256], ids=lambda s: repr(s)[:8])
def test_a_token_about_nobody_is_refused(op: OpenIssuer, machine: Machine, subject: object) -> None:
    """OIDCCClientTestMissingSubInIdToken"""
    op.extra_claims = {"sub": subject}
    assert_refused(machine, op, "names nobody")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "somebody-else"},
        {"aud": None},
        {"aud": ["somebody-else"]},
        {"azp": "somebody-else"},
    ],
    ids=str,
)
def test_a_token_for_another_program_is_refused(
    op: OpenIssuer, machine: Machine, claims: dict[str, object]
) -> None:
    """OIDCCClientTestInvalidAudInIdToken"""
    op.extra_claims = claims
    assert_refused(machine, op, "another program")


def test_a_token_that_does_not_say_when_it_was_made_is_refused(
    op: OpenIssuer, machine: Machine
) -> None:
    """OIDCCClientTestMissingIatInIdToken"""
    op.extra_claims = {"iat": None}
    assert_refused(machine, op, "when it was made")


@pytest.mark.parametrize("ends", [None, 1, "soon"], ids=str)
def test_a_token_that_has_ended_or_does_not_say_when_is_refused(
    op: OpenIssuer, machine: Machine, ends: object
) -> None:
    op.extra_claims = {"exp": ends}
    assert_refused(machine, op, "has ended")


def test_a_token_for_another_access_token_is_refused(op: OpenIssuer, machine: Machine) -> None:
    op.extra_claims = {"at_hash": "c29tZXRoaW5nLWVsc2Ut"}
    assert_refused(machine, op, "another access token")


def test_without_a_kid_the_only_key_is_taken(op: OpenIssuer, machine: Machine) -> None:
    """OIDCCClientTestKidAbsentSingleJwks"""
    op.header = {}
    assert sign_in(machine, op).session()


@pytest.mark.parametrize("signs", ["one", "two"])
def test_without_a_kid_any_of_several_matching_keys_may_have_signed(
    op: OpenIssuer, machine: Machine, signs: str
) -> None:
    """OIDCCClientTestKidAbsentMultipleMatchingKeysInJwks"""
    op.header, op.key = {}, rsa_key(signs)
    op.public = [ec_key("curve"), rsa_key("one"), rsa_key("two")]
    assert sign_in(machine, op).session()


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_token_signed_as_usual_is_taken(op: OpenIssuer, machine: Machine, algorithm: str) -> None:
    """OIDCCClientTestIdTokenSignedUsingRS256"""
    op.algorithm = algorithm
    op.key = rsa_key("one") if algorithm == "RS256" else ec_key("curve")
    op.public = [rsa_key("one"), ec_key("curve")]
    assert sign_in(machine, op).session()


@pytest.mark.parametrize("installed", [True, False], ids=["joserfc", "bare"])
def test_a_token_that_says_it_has_no_signature_is_refused(
    op: OpenIssuer, machine: Machine, installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OIDCCClientTestIdTokenSigAlgNone"""
    if not installed:
        uninstall(monkeypatch)
    op.algorithm = "none"
    assert_refused(machine, op, "not signed in a way")


def test_a_wrong_signature_is_refused(op: OpenIssuer, machine: Machine) -> None:
    """OIDCCClientTestInvalidIdTokenSignatureWithRS256"""
    op.spoil = True
    assert_refused(machine, op, "signature is wrong")


@pytest.mark.parametrize("kid", ["one", "unknown"])
def test_a_key_that_is_not_shown_or_is_another_has_signed_nothing(
    op: OpenIssuer, machine: Machine, kid: str
) -> None:
    op.key, op.header = rsa_key("two"), {"kid": kid}
    op.public = [rsa_key("one")]
    assert_refused(machine, op, "signature is wrong")


def test_userinfo_about_somebody_else_is_refused(op: OpenIssuer, machine: Machine) -> None:
    """OIDCCClientTestInvalidSubInUserinfoResponse"""
    op.routes["/oauth/userinfo"] = lambda asked: as_json({"sub": "eve", "email": "eve@evil.test"})
    assert_refused(machine, op, "describes another")


@pytest.mark.parametrize("nonce", ["another", None, 7], ids=str)
def test_a_nonce_of_another_sign_in_is_refused(
    op: OpenIssuer, machine: Machine, nonce: object
) -> None:
    """OIDCCClientTestNonceInvalid"""
    op.extra_claims = {"nonce": nonce}
    assert_refused(machine, op, "another sign-in")


def test_every_sign_in_has_a_nonce_of_its_own(op: OpenIssuer, machine: Machine) -> None:
    auth = sign_in(machine, op)
    auth.login(method="loopback", force=True, on_event=Events(approve))
    nonces = [asked.query["nonce"] for asked in op.asked if "nonce" in asked.query]
    assert len(set(nonces)) == 2
    assert all(len(nonce) == 32 for nonce in nonces)


def test_claims_come_from_userinfo_where_the_token_has_none(
    op: OpenIssuer, machine: Machine
) -> None:
    """OIDCCClientTestScopeUserInfoClaims"""
    session = sign_in(machine, op).session()
    assert session is not None
    assert (session.email, session.label) == ("ada@example.com", "Ada")
    assert op.asked[-1].path == "/oauth/userinfo"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_program_with_a_secret_proves_itself_at_every_endpoint(
    op: OpenIssuer, machine: Machine, method: str
) -> None:
    """OIDCCClientTestClientSecretBasic"""
    op.method = method
    auth = sign_in(machine, op)
    assert auth.refresh().account_id == "ada"
    assert auth.logout().revoked == "revoked"
    (client,) = op.clients.values()
    given = Auth(
        "acme",
        issuer=op.url,
        client_id=client["client_id"],
        client_secret=client["client_secret"],
        home=str(machine.home),
        effects=machine.effects,
    )
    if method == "client_secret_basic":
        assert given.login(method="device").session.account_id == "ada"


def test_a_renewal_may_bring_a_new_id_token(op: OpenIssuer, machine: Machine) -> None:
    """OIDCCClientTestRefreshToken"""
    auth = sign_in(machine, op)
    before = auth.token()
    auth.refresh()
    assert auth.token() != before


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        pytest.param({"iss": "https://other.example"}, "another issuer", id="issuer"),
        pytest.param({"sub": "eve"}, "another person", id="sub"),
        pytest.param({"aud": "somebody-else"}, "another program", id="aud"),
    ],
)
def test_a_renewal_in_the_name_of_somebody_else_is_kept_and_its_access_token_not_used(
    op: OpenIssuer, machine: Machine, claims: dict[str, Any], why: str
) -> None:
    """OIDCCClientTestRefreshTokenInvalidIssuer, OIDCCClientTestRefreshTokenInvalidSub"""
    auth = sign_in(machine, op)
    op.on_refresh = claims
    with pytest.raises(UnexpectedReply, match=why):
        auth.refresh()
    (family,) = op.families.values()
    foreign = op.issued[-1]
    with pytest.raises(UnexpectedReply, match=why):
        auth.token()  # Sends the rotated token, which was stored: strict rotation would end it.
    assert not family.ended
    op.on_refresh = {}
    assert auth.token() not in (foreign, op.issued[-2])
    assert auth.token() == op.issued[-1]


def test_every_module_is_answered_for(capsys: pytest.CaptureFixture[str]) -> None:
    docstrings = " ".join(
        (value.__doc__ or "").replace(",", " ")
        for name, value in vars(sys.modules[__name__]).items()
        if name.startswith("test_")
    ).split()
    for title, modules in (("Basic", BASIC), ("refresh", REFRESH)):
        answered = [m for m in modules if m in docstrings or m in DOES_NOT_APPLY]
        with capsys.disabled():
            print(f"\nRelying Party {title}: {len(answered)} of {len(modules)}")
        assert answered == list(modules)


def test_without_the_library_tls_stands_in_and_every_claim_still_counts(
    op: OpenIssuer, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninstall(monkeypatch)
    op.spoil = True
    auth = sign_in(machine, op)
    assert any("TLS stands in" in line for line in machine.traced)
    assert "/oauth/jwks" not in op.paths()
    op.extra_claims = {"nonce": "another"}
    with pytest.raises(ExchangeFailed, match="another sign-in"):
        auth.login(method="loopback", force=True, on_event=Events(approve))


@pytest.mark.parametrize("status", [503, 404])
def test_keys_that_cannot_be_had_end_the_sign_in(
    op: OpenIssuer, machine: Machine, status: int
) -> None:
    op.routes["/oauth/jwks"] = lambda asked: as_json({}, status)
    with pytest.raises(KeyturnError):
        sign_in(machine, op)
    (family,) = op.families.values()
    assert family.ended


def uninstall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this interpreter find no joserfc, as on a base install."""
    monkeypatch.setitem(sys.modules, "joserfc", None)  # which is how Python says "not there"
