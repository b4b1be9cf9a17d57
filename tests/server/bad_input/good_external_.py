"""Good requests about API keys and providers, for the test that every operation succeeds once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.issuers_.openid_ import OpenIssuer
from tests.server.stack.external_ import Program, answered
from tests.server.stack.providers_ import api_of, provider_at

if TYPE_CHECKING:
    import httpx2

    from tests.server.bad_input.test_documented_answers import Checked
    from tests.server.in_process_ import InProcess
    from tests.server.stack.api_ import Api, SignedIn

API = "/api/v1"


def of_external(checked: Checked, server: InProcess) -> None:
    """Call every operation of API keys, accounts at providers, and signing in there."""
    with OpenIssuer() as issuer:
        issuer.extra_claims = {"exp": 4_102_444_800}
        switches: dict[str, Any] = dict.fromkeys(
            ("allow_user_api_keys", "allow_team_api_keys"), True
        )
        api = api_of(server, provider_at(issuer, server), **switches)
        of_keys(checked, api)
        person = of_signing_in(checked, api)
        of_accounts_there(checked, api, person)


def of_keys(checked: Checked, api: Api) -> None:
    person = api.person()
    team = api.post("/teams", api.secret, json={"display_name": "Turners"}).json()["id"]
    for kind, owner in (("user", person.user_id), ("team", team)):
        whole = {f"{kind}_id": owner, "description": "Build machine", "expires_at_millis": None}
        path = f"{API}/{kind}-api-keys"
        new = checked.note(api.post(f"/{kind}-api-keys", api.secret, json=whole), path)
        query = f"?{kind}_id={owner}"
        checked.note(api.get(f"/{kind}-api-keys{query}", api.secret), path)
        check = {"api_key": new["value"]}
        found = api.post(f"/{kind}-api-keys/check", api.secret, json=check)
        checked.note(found, f"{path}/check")
        one = f"/{kind}-api-keys/{new['id']}"
        checked.note(api.get(one, api.secret), path + "/{api_key_id}")
        revoked = api.send("PATCH", one, api.secret, json={"revoked": True})
        checked.note(revoked, path + "/{api_key_id}")


def of_signing_in(checked: Checked, api: Api) -> SignedIn:
    program = Program(api)
    path = f"{API}/auth/oauth/authorize/{{provider_id}}"
    checked.note(program.depart(stack_response_mode="json"), path)
    departed = program.depart()
    _redirected(checked, departed, path)
    back = program.come_back(program.visit_provider(departed.headers["location"]))
    _redirected(checked, back, f"{API}/auth/oauth/callback/{{provider_id}}")
    code = answered(back.headers["location"])["code"]
    tokens = checked.note(program.redeem(code), f"{API}/auth/oauth/token")
    headers = api.with_token(tokens["access_token"])
    return api.session_of(api.get("/users/me", headers).json()["id"])


def of_accounts_there(checked: Checked, api: Api, person: SignedIn) -> None:
    path = f"{API}/oauth-providers"
    listed = checked.note(api.get("/oauth-providers?user_id=me", person.headers), path)
    user_id = api.person().user_id
    body = {
        "user_id": user_id,
        "provider_config_id": "work",
        "account_id": "grace",
        "email": "grace@example.com",
        "allow_sign_in": True,
        "allow_connected_accounts": True,
    }
    made = checked.note(api.post("/oauth-providers", api.secret, json=body), path)
    one, template = f"/oauth-providers/{user_id}/{made['id']}", path + "/{user_id}/{provider_id}"
    checked.note(api.get(one, api.secret), template)
    checked.note(api.send("PATCH", one, api.secret, json={"allow_sign_in": False}), template)
    checked.note(api.send("DELETE", one, api.secret), template)
    account = listed["items"][0]["provider_config_id"]
    where = f"{API}/connected-accounts/{{user_id}}"
    checked.note(api.get("/connected-accounts/me", person.headers), where)
    where += "/{provider_id}"
    for more, rest in (("", ""), ("/ada", "/{provider_account_id}")):
        asked = f"/connected-accounts/me/{account}{more}/access-token"
        checked.note(api.post(asked, person.headers), f"{where}{rest}/access-token")


def _redirected(checked: Checked, answer: httpx2.Response, template: str) -> None:
    operation: Any = checked.documented(template, "GET")
    assert answer.is_redirect, answer.text
    operation.validate_response(answer)
    checked.succeeded.add(f"GET {template}")
