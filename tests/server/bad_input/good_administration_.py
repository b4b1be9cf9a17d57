"""Good requests about permissions, invitations, projects and their keys: each succeeds once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.server.stack.api_ import Api
from tests.server.stack.test_administration import key_set
from tests.server.stack.test_emails import send
from tests.server.stack.test_invitations import accept, invite, invited
from tests.server.stack.test_permissions import member_of, team_of

if TYPE_CHECKING:
    from tests.server.bad_input.test_documented_answers import Checked
    from tests.server.in_process_ import InProcess
    from tests.server.stack.api_ import SignedIn

API = "/api/v1"


def of_administration(checked: Checked, server: InProcess) -> None:
    """Call every operation of permissions, invitations, and the administration of projects."""
    api = Api.create(server, client_team_creation_enabled=True)
    owner = api.person()
    team = team_of(api, owner)
    of_definitions(checked, api)
    of_permissions(checked, api, team)
    of_invitations(checked, api, owner, team)
    of_invitations_by_id(checked, api, owner, team)
    of_keys(checked, api)
    of_sent_mails(checked, api)
    of_internal_projects(checked, server)
    of_own_project(checked, server)


def of_definitions(checked: Checked, api: Api) -> None:
    for scope in ("team", "project"):
        path = f"/{scope}-permission-definitions"
        inner = f"{scope}_read"
        made = api.post(path, api.admin, json={"id": inner, "description": "May read"})
        checked.note(made, API + path)
        whole = {"id": f"{scope}_write", "contained_permission_ids": [inner]}
        checked.note(api.post(path, api.admin, json=whole), API + path)
        checked.note(api.get(path, api.admin), API + path)
        one, template = f"{path}/{scope}_write", API + path + "/{permission_id}"
        body = {"description": "May write", "contained_permission_ids": []}
        checked.note(api.send("PATCH", one, api.admin, json=body), template)
        checked.note(api.send("DELETE", one, api.admin), template)


def of_permissions(checked: Checked, api: Api, team: str) -> None:
    member = member_of(api, team)
    for path, rest, ids in (
        ("/team-permissions", "/{team_id}/{user_id}/{permission_id}",
         {"team_id": team, "user_id": member.user_id, "permission_id": "$update_team"}),
        ("/project-permissions", "/{user_id}/{permission_id}",
         {"user_id": member.user_id, "permission_id": "project_read"}),
    ):  # fmt: skip
        one = path + rest.format_map(ids)
        checked.note(api.post(one, api.secret, json={}), API + path + rest)
        own = checked.note(api.get(f"{path}?user_id=me", member.headers), API + path)
        assert ids["permission_id"] in [item["id"] for item in own["items"]]
        checked.note(api.get(f"{path}?recursive=true", api.secret), API + path)
        checked.note(api.send("DELETE", one, api.secret), API + path + rest)


def of_invitations(checked: Checked, api: Api, owner: SignedIn, team: str) -> None:
    path = f"{API}/team-invitations"
    sent = invite(api, owner.headers, team, "eve@example.com")
    unwanted = checked.note(sent, f"{path}/send-code")["id"]
    listed = api.get(f"/team-invitations?team_id={team}", owner.headers)
    assert [item["id"] for item in checked.note(listed, path)["items"]] == [unwanted]
    one = f"/team-invitations/{unwanted}?team_id={team}"
    checked.note(api.send("DELETE", one, owner.headers), path + "/{invitation_id}")
    _, code = invited(api, owner, team)
    bob = api.person()
    for more in ("/check-code", "/details"):
        asked = api.post(f"/team-invitations/accept{more}", bob.headers, json={"code": code})
        checked.note(asked, f"{path}/accept{more}")
    checked.note(accept(api, bob, code), f"{path}/accept")


def of_invitations_by_id(checked: Checked, api: Api, owner: SignedIn, team: str) -> None:
    path = f"{API}/team-invitations"
    invitation, _ = invited(api, owner, team, "carol@example.com")
    found = api.server.person("carol@example.com", project_id=api.project.id)
    carol = api.session_of(found.id)
    own = checked.note(api.get("/team-invitations?user_id=me", carol.headers), path)
    assert [item["id"] for item in own["items"]] == [invitation]
    joined = api.post(f"/team-invitations/{invitation}/accept?user_id=me", carol.headers, json={})
    checked.note(joined, path + "/{invitation_id}/accept")


def of_keys(checked: Checked, api: Api) -> None:
    path = "/internal/api-keys"
    wanted = {
        "description": "for CI",
        "expires_at_millis": api.server.clock.now + 3_600_000,
        "has_publishable_client_key": True,
        "has_secret_server_key": True,
        "has_super_secret_admin_key": True,
    }
    checked.note(api.post(path, api.admin, json=wanted), API + path)
    made = key_set(api, has_super_secret_admin_key=False)
    checked.note(api.get(path, api.admin), API + path)
    one, template = f"{path}/{made['id']}", API + path + "/{api_key_id}"
    checked.note(api.get(one, api.admin), template)
    revoked = api.send("PATCH", one, api.admin, json={"revoked": True, "description": "old"})
    checked.note(revoked, template)
    # What is revoked is shown otherwise than what is not.
    checked.note(api.get(path, api.admin), API + path)


def of_sent_mails(checked: Checked, api: Api) -> None:
    assert send(api, user_ids=[api.person().user_id]).status_code == 200
    sent = checked.note(api.get("/internal/emails", api.admin), f"{API}/internal/emails")
    assert [item["subject"] for item in sent["items"]] == ["Hi"]


def of_internal_projects(checked: Checked, server: InProcess) -> None:
    switches: dict[str, Any] = {"client_team_creation_enabled": True, "administers_projects": True}
    internal = Api.create(server, project_id="internal", **switches)
    ada = internal.person()
    path = "/internal/projects"
    body = {
        "display_name": "Looms",
        "description": "They weave",
        "owner_team_id": team_of(internal, ada),
        "config": {"sign_up_enabled": False},
    }
    made = checked.note(internal.post(path, ada.headers, json=body), API + path)
    free = internal.post(path, internal.admin, json={"display_name": "Free"})
    checked.note(free, API + path)
    own = checked.note(internal.get(path, ada.headers), API + path)
    assert own["items"] == [made]
    checked.note(internal.get(path, internal.admin), API + path)


def of_own_project(checked: Checked, server: InProcess) -> None:
    domains = [{"domain": "https://looms.dev", "handler_path": "/handler"}]
    body = {"display_name": "Looms", "description": "They weave", "config": {"domains": domains}}
    for path in ("/projects/current", "/internal/projects/current"):
        api = Api.create(server)
        changed = checked.note(api.send("PATCH", path, api.admin, json=body), API + path)
        assert changed["config"]["domains"] == domains
        checked.note(api.send("DELETE", path, api.admin, json={}), API + path)
