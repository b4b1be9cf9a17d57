"""Words for people, and text from a server made safe to print."""

import pytest

from keyturn.client.commands.text import clean, clock_face, day, host_of, iso, short_path, span

ESCAPES = [
    ("\x1b[31mroot\x1b[0m", "[31mroot[0m"),
    ("a\rb\x08\x7f\x9b1mc", "a b1mc"),
    ("line one\nline two\u2028three", "line one line two three"),
    ("\u202egnp.exe\u202c", "gnp.exe"),
    ("\u2066\u2067\u2068\u2069\u200e\u200f\u061cx", "x"),
    ("tab\there", "tab here"),
    ("\ufeffada\u200b@example.com\x00", "ada@example.com"),
]


@pytest.mark.proves("K-42")
@pytest.mark.parametrize(("sent", "printed"), ESCAPES)
def test_control_and_bidirectional_characters_never_reach_the_terminal(
    sent: str, printed: str
) -> None:
    assert clean(sent) == printed


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.com",
        "Ада Лавлейс",
        "  indented",
        "\u0645\u06cc\u200c\u062e\u0648",
        "李",
        "https://a/?b=%20",
    ],
)
def test_text_without_such_characters_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (7 * 60 + 59, "7 minutes"),
        (2 * 3600 - 1, "119 minutes"),
        (2 * 3600, "2 hours"),
        (47 * 3600, "47 hours"),
        (48 * 3600, "2 days"),
        (29.5 * 86400, "29 days"),
    ],
)
def test_a_duration_is_told_in_one_unit_and_never_promises_too_much(
    seconds: float, said: str
) -> None:
    assert span(seconds) == said


def test_a_countdown_reads_like_a_clock() -> None:
    assert [clock_face(left) for left in (600, 598, 61, 9, 0, -3)] == [
        "10:00",
        "9:58",
        "1:01",
        "0:09",
        "0:00",
        "0:00",
    ]


def test_a_day_names_its_year_only_when_it_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    november = 1_795_200_000.0  # 2026-11-20
    assert day(november + 30 * 86400, now=november) == "20 December"
    assert day(november + 60 * 86400, now=november) == "19 January 2027"


def test_an_instant_in_json_is_rfc_3339_in_utc() -> None:
    assert iso(1_795_180_200) == "2026-11-20T13:10:00Z"
    assert iso(None) is None


def test_the_home_directory_is_shortened_and_its_neighbours_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert short_path("/home/ada/.local/state/acme") == "~/.local/state/acme"
    assert short_path("/home/adam/session.json") == "/home/adam/session.json"


def test_a_host_is_shown_with_its_port_and_without_what_pretends_to_be_one() -> None:
    assert host_of("https://id.acme.dev/realm") == "id.acme.dev"
    assert host_of("http://127.0.0.1:8102") == "127.0.0.1:8102"
    assert host_of("https://bank.example@evil.example/") == "evil.example"
