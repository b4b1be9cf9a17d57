"""What signs in, invites or is shared with an authenticator is nowhere in the database in clear."""

import base64
from contextlib import closing
from pathlib import Path

import pytest

from keyturn.server.services import DATABASE_FILE
from tests.faults.canary_ import spellings
from tests.server.authenticator_ import Authenticator
from tests.server.in_process_ import InProcess
from tests.server.stack.api_ import PASSWORD, Api
from tests.server.stack.mailbox_ import Mailbox
from tests.server.stack.test_passkeys import begin

EMAIL = "ada@example.com"


def given_out(api: Api, app: Authenticator) -> dict[str, str]:
    """Have the server hand out one of each, and return them."""
    ada = api.account(EMAIL)
    registration = begin(api, ada)["code"]
    team = api.post("/teams", ada.headers, json={"display_name": "Engines"}).json()["id"]
    body = {"team_id": team, "email": "bob@example.com", "callback_url": "http://localhost/"}
    assert api.post("/team-invitations/send-code", ada.headers, json=body).status_code == 200
    factor = {"totp_secret_base64": app.secret_base64}
    assert api.send("PATCH", "/users/me", ada.headers, json=factor).status_code == 200
    first = {"email": EMAIL, "password": PASSWORD}
    refused = api.post("/auth/password/sign-in", json=first).json()
    return {
        "passkey registration": registration,
        "passkey authentication": begin(api)["code"],
        "invitation": Mailbox(api.server, "bob@example.com").code(),
        "second factor attempt": refused["details"]["attempt_code"],
    }


@pytest.mark.proves("S-7", "S-8", "T-9")
def test_no_code_and_no_authenticators_secret_is_in_the_database(tmp_path: Path) -> None:
    with closing(InProcess(tmp_path, database=None)) as server:
        api = Api.create(server, passkey_enabled=True, client_team_creation_enabled=True)
        app = Authenticator(server.clock)
        secrets = given_out(api, app)
        files = {
            path.name: path.read_bytes()
            for path in tmp_path.iterdir()
            if DATABASE_FILE in path.name
        }
    assert any(EMAIL.encode() in content for content in files.values())  # they are looked into
    for name, content in files.items():
        for what, code in secrets.items():
            for spelling, found in spellings(code).items():
                assert found not in content, (name, what, spelling)
        for found in (app.secret, base64.b64encode(app.secret), app.secret.hex().encode()):
            assert found not in content, name
