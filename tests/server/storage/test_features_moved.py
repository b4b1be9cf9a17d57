"""What people have in a project is theirs after the move to PostgreSQL: sealed, granted, mailed."""

from contextlib import closing
from pathlib import Path

from keyturn.cli.migrate import main as migrate
from tests.postgres_ import Cluster
from tests.server.authenticator_ import Authenticator
from tests.server.in_process_ import InProcess
from tests.server.soft_authenticator_ import SoftAuthenticator
from tests.server.stack.api_ import PASSWORD, Api
from tests.server.stack.mailbox_ import Mailbox
from tests.server.stack.test_passkeys import begin as challenge
from tests.server.stack.test_passkeys import registered, show

EMAIL = "ada@example.com"


def test_permissions_invitations_passkeys_and_second_factors_move(
    postgres: Cluster, tmp_path: Path
) -> None:
    with closing(InProcess(tmp_path, database=None)) as server:
        api = Api.create(server, passkey_enabled=True, client_team_creation_enabled=True)
        app = Authenticator(server.clock)
        key, team, code = _filled(api, app)
        project, keys = api.project, api.keys
    url = postgres.create()
    assert migrate(["--data", str(tmp_path), "--to", url]) == 0
    with closing(InProcess(tmp_path, database=url)) as server:
        app.clock = server.clock
        moved = Api(server=server, project=project, keys=keys)
        _all_there(moved, app, key, team, code)


def _filled(api: Api, app: Authenticator) -> tuple[SoftAuthenticator, str, str]:
    """Give somebody one of everything."""
    ada = api.account(EMAIL)
    key = registered(api, ada)
    body = {"totp_secret_base64": app.secret_base64}
    assert api.send("PATCH", "/users/me", ada.headers, json=body).status_code == 200
    team = api.post("/teams", ada.headers, json={"display_name": "Engines"}).json()["id"]
    for scope in ("team", "project"):
        body = {"id": f"of_{scope}"}
        made = api.post(f"/{scope}-permission-definitions", api.admin, json=body)
        assert made.status_code == 201
    api.post(f"/team-permissions/{team}/{ada.user_id}/of_team", api.secret)
    api.post(f"/project-permissions/{ada.user_id}/of_project", api.secret)
    body = {"team_id": team, "email": "bob@example.com", "callback_url": "http://localhost/"}
    api.post("/team-invitations/send-code", ada.headers, json=body)
    return key, team, Mailbox(api.server, "bob@example.com").code()


def _all_there(api: Api, app: Authenticator, key: SoftAuthenticator, team: str, code: str) -> None:
    refused = api.post("/auth/password/sign-in", json={"email": EMAIL, "password": PASSWORD})
    body = {"type": "totp", "totp": app.shows(), "code": refused.json()["details"]["attempt_code"]}
    finished = api.post("/auth/mfa/sign-in", json=body)
    assert finished.status_code == 200, finished.text
    headers = api.with_token(finished.json()["access_token"])
    held = api.get("/team-permissions?user_id=me", headers).json()["items"]
    assert [item["id"] for item in held] == ["of_team", "team_admin"]
    held = api.get("/project-permissions?user_id=me", headers).json()["items"]
    assert [item["id"] for item in held] == ["of_project"]
    bob = api.person()
    joined = api.post("/team-invitations/accept", bob.headers, json={"code": code})
    assert joined.status_code == 200, joined.text
    assert api.get(f"/teams/{team}", bob.headers).status_code == 200
    api.send("PATCH", "/users/me", headers, json={"totp_secret_base64": None})
    begun = challenge(api)
    assert show(api, begun, key.signs(begun["options_json"])).status_code == 200
