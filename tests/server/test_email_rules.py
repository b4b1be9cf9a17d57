"""Pure decisions about mails: who gets one, what it says in plain text, when it is tried again."""

import time
from dataclasses import replace

import pytest

from keyturn.server.accounts.rules import User
from keyturn.server.emails import rules
from keyturn.server.notifications import rules as notifications
from keyturn.server.notifications.rules import MARKETING, TRANSACTIONAL

ADA = User.from_row(
    dict.fromkeys(User.__dataclass_fields__, None)
    | {"id": "ada", "project_id": "p", "primary_email": "ada@example.com"}
)


@pytest.mark.parametrize(
    ("user", "category_id", "chosen", "why"),
    [
        (ADA, None, {}, None),
        (ADA, MARKETING.id, {}, None),
        (ADA, MARKETING.id, {MARKETING.id: True}, None),
        (ADA, MARKETING.id, {MARKETING.id: False}, rules.TURNED_OFF),
        (ADA, TRANSACTIONAL.id, {TRANSACTIONAL.id: False}, None),
        (ADA, "a category of another version", {}, None),
        (replace(ADA, primary_email=None), None, {}, rules.NO_ADDRESS),
        (replace(ADA, disabled_at=1), None, {}, rules.USER_GONE),
        (None, MARKETING.id, {MARKETING.id: False}, rules.USER_GONE),
    ],
)
def test_who_gets_a_mail(
    user: User | None, category_id: str | None, chosen: dict[str, bool], why: str | None
) -> None:
    assert rules.why_skipped(user, category_id, chosen) == why


def test_categories_are_found_by_name_and_id() -> None:
    assert notifications.by_name("Marketing") is MARKETING
    assert notifications.by_name("marketing") is None
    assert notifications.by_id(TRANSACTIONAL.id) is TRANSACTIONAL
    assert notifications.by_id("") is None


def test_the_pauses_grow_and_end() -> None:
    times = [rules.next_attempt(n, now=0) for n in range(1, 7)]
    assert times == [60_000, 300_000, 1_800_000, 7_200_000, 21_600_000, None]
    assert [rules.is_hopeless(n) for n in (12, 13)] == [False, True]


def test_every_attempt_of_one_delivery_has_one_name() -> None:
    assert rules.message_name("a:b") == rules.message_name("a:b") != rules.message_name("a:c")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain", "plain\n"),
        ("<p>one</p><p>two <b>three</b></p>", "one\n\ntwo three\n"),
        ("a<br>b", "a\nb\n"),
        ("<a href='https://x.dev'>here</a> <a>nowhere</a>", "here (https://x.dev) nowhere\n"),
        ("<style>p {color: red}</style><script>run()</script>&lt;seen&gt;", "<seen>\n"),
        ("<head><title>t</title></head>\n <body> x\n  y </body>", "x y\n"),
        ("</p></a></script>left over", "left over\n"),
        ("<p>unclosed <a href=x>link", "unclosed link\n"),
        ("<A HREF=x?a=1&amp;b=2>one</A>, <a href = 'y'>two</a>", "one (x?a=1&b=2), two (y)\n"),
        ("before<!-- <p>not seen</p> -->after", "beforeafter\n"),
        ("<!DOCTYPE html>5 < 6 <3", "5 < 6 <3\n"),
        ("<STYLE>x</Style >seen<script>never closed", "seen\n"),
        ("seen<!-- never closed", "seen\n"),
        ("seen<p never closed", "seen\n"),
        ("", "\n"),
    ],
)
def test_html_has_a_plain_form(html: str, text: str) -> None:
    assert rules.plain_text(html) == text


@pytest.mark.proves("T-11")
@pytest.mark.parametrize(
    "unit", ["<", "<a ", "<!--", "<a href='", "<?x", "</a ", "&", "<p>", " \n"]
)
def test_a_long_text_of_anything_is_read_at_once(unit: str) -> None:
    html = unit * (200_000 // len(unit))
    began = time.process_time()
    rules.plain_text(html)
    # A parser that goes back takes minutes for it.
    assert time.process_time() - began < 10
