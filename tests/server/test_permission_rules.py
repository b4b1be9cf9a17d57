"""What holding a permission means, tried on every graph of three, and what may be defined."""

from itertools import combinations

import pytest

from keyturn.server.permissions import rules
from keyturn.server.permissions.rules import FIRST, SYSTEM, Definition, Grant

NAMES = ("a", "b", "c")


def team(name: str, *contained: str) -> Definition:
    return Definition(id=name, scope="team", contained=contained)


def reached(edges: set[tuple[str, str]], start: str) -> set[str]:
    """Say what can be reached, by the slowest way there is."""
    found = {start}
    for _ in NAMES:
        found |= {to for origin, to in edges if origin in found}
    return found


def test_who_holds_a_permission_holds_all_that_can_be_reached_from_it_circles_included() -> None:
    pairs = [(origin, to) for origin in NAMES for to in NAMES]
    for size in range(len(pairs) + 1):
        for chosen in combinations(pairs, size):
            edges = set(chosen)
            own = [team(n, *(to for origin, to in edges if origin == n)) for n in NAMES]
            known = rules.of_scope(own, "team")
            for start in NAMES:
                assert rules.held([start], known) == reached(edges, start), edges


def test_what_is_not_defined_is_not_held_and_leads_nowhere() -> None:
    known = rules.of_scope([team("a", "gone", "$update_team")], "team")
    assert rules.held(["a", "unheard_of"], known) == {"a", "$update_team"}
    assert rules.held(["a"], known, recursive=False) == {"a"}


def test_grants_are_in_order_of_team_user_and_permission() -> None:
    known = rules.of_scope(FIRST, "team")
    direct = [
        Grant(team_id="t2", user_id="u1", permission_id="team_member"),
        Grant(team_id="t1", user_id="u2", permission_id="$update_team"),
        Grant(team_id="t1", user_id="u2", permission_id="$delete_team"),
    ]
    found = rules.grants(direct, known, recursive=True)
    assert found == sorted(found)
    assert [grant.team_id for grant in found] == ["t1", "t1", "t2", "t2", "t2"]
    only = rules.grants(direct, known, recursive=True, permission_id="$read_members")
    assert only == [Grant(team_id="t2", user_id="u1", permission_id="$read_members")]


def test_what_contains_itself_is_removed_and_redefined_like_any_other() -> None:
    own = (team("a", "a"),)
    assert rules.undefined(own, "team", "a") == ()
    assert rules.defined(own, team("b", "a")) == team("b", "a")


def test_the_systems_permissions_are_for_teams() -> None:
    assert set(rules.of_scope((), "team")) == set(SYSTEM)
    assert rules.of_scope(FIRST, "project") == {}
    rules.check_grantable((), "team", "$update_team")
    with pytest.raises(rules.PermissionNotFound):
        rules.check_grantable((), "project", "$update_team")
    with pytest.raises(rules.WrongScope) as refused:
        rules.check_grantable(FIRST, "project", "team_admin")
    assert (refused.value.wanted, refused.value.found) == ("project", "team")
    rules.check_grantable(FIRST, "team", "team_admin")


@pytest.mark.parametrize("name", ["read", "a:b_9", "$update_team"])
def test_an_id_is_lower_case_or_the_systems(name: str) -> None:
    assert rules.is_permission_id(name)


@pytest.mark.parametrize("name", ["", "Read", "$own", "a b", "a\n", "ä", "$"])
def test_anything_else_is_no_id(name: str) -> None:
    assert not rules.is_permission_id(name)


def test_a_changed_id_is_followed_by_all_that_contain_it() -> None:
    own = (team("a", "a", "b"), team("b", "a"), team("c", "b"))
    changed, others = rules.redefined(own, "team", "a", new_id="z", description="New")
    assert changed == Definition(id="z", scope="team", description="New", contained=("b", "z"))
    assert others == (team("b", "z"),)
    same, untouched = rules.redefined(own, "team", "b", contained=["c", "c"])
    assert (same, untouched) == (team("b", "c"), ())


def test_a_removed_permission_is_taken_out_of_all_that_contain_it() -> None:
    own = (team("a"), team("b", "a", "c"), team("c"))
    assert rules.undefined(own, "team", "a") == (team("b", "c"),)


def test_nothing_is_defined_twice_or_contains_what_is_not_there() -> None:
    own = (*FIRST, Definition(id="p", scope="project"))
    for name in ("p", "team_admin"):
        with pytest.raises(rules.IdTaken):
            rules.defined(own, team(name))
    for contained in ("p", "unheard_of"):
        with pytest.raises(rules.ContainedNotFound):
            rules.defined(own, team("new", contained))
        with pytest.raises(rules.ContainedNotFound):
            rules.redefined(own, "team", "team_admin", contained=[contained])
    with pytest.raises(rules.IdTaken):
        rules.redefined(own, "team", "team_admin", new_id="p")
    for name in ("p", "$update_team"):
        with pytest.raises(rules.PermissionNotFound):
            rules.redefined(own, "team", name)
        with pytest.raises(rules.PermissionNotFound):
            rules.undefined(own, "team", name)
