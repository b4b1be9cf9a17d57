"""Pure decisions that no request happens to reach in every way."""

import pytest

from keyturn.server.accounts.rules import email_problem
from keyturn.server.projects.rules import ProjectConfig


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ada", "needs an @"),
        ("@example.com", "before the @"),
        ("ada lovelace@example.com", "before the @"),
        ("ada@home@example.com", "before the @"),
        ("ada@localhost", "after the @"),
        ("ada@example..com", "after the @"),
        (f"{'a' * 300}@example.com", "too long"),
    ],
)
def test_a_slip_in_an_address_is_said_in_a_sentence(address: str, said: str) -> None:
    assert said in (email_problem(address) or "")


def test_an_ordinary_address_has_no_problem() -> None:
    assert email_problem(" ada@example.com ") is None


def test_a_project_stored_by_another_version_is_read_by_what_both_know() -> None:
    stored = '{"sign_up_enabled": false, "invented_later": [1, 2]}'
    assert ProjectConfig.from_json(stored) == ProjectConfig(sign_up_enabled=False)
