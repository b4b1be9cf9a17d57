"""TOTP: the vectors of RFC 4226 and RFC 6238, and which code opens at which moment."""

import base64

import pytest

from keyturn.server.mfa import rules

SECRET = b"12345678901234567890"
NOW = 1_795_000_000_000


def test_rfc_4226_appendix_d() -> None:
    codes = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489"
    assert " ".join(rules.hotp(SECRET, counter) for counter in range(10)) == codes


@pytest.mark.parametrize(
    ("seconds", "sha1", "sha256", "sha512"),
    [
        (59, "94287082", "46119246", "90693936"),
        (1111111109, "07081804", "68084774", "25091201"),
        (1111111111, "14050471", "67062674", "99943326"),
        (1234567890, "89005924", "91819424", "93441116"),
        (2000000000, "69279037", "90698825", "38618901"),
        (20000000000, "65353130", "77737706", "47863826"),
    ],
)
def test_rfc_6238_appendix_b(seconds: int, sha1: str, sha256: str, sha512: str) -> None:
    step = rules.step_at(seconds * 1000)
    for digest, size, code in (("sha1", 20, sha1), ("sha256", 32, sha256), ("sha512", 64, sha512)):
        secret = (SECRET * 4)[:size]
        assert rules.hotp(secret, step, digits=8, digest=digest) == code


@pytest.mark.parametrize("drift", range(-3, 4))
def test_a_code_opens_in_its_own_step_and_the_two_beside_it(drift: int) -> None:
    step = rules.step_at(NOW) + drift
    found = rules.matching_step(SECRET, rules.hotp(SECRET, step), now_ms=NOW, last_step=None)
    assert found == (step if abs(drift) <= 1 else None)


@pytest.mark.parametrize("drift", [-1, 0, 1])
@pytest.mark.parametrize("used", [-2, -1, 0, 1, 2])
def test_a_step_that_opened_closes_itself_and_all_before_it(drift: int, used: int) -> None:
    now = rules.step_at(NOW)
    typed = rules.hotp(SECRET, now + drift)
    found = rules.matching_step(SECRET, typed, now_ms=NOW, last_step=now + used)
    assert found == (now + drift if drift > used else None)


def test_spaces_between_digits_do_not_matter_and_anything_else_does() -> None:
    code = rules.hotp(SECRET, rules.step_at(NOW))

    def opens(typed: str) -> bool:
        return rules.matching_step(SECRET, typed, now_ms=NOW, last_step=None) is not None

    assert opens(f" {code[:3]} {code[3:]} ")
    for typed in ("", code[:5], code + "0", "-" + code, "abcdef", "١٢٣٤٥٦", code[::-1] + "x"):
        assert not opens(typed)


def test_a_secret_is_base64_of_16_to_128_bytes() -> None:
    for size in (16, 20, 128):
        assert rules.secret_from(base64.b64encode(b"k" * size).decode()) == b"k" * size
    for text in ("", "a", "!" * 24, base64.b64encode(b"k" * 15).decode(), "ä" * 24,
                 base64.b64encode(b"k" * 129).decode()):  # fmt: skip
        with pytest.raises(ValueError, match="must be"):
            rules.secret_from(text)
