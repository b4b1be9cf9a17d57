"""Invitations to teams: mailed, looked at, accepted once, taken back."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.server.in_process_ import InProcess, SetClock
from tests.server.stack.api_ import Api, SignedIn, code_of
from tests.server.stack.mailbox_ import Mailbox, link_in

CALLBACK = "http://localhost:12345/join?then=home"
DAY = 24 * 3600


@pytest.fixture
def server(shared_server: InProcess) -> InProcess:
    """Return the server of this file, a day later: no limit of another test is left."""
    shared_server.clock.advance(24 * 3600)
    return shared_server


@pytest.fixture
def api(server: InProcess) -> Api:
    """Return a project whose users may create teams."""
    return Api.create(server, client_team_creation_enabled=True)


@pytest.fixture
def owner(api: Api) -> SignedIn:
    return api.person()


@pytest.fixture
def team(api: Api, owner: SignedIn) -> str:
    answer = api.post("/teams", owner.headers, json={"display_name": "Engines\n of  Ada"})
    found: str = answer.json()["id"]
    return found


def invite(api: Api, who: dict[str, str], team: str, email: str, **more: Any) -> httpx2.Response:
    body = {"team_id": team, "email": email, "callback_url": CALLBACK, **more}
    return api.post("/team-invitations/send-code", who, json=body)


def invited(api: Api, who: SignedIn, team: str, email: str = "bob@example.com") -> tuple[str, str]:
    """Invite somebody; return the invitation's id and its mailed code."""
    mailbox = Mailbox(api.server, email)
    mailbox.new()
    answer = invite(api, who.headers, team, email)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"success", "id"}
    return answer.json()["id"], mailbox.code()


def accept(api: Api, who: SignedIn, code: str) -> httpx2.Response:
    return api.post("/team-invitations/accept", who.headers, json={"code": code})


def listed(api: Api, query: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = api.get(f"/team-invitations?{query}", headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def members(api: Api, team: str) -> set[str]:
    items = api.get(f"/team-member-profiles?team_id={team}", api.secret).json()["items"]
    return {item["user_id"] for item in items}


def test_the_mail_names_the_team_on_one_line_and_links_to_the_page_that_was_named(
    api: Api, owner: SignedIn, team: str
) -> None:
    invite(api, owner.headers, team, "bob@example.com")
    [mail] = Mailbox(api.server, "bob@example.com").new()
    assert mail["Subject"] == 'You are invited to join the team "Engines of Ada" at Engines'
    assert link_in(mail).startswith("http://localhost:12345/join?then=home&code=")


def test_whoever_brings_the_code_joins_once(api: Api, owner: SignedIn, team: str) -> None:
    _, code = invited(api, owner, team)
    bob = api.person()
    checked = api.post("/team-invitations/accept/check-code", json={"code": code})
    assert checked.json() == {"is_code_valid": True}
    details = api.post("/team-invitations/accept/details", bob.headers, json={"code": code})
    assert details.json() == {"team_id": team, "team_display_name": "Engines\n of  Ada"}
    joined = accept(api, bob, code)
    assert (joined.status_code, joined.json()) == (200, {})
    assert bob.user_id in members(api, team)
    held = api.get("/team-permissions?user_id=me", bob.headers).json()["items"]
    assert [item["id"] for item in held] == ["team_member"]
    for path in ("accept", "accept/check-code", "accept/details"):
        again = api.post(f"/team-invitations/{path}", bob.headers, json={"code": code})
        assert (again.status_code, code_of(again)) == (409, "VERIFICATION_CODE_ALREADY_USED")


def test_a_code_is_not_used_up_by_whoever_may_not_join(
    api: Api, owner: SignedIn, team: str
) -> None:
    _, code = invited(api, owner, team)
    for path in ("accept", "accept/details"):
        answer = api.post(f"/team-invitations/{path}", json={"code": code})
        assert (answer.status_code, code_of(answer)) == (401, "USER_AUTHENTICATION_REQUIRED")
        guest = api.post(f"/team-invitations/{path}", api.guest().headers, json={"code": code})
        assert guest.status_code == 403
        assert code_of(guest) == "TEAM_INVITATION_RESTRICTED_USER_NOT_ALLOWED"
        assert guest.json()["details"] == {"restricted_reason": {"type": "anonymous"}}
    assert accept(api, api.person(), code).status_code == 200


@pytest.mark.proves("S-7")
def test_of_many_who_bring_one_code_at_once_one_joins(api: Api, owner: SignedIn, team: str) -> None:
    _, code = invited(api, owner, team)
    people = [api.person() for _ in range(5)]

    async def race() -> list[int]:
        async with api.server.client() as client:
            answers = await asyncio.gather(
                *(
                    client.post(
                        "/api/v1/team-invitations/accept",
                        headers=person.headers,
                        json={"code": code},
                    )
                    for person in people
                )
            )
        return sorted(answer.status_code for answer in answers)

    assert api.server.run(race()) == [200, 409, 409, 409, 409]
    assert len(members(api, team)) == 2


def test_a_member_who_accepts_stays_as_they_are(api: Api, owner: SignedIn, team: str) -> None:
    _, code = invited(api, owner, team)
    assert accept(api, owner, code).status_code == 200
    held = api.get("/team-permissions?user_id=me", owner.headers).json()["items"]
    assert [item["id"] for item in held] == ["team_admin"]


def test_a_code_ends_after_a_week_and_with_its_team(
    api: Api, owner: SignedIn, team: str, clock: SetClock
) -> None:
    _, early = invited(api, owner, team)
    clock.advance(6 * DAY)
    owner = api.session_of(owner.user_id)
    _, late = invited(api, owner, team, "late@example.com")
    clock.advance(1 * DAY)
    bob = api.person()
    assert code_of(accept(api, bob, early)) == "VERIFICATION_CODE_EXPIRED"
    api.send("DELETE", f"/teams/{team}", api.secret)
    gone = accept(api, bob, late)
    assert (gone.status_code, code_of(gone)) == (404, "VERIFICATION_CODE_NOT_FOUND")


def test_inviting_needs_membership_permission_and_a_trusted_page(
    api: Api, owner: SignedIn, team: str
) -> None:
    assert code_of(invite(api, api.client, team, "a@example.com")) == (
        "USER_AUTHENTICATION_REQUIRED"
    )
    stranger = invite(api, api.person().headers, team, "a@example.com")
    assert (stranger.status_code, code_of(stranger)) == (404, "TEAM_NOT_FOUND")
    assert code_of(invite(api, api.secret, str(uuid4()), "a@example.com")) == "TEAM_NOT_FOUND"
    away = invite(api, owner.headers, team, "a@example.com", callback_url="https://evil.example/x")
    assert (away.status_code, code_of(away)) == (400, "REDIRECT_URL_NOT_WHITELISTED")
    api.send("DELETE", f"/team-permissions/{team}/{owner.user_id}/team_admin", api.secret)
    refused = invite(api, owner.headers, team, "a@example.com")
    assert (refused.status_code, code_of(refused)) == (401, "TEAM_PERMISSION_REQUIRED")
    assert refused.json()["details"]["permission_id"] == "$invite_members"
    assert invite(api, api.secret, team, "a@example.com").status_code == 200
    for wrong in ({"email": "nobody"}, {"callback_url": None}, {"more": 1}):
        body = {"team_id": team, "email": "a@example.com", "callback_url": CALLBACK, **wrong}
        answer = api.post("/team-invitations/send-code", api.secret, json=body)
        assert code_of(answer) == "SCHEMA_ERROR"


def test_an_address_gets_only_so_many_invitations(api: Api, owner: SignedIn, team: str) -> None:
    answers = [invite(api, owner.headers, team, "bob@example.com") for _ in range(7)]
    assert [answer.status_code for answer in answers].count(429) == 2


def test_a_teams_invitations_are_listed_and_taken_back(
    api: Api, owner: SignedIn, team: str, clock: SetClock
) -> None:
    first, code = invited(api, owner, team)
    clock.advance(1)
    second, _ = invited(api, owner, team, "eve@example.com")
    items = listed(api, f"team_id={team}", owner.headers)
    assert [item["id"] for item in items] == [first, second]
    assert items[0] == {
        "id": first,
        "team_id": team,
        "team_display_name": "Engines\n of  Ada",
        "expires_at_millis": clock.now - 1000 + 7 * DAY * 1000,
        "recipient_email": "bob@example.com",
    }
    path = f"/team-invitations/{first}"
    assert api.send("DELETE", path, owner.headers).status_code == 400
    assert api.send("DELETE", f"{path}?team_id={team}", owner.headers).json() == {"success": True}
    again = api.send("DELETE", f"{path}?team_id={team}", owner.headers)
    assert (again.status_code, code_of(again)) == (404, "VERIFICATION_CODE_NOT_FOUND")
    assert code_of(accept(api, api.person(), code)) == "VERIFICATION_CODE_NOT_FOUND"
    assert [item["id"] for item in listed(api, f"team_id={team}", api.secret)] == [second]


def test_listing_and_taking_back_need_their_permissions(
    api: Api, owner: SignedIn, team: str
) -> None:
    invitation, _ = invited(api, owner, team)
    member = api.person()
    api.post(f"/team-memberships/{team}/{member.user_id}", api.secret)
    assert len(listed(api, f"team_id={team}", member.headers)) == 1
    path = f"/team-invitations/{invitation}?team_id={team}"
    refused = api.send("DELETE", path, member.headers)
    assert refused.json()["details"]["permission_id"] == "$remove_members"
    api.send("DELETE", f"/team-permissions/{team}/{member.user_id}/team_member", api.secret)
    unseen = api.get(f"/team-invitations?team_id={team}", member.headers)
    assert code_of(unseen) == "TEAM_PERMISSION_REQUIRED"
    stranger = api.get(f"/team-invitations?team_id={team}", api.person().headers)
    assert code_of(stranger) == "TEAM_NOT_FOUND"
    for query in ("", f"team_id={team}&user_id=me"):
        assert api.get(f"/team-invitations?{query}", owner.headers).status_code == 400
    other = api.post("/teams", owner.headers, json={"display_name": "Other"}).json()["id"]
    elsewhere = api.send("DELETE", f"/team-invitations/{invitation}?team_id={other}", owner.headers)
    assert code_of(elsewhere) == "VERIFICATION_CODE_NOT_FOUND"


@pytest.mark.proves("T-13")
def test_only_who_has_proved_the_address_sees_and_accepts_by_id(
    api: Api, owner: SignedIn, team: str
) -> None:
    invitation, code = invited(api, owner, team, "Bob@Example.com")
    bob = api.session_of(api.server.person("bob@example.com", project_id=api.project.id).id)
    claims = api.person()
    body = {"user_id": "me", "type": "email", "value": "bob@example.com", "used_for_auth": False}
    assert api.post("/contact-channels", claims.headers, json=body).status_code == 201
    assert listed(api, "user_id=me", claims.headers) == []
    [item] = listed(api, "user_id=me", bob.headers)
    assert (item["id"], item["recipient_email"]) == (invitation, "Bob@Example.com")
    path = f"/team-invitations/{invitation}/accept"
    refused = api.post(f"{path}?user_id=me", claims.headers)
    assert (refused.status_code, code_of(refused)) == (404, "VERIFICATION_CODE_NOT_FOUND")
    for query in ("user_id=me", f"user_id={owner.user_id}"):
        headers = api.client if query == "user_id=me" else bob.headers
        answer = api.post(f"{path}?{query}", headers)
        assert code_of(answer) == "CANNOT_GET_OWN_USER_WITHOUT_USER"
    assert code_of(api.post(path, bob.headers)) == "SCHEMA_ERROR"
    joined = api.post(f"{path}?user_id=me", bob.headers, json={})
    assert (joined.status_code, joined.json()) == (200, {})
    assert bob.user_id in members(api, team)
    assert code_of(accept(api, claims, code)) == "VERIFICATION_CODE_ALREADY_USED"
    assert listed(api, "user_id=me", bob.headers) == []


def test_a_server_accepts_for_a_user_whose_address_it_is(
    api: Api, owner: SignedIn, team: str
) -> None:
    invitation, _ = invited(api, owner, team)
    bob = api.server.person("bob@example.com", project_id=api.project.id)
    path = f"/team-invitations/{invitation}/accept"
    nobody = api.post(f"{path}?user_id={uuid4()}", api.secret)
    assert code_of(nobody) == "VERIFICATION_CODE_NOT_FOUND"
    assert len(listed(api, f"user_id={bob.id}", api.secret)) == 1
    assert api.post(f"{path}?user_id={bob.id}", api.secret).status_code == 200
    assert bob.id in members(api, team)


def test_an_invitation_opens_nothing_in_another_project(
    api: Api, owner: SignedIn, team: str, server: InProcess
) -> None:
    invitation, code = invited(api, owner, team)
    other = Api.create(server)
    bob = other.session_of(server.person("bob@example.com", project_id=other.project.id).id)
    assert code_of(accept(other, bob, code)) == "VERIFICATION_CODE_NOT_FOUND"
    by_id = other.post(f"/team-invitations/{invitation}/accept?user_id=me", bob.headers)
    assert code_of(by_id) == "VERIFICATION_CODE_NOT_FOUND"
    assert listed(other, "user_id=me", bob.headers) == []
