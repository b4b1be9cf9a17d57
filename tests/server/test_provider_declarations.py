"""Which providers a configuration file may declare, and what is kept of them."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from keyturn.server.projects.provider_declaration import SEALED_FOR, ProviderDeclaration
from keyturn.server.projects.providers import MICROSOFT_CONSUMERS, Provider, seal_context
from keyturn.server.projects.rules import ProjectConfig
from keyturn.server.secret import ServerSecret, Unsealable
from tests.server.in_process_ import InProcess
from tests.server.stack.api_ import Api

SECRET = ServerSecret(bytes(32))
ENDPOINTS = {
    "authorization_endpoint": "https://id.example/authorize?kind=work",
    "token_endpoint": "https://id.example/token",
    "userinfo_endpoint": "http://localhost:9/me",
}


def declared(**members: Any) -> ProviderDeclaration:
    return ProviderDeclaration.model_validate(
        {"id": "work", "type": "openid", "client_id": "c", **members}
    )


def provider(**members: Any) -> Provider:
    return declared(**members).provider("p", SECRET)


def test_well_known_providers_need_no_address() -> None:
    assert provider(type="google").issuer == "https://accounts.google.com"
    assert MICROSOFT_CONSUMERS in (provider(type="microsoft").issuer or "")
    tenant = "11111111-2222-3333-4444-555555555555"
    found = provider(type="microsoft", microsoft_tenant_id=tenant)
    assert found.issuer == f"https://login.microsoftonline.com/{tenant}/v2.0"
    github = provider(type="github")
    assert (github.issuer, github.scopes) == (None, ("read:user", "user:email"))
    assert github.emails_endpoint == "https://api.github.com/user/emails"


def test_every_other_provider_says_where_it_is() -> None:
    assert provider(issuer="https://id.example").issuer == "https://id.example"
    own = provider(type="oauth2", scopes=["me"], **ENDPOINTS)
    assert {name: getattr(own, name) for name in ENDPOINTS} == ENDPOINTS
    assert (own.scopes, own.emails_endpoint) == (("me",), None)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"type": "google", "issuer": "https://id.example"},
        {"issuer": "http://id.example"},
        {"issuer": "https://id.example?x=1"},
        {"issuer": "https://"},
        {"issuer": "https://[id.example"},
        {"issuer": "https://ada@id.example"},
        {"issuer": "https://id.example", "id": "Work"},
        {"issuer": "https://id.example", "id": "a/b"},
        {"issuer": "https://id.example", "microsoft_tenant_id": MICROSOFT_CONSUMERS},
        {"issuer": "https://id.example", **ENDPOINTS},
        {"type": "oauth2"},
        {"type": "oauth2", **ENDPOINTS, "token_endpoint": "http://id.example/token"},
        {"type": "shared"},
    ],
)
def test_what_is_not_complete_or_not_protected_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        declared(**members)


def test_a_secret_is_sealed_for_its_own_project_and_provider() -> None:
    found = provider(issuer="https://id.example", client_secret="hush")
    sealed = bytes.fromhex(found.client_secret_sealed or "")
    assert b"hush" not in sealed
    opened = SECRET.open(SEALED_FOR, sealed, context=seal_context("p", "work"))
    assert opened == b"hush"
    for context in (seal_context("p", "play"), seal_context("q", "work")):
        with pytest.raises(Unsealable):
            SECRET.open(SEALED_FOR, sealed, context=context)


def test_a_project_keeps_its_providers_and_drops_what_it_does_not_know() -> None:
    config = ProjectConfig(oauth_providers=(provider(type="github"), provider(type="google")))
    stored = config.as_json()
    assert ProjectConfig.from_json(stored) == config
    newer = stored.replace('"type": "github"', '"type": "github", "colour": "red"')
    assert ProjectConfig.from_json(newer) == config
    assert ProjectConfig.from_json("{}").oauth_providers == ()


def test_clients_are_told_which_providers_there_are_and_nobody_their_secrets(
    tmp_path: Path, server: InProcess
) -> None:
    found = provider(type="google", client_secret="hush")
    api = Api.create(server, oauth_providers=(found,))
    config = api.get("/projects/current").json()["config"]
    assert config["oauth_providers"] == config["enabled_oauth_providers"] == [{"id": "work"}]
    seen = api.get("/projects/current", api.admin)
    (one,) = seen.json()["config"]["oauth_providers"]
    assert (one["client_id"], one["client_secret"], one["type"]) == ("c", "", "standard")
    assert (found.client_secret_sealed or "-") not in seen.text


def test_a_file_declares_providers_of_a_project(tmp_path: Path) -> None:
    work = {"id": "work", "type": "openid", "client_id": "c", "issuer": "https://id.example"}
    project = {"id": "acme", "display_name": "Acme", "oauth_providers": [work]}
    started = InProcess(tmp_path / "data", projects=[project])
    try:
        found = started.run(started.services.projects.find("acme"))
        assert found is not None
        assert found.config.provider("work") == provider(issuer="https://id.example")
        assert found.config.provider("play") is None
    finally:
        started.close()
    with pytest.raises(ValidationError, match="same id"):
        InProcess(tmp_path / "two", projects=[project | {"oauth_providers": [work, work]}])
