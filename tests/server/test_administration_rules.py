"""Pure decisions about projects: what an administrator may change, and who administers what."""

from __future__ import annotations

from typing import Any

import pytest

from keyturn.server.internal import rules
from keyturn.server.internal.rules import Contradiction, NotHere
from keyturn.server.projects.rules import Project, ProjectConfig

PROJECT = Project(
    id="p",
    display_name="Engines",
    config=ProjectConfig(owner_team_id="t", trusted_domains=("https://a.dev",), description="d"),
    created_at=1,
)


def test_what_is_not_sent_stays() -> None:
    assert rules.changed(PROJECT, {}) == PROJECT
    assert rules.changed(PROJECT, {"config": None}) == PROJECT
    assert rules.changed(PROJECT, {"config": {"sign_up_enabled": None}}) == PROJECT


def test_what_is_sent_is_changed() -> None:
    found = rules.changed(
        PROJECT,
        {
            "display_name": "Looms",
            "description": None,
            "config": {
                "sign_up_enabled": False,
                "domains": [{"domain": "https://b.dev", "handler_path": "/handler"}],
                "user_default_permissions": [{"id": "read"}],
            },
        },
    )
    assert found.display_name == "Looms"
    assert (found.config.description, found.config.sign_up_enabled) == ("", False)
    assert found.config.trusted_domains == ("https://b.dev",)
    assert found.config.user_default_permissions == ("read",)
    assert found.config.owner_team_id == "t"


def test_production_is_where_localhost_is_not_allowed() -> None:
    for production in (True, False):
        found = rules.changed(PROJECT, {"is_production_mode": production})
        assert found.config.allow_localhost is not production
        config = {"allow_localhost": production}
        with pytest.raises(Contradiction):
            rules.changed(PROJECT, {"is_production_mode": production, "config": config})
    agreed = {"is_production_mode": True, "config": {"allow_localhost": False}}
    assert rules.changed(PROJECT, agreed).config.allow_localhost is False


@pytest.mark.parametrize(
    "config",
    [
        {"oauth_providers": []},
        {"email_theme": "neon"},
        {"email_config": {"type": "standard"}},
        {"oauth_account_merge_strategy": "raise_error"},
        {"domains": [{"domain": "https://b.dev", "handler_path": "/auth"}]},
    ],
)
def test_what_this_server_has_in_one_form_only_is_not_changed(config: dict[str, Any]) -> None:
    with pytest.raises(NotHere):
        rules.changed(PROJECT, {"config": config})


def test_saying_what_is_so_anyway_changes_nothing() -> None:
    config = {
        "email_theme": "default",
        "email_config": {"type": "shared"},
        "oauth_account_merge_strategy": "link_method",
    }
    assert rules.changed(PROJECT, {"config": config}) == PROJECT


@pytest.mark.parametrize("domain", ["b.dev", "javascript:alert(1)", "https://a@b.dev", "https://"])
def test_a_domain_is_an_address_of_the_web(domain: str) -> None:
    sent = {"config": {"domains": [{"domain": domain, "handler_path": "/handler"}]}}
    with pytest.raises(Contradiction):
        rules.changed(PROJECT, sent)


def test_permissions_by_default_are_named_with_their_scope() -> None:
    config = {
        "team_creator_default_permissions": [{"id": "a"}],
        "team_member_default_permissions": [{"id": "b"}, {"id": "c"}],
        "user_default_permissions": None,
    }
    assert rules.defaults_sent({"config": config}) == {"team": ("a", "b", "c"), "project": ()}
    assert rules.defaults_sent({}) == {"team": (), "project": ()}


def test_the_owning_team_administers() -> None:
    assert rules.administers(PROJECT, {"s", "t"})
    assert not rules.administers(PROJECT, {"s"})
    unowned = Project(id="p", display_name="P", config=ProjectConfig(), created_at=1)
    assert not rules.administers(unowned, set())


def test_the_internal_project_is_one_that_says_so() -> None:
    said = ProjectConfig(administers_projects=True)
    names = {
        (project_id, config.administers_projects): rules.is_internal(
            Project(id=project_id, display_name="I", config=config, created_at=1)
        )
        for project_id in ("internal", "other")
        for config in (said, ProjectConfig())
    }
    assert names == {
        ("internal", True): True,
        ("internal", False): False,
        ("other", True): False,
        ("other", False): False,
    }


def test_rows_of_one_set_are_put_together() -> None:
    row = {
        "id": "1",
        "description": "d",
        "created_at": 1,
        "expires_at": 2,
        "revoked_at": None,
        "kind": "secret_server_key",
        "last_four": "abcd",
    }
    admin = row | {"kind": "super_secret_admin_key", "last_four": "efgh"}
    empty = row | {"id": "2", "kind": None, "last_four": None}
    first, second = rules.key_sets([row, admin, empty])
    assert first.last_four == {"secret_server_key": "abcd", "super_secret_admin_key": "efgh"}
    assert (second.id, second.last_four) == ("2", {})
