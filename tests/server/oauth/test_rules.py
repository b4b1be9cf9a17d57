"""The pure decisions of the OAuth endpoints."""

from base64 import b64encode
from urllib.parse import parse_qsl, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyturn.server.oauth import rules
from keyturn.server.oauth.rules import Malformed, ScopeRefused

HELD = "openid profile email"


def test_an_empty_parameter_counts_as_absent() -> None:
    assert rules.read_parameters(b"a=1&b=&c") == {"a": "1"}


@pytest.mark.proves("S-20")
@pytest.mark.parametrize(
    "form",
    [
        b"a=1&a=2",
        b"a=1&a=",
        b"unknown=1&unknown=1",
        b"a=%ff",
        "a=é".encode(),
        b"a=%00",
        b"a=" + b"x" * (rules.LONGEST_PARAMETER + 1),
        b"&".join(b"p%d=1" % number for number in range(rules.MOST_PARAMETERS + 1)),
    ],
)
def test_a_form_that_could_be_read_in_two_ways_is_malformed(form: bytes) -> None:
    with pytest.raises(Malformed):
        rules.read_parameters(form)


@given(st.text(alphabet="ab=&%+2F0Cé\x00 ", max_size=40))
def test_forms_are_read_as_the_standard_library_reads_them(form: str) -> None:
    try:
        pairs = parse_qsl(form.encode().decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        pairs = None
    names = [name for name, _ in pairs or ()]
    twice = len(set(names)) < len(names)
    if pairs is None or twice or any("\x00" in value for _, value in pairs):
        with pytest.raises(Malformed):
            rules.read_parameters(form.encode())
    else:
        assert rules.read_parameters(form.encode()) == {
            name: value for name, value in pairs if value
        }


def test_a_resource_may_be_given_more_than_once() -> None:
    assert rules.read_parameters(b"resource=a&resource=b&a=1")["a"] == "1"


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        (None, HELD),
        ("email", "email"),
        ("email openid", "openid email"),
        ("email admin", "email"),
    ],
)
def test_scopes_are_granted_as_far_as_the_client_may_have_them(
    asked: str | None, granted: str
) -> None:
    assert rules.granted_scope(asked, HELD.split()) == granted


@pytest.mark.parametrize("asked", ["admin", "email  openid", 'e"mail', " email", "é"])
def test_a_scope_that_leaves_nothing_is_refused(asked: str) -> None:
    with pytest.raises(ScopeRefused):
        rules.granted_scope(asked, HELD.split())


def test_a_refresh_may_narrow_the_scope() -> None:
    assert rules.narrowed_scope(None, HELD) == HELD
    assert rules.narrowed_scope(HELD, HELD) == HELD
    assert rules.narrowed_scope("email openid", HELD) == "openid email"


def test_a_refresh_never_widens_the_scope() -> None:
    with pytest.raises(ScopeRefused):
        rules.narrowed_scope("email admin", HELD)


@pytest.mark.parametrize("text", ["a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "\n", ""])
def test_a_challenge_has_43_characters_of_base64url(text: str) -> None:
    assert rules.is_challenge("A-_9" + "a" * 39)
    assert not rules.is_challenge(text)


def test_prompts_are_known_ones_and_none_stands_alone() -> None:
    assert rules.prompts(None) == frozenset()
    assert rules.prompts("login consent") == {"login", "consent"}
    for wrong in ("none login", "create"):
        with pytest.raises(Malformed):
            rules.prompts(wrong)


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


def test_basic_credentials_are_decoded_twice() -> None:
    encoded = basic(f"{quote_plus('a:b c')}:{quote_plus('s%é+')}")
    assert rules.basic_credentials(encoded) == ("a:b c", "s%é+")
    assert rules.basic_credentials("bAsIc " + encoded[6:]) == ("a:b c", "s%é+")
    assert rules.basic_credentials("Bearer x") is None


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", basic("nocolon"), basic("%ff:x")])
def test_unreadable_basic_credentials_are_malformed(header: str) -> None:
    with pytest.raises(Malformed):
        rules.basic_credentials(header)


def test_a_bearer_token_is_read_whatever_the_case_of_its_scheme() -> None:
    assert rules.bearer_token("bearer  abc ") == "abc"
    for header in (None, "", "Bearer", "Bearer ", "Basic abc"):
        assert rules.bearer_token(header) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], 0),
        (["wait=5"], 5),
        (['respond-async, WAIT="7"; x=y'], 7),
        (["handling=lenient", "wait=3"], 3),
        (["wait=3600"], 60),
        (["wait=-1"], 0),
        (["wait=soon"], 0),
        (["wait"], 0),
        (["wait=" + "9" * 5000], 0),
        (["wait=٣"], 0),
    ],
)
def test_a_wait_is_read_capped_and_ignored_where_it_makes_no_sense(
    headers: list[str], seconds: int
) -> None:
    assert rules.wait_preference(headers) == seconds


@pytest.mark.parametrize(
    ("decision", "redeemed_at", "expires_at", "state"),
    [
        (None, None, 10, "pending"),
        ("approve", None, 10, "approved"),
        ("deny", None, 10, "denied"),
        (None, None, 5, "expired"),
        ("approve", None, 5, "expired"),
        ("approve", 4, 5, "redeemed"),
    ],
)
def test_a_device_code_is_in_one_state(
    decision: str | None, redeemed_at: int | None, expires_at: int, state: str
) -> None:
    found = rules.device_state(
        decision=decision, redeemed_at=redeemed_at, expires_at=expires_at, now=5
    )
    assert found == state
