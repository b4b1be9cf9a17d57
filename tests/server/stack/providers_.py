"""A project whose people may come from a provider: a real second server, on a port of its own."""

from typing import Any
from uuid import uuid4

from keyturn.protocol.tokens import Tokens
from keyturn.server.oauth_providers.rules import ProviderAccount
from keyturn.server.projects.provider_declaration import ProviderDeclaration
from keyturn.server.projects.providers import Provider
from tests.issuers_.openid_ import OpenIssuer
from tests.server.in_process_ import InProcess
from tests.server.stack.api_ import Api

CLIENT = {"client_id": "keyturn", "client_secret": "s:ec ret%/+~"}


def provider_at(
    issuer: OpenIssuer,
    server: InProcess,
    *,
    project_id: str = "acme",
    id: str = "work",
    inside: bool = True,
) -> Provider:
    """Return a provider as a project declares it, and have the issuer know this server."""
    issuer.clients[CLIENT["client_id"]] = {
        **CLIENT,
        "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": [f"{server.settings.issuer}/api/v1/auth/oauth/callback/{id}"],
    }
    where = {"issuer": issuer.url, "unsafe_allow_private_addresses": inside}
    declared = ProviderDeclaration.model_validate({"id": id, "type": "openid", **where, **CLIENT})
    return declared.provider(project_id, server.services.secret)


def api_of(server: InProcess, *providers: Provider, project_id: str = "acme", **config: Any) -> Api:
    """Return a project with these providers; its id is what their secrets are sealed for."""
    return Api.create(server, project_id=project_id, oauth_providers=providers, **config)


def api_at(issuer: OpenIssuer, server: InProcess, *, inside: bool = True, **config: Any) -> Api:
    """Return a project of its own whose people may come from this issuer."""
    project_id = f"acme-{uuid4().hex[:8]}"
    provider = provider_at(issuer, server, project_id=project_id, inside=inside)
    return api_of(server, provider, project_id=project_id, **config)


def account_of(api: Api, user_id: str, **members: Any) -> dict[str, Any]:
    """Add an account at the provider to a user, as the project's server does."""
    body = {
        "user_id": user_id,
        "provider_config_id": "work",
        "account_id": "ada",
        "allow_sign_in": True,
        "allow_connected_accounts": True,
        **members,
    }
    answer = api.post("/oauth-providers", api.secret, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def keep(api: Api, account: dict[str, Any], tokens: Tokens, *, scope: str = "openid email") -> None:
    """Keep tokens for an account, as a sign-in at the provider does."""
    services = api.server.services
    found = api.server.run(
        services.provider_accounts.find(api.project.id, account["user_id"], account["id"])
    )
    assert isinstance(found, ProviderAccount)
    api.server.run(
        services.storage.write(
            services.provider_tokens.keep_work, found, tokens, scope=scope, now=api.server.clock.now
        )
    )
