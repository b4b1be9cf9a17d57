"""Checking the request that sends somebody to a provider: program, person, addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.server.external_sign_in import rules
from keyturn.server.external_sign_in.rules import Asked
from keyturn.server.stack import caller_errors, errors
from keyturn.server.stack.caller import claims_of, owner_of

if TYPE_CHECKING:
    from keyturn.server.external_sign_in.wire import AuthorizeQuery
    from keyturn.server.projects.providers import Provider
    from keyturn.server.projects.rules import Project
    from keyturn.server.services import Services

# What clients send as client_secret where a project asks for no publishable key.
NO_KEY = "__stack_public_client__"
SCOPE = "legacy"


async def authorized_project(services: Services, query: AuthorizeQuery) -> Project:
    """Return the project that client_id and client_secret stand for."""
    project = await services.projects.find(query.client_id)
    if project is None:
        raise errors.invalid_oauth_client(query.client_id)
    if query.client_secret in ("", NO_KEY):
        if project.config.publishable_client_key_required:
            raise caller_errors.publishable_client_key_required(project.id)
    elif await services.projects.key_kind(project.id, query.client_secret) != (
        "publishable_client_key"
    ):
        raise caller_errors.wrong_key("client", project.id)
    return project


async def checked_request(
    services: Services, project: Project, provider: Provider, query: AuthorizeQuery
) -> Asked:
    """Return what is asked for, once it is known that nobody is led to a stranger."""
    if query.type == "link" and not query.token:
        raise errors.StatusError(400, "?token= query parameter is required for link type")
    user_id = await _signed_in_user_id(services, project, query.token) if query.token else None
    if query.scope != SCOPE:
        raise errors.StatusError(400, f"The only scope is {SCOPE}")
    error_redirect = query.error_redirect_uri or query.error_redirect_url
    _refuse_strangers(services, project, query, error_redirect)
    return Asked(
        provider_id=provider.id,
        purpose=query.type,
        user_id=user_id,
        redirect_uri=rules.without_fragment(query.redirect_uri),
        state=query.state,
        code_challenge=query.code_challenge,
        provider_scope=query.provider_scope or None,
        error_redirect_uri=error_redirect,
        after_callback_redirect_url=query.after_callback_redirect_url,
    )


async def _signed_in_user_id(services: Services, project: Project, token: str) -> str:
    """Return whose access token it is. The checks are those of the header (S-4)."""
    claims = await claims_of(services, token)
    if claims.project_id != project.id:
        raise errors.StatusError(403, "The access token is not valid for this project")
    user, _ = await owner_of(services, claims)
    return user.id


def _refuse_strangers(
    services: Services, project: Project, query: AuthorizeQuery, error_redirect: str | None
) -> None:
    afterwards = query.after_callback_redirect_url
    if afterwards is not None and rules.is_path_here(afterwards):
        afterwards = None
    urls = (query.redirect_uri, error_redirect, afterwards)
    base_url = services.settings.issuer
    if rules.leads_to_a_stranger(urls, project.config, base_url=base_url):
        raise errors.redirect_url_not_whitelisted()
