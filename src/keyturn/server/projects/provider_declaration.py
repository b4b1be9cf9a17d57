"""What a configuration file declares of the providers that a project's people may come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, SecretStr, model_validator

from keyturn.server.projects import providers
from keyturn.server.projects.providers import Provider
from keyturn.server.strict import Strict

if TYPE_CHECKING:
    from keyturn.server.secret import ServerSecret

SEALED_FOR = "provider secret"
_NEEDED = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")


class ProviderDeclaration(Strict):
    """One ``[[projects.oauth_providers]]`` table."""

    id: Annotated[str, Field(min_length=1, max_length=64, pattern="^[a-z0-9_-]+$")]
    """How programs name it: `google`, `work`; part of the callback address."""
    type: providers.Type
    """`google`, `microsoft`, `github`; `openid` with an issuer; `oauth2` with endpoints."""
    client_id: Annotated[str, Field(min_length=1, max_length=512)]
    """This server's id there."""
    client_secret: SecretStr | None = None
    """This server's secret there. Stored sealed."""
    issuer: str | None = None
    """The provider's address; its metadata says the rest."""
    microsoft_tenant_id: Annotated[str, Field(pattern="^[0-9a-f-]{36}$")] | None = None
    """Whose accounts; Microsoft's own, private ones if unset."""
    scopes: tuple[str, ...] = ()
    """What is asked for always; `openid`, `email` and `profile` if unset."""
    authorization_endpoint: str | None = None
    """Of a provider without metadata, as the next three."""
    token_endpoint: str | None = None
    """Where codes become tokens."""
    userinfo_endpoint: str | None = None
    """Who signed in: `sub` or `id`, `email`, `email_verified`, `name`, `picture`."""
    emails_endpoint: str | None = None
    """A list of `email`, `primary`, `verified`, where the addresses are not in the former."""
    unsafe_allow_private_addresses: bool = False
    """Let it be on this computer or inside your network; its metadata can then lead there."""

    @model_validator(mode="after")
    def _says_where_the_provider_is(self) -> ProviderDeclaration:
        if (self.issuer is not None) != (self.type == "openid"):
            raise ValueError("issuer: needed with type = 'openid', and with no other")
        if self.microsoft_tenant_id is not None and self.type != "microsoft":
            raise ValueError("microsoft_tenant_id: only with type = 'microsoft'")
        given = [name for name in providers.ENDPOINTS if getattr(self, name) is not None]
        if given and self.type != "oauth2":
            raise ValueError(f"{given[0]}: only with type = 'oauth2'")
        missing = [name for name in _NEEDED if name not in given]
        if missing and self.type == "oauth2":
            raise ValueError(f"{missing[0]}: needed with type = 'oauth2'")
        return self

    @model_validator(mode="after")
    def _tokens_travel_protected(self) -> ProviderDeclaration:
        for name in ("issuer", *providers.ENDPOINTS):
            url = getattr(self, name)
            problem = url and providers.address_problem(url, may_have_query=name != "issuer")
            if problem:
                raise ValueError(f"{name}: {problem}")
        return self

    def provider(self, project_id: str, secret: ServerSecret) -> Provider:
        """Return the provider, its secret sealed for this project."""
        found = providers.preset(self.type, tenant=self.microsoft_tenant_id)
        for name in ("issuer", *providers.ENDPOINTS):
            if (url := getattr(self, name)) is not None:
                found[name] = url
        if self.scopes:
            found["scopes"] = self.scopes
        return Provider(
            id=self.id,
            type=self.type,
            client_id=self.client_id,
            client_secret_sealed=self._sealed(project_id, secret),
            unsafe_allow_private_addresses=self.unsafe_allow_private_addresses,
            **found,
        )

    def _sealed(self, project_id: str, secret: ServerSecret) -> str | None:
        if self.client_secret is None:
            return None
        plain = self.client_secret.get_secret_value().encode()
        context = providers.seal_context(project_id, self.id)
        return secret.seal(SEALED_FOR, plain, context=context).hex()
