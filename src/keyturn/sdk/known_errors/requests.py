"""What is wrong with a request, its project, its keys or its session.

Written by ``python tools/known_errors.py`` from table.txt; change that instead.
"""

from keyturn.sdk.errors import StackApiError


class UnsupportedError(StackApiError, code="UNSUPPORTED_ERROR"):
    """The server met an error that this kind of client is not told about."""


class BodyParsingError(StackApiError, code="BODY_PARSING_ERROR"):
    """The server could not read the body of the request."""


class SchemaError(StackApiError, code="SCHEMA_ERROR"):
    """The request has missing, wrong or unknown members."""


class AllOverloadsFailed(StackApiError, code="ALL_OVERLOADS_FAILED"):
    """The request fits none of the endpoint's forms."""


class ProjectAuthenticationError(StackApiError, code="PROJECT_AUTHENTICATION_ERROR"):
    """The request does not prove that it speaks for the project."""


class InvalidProjectAuthentication(
    ProjectAuthenticationError, code="INVALID_PROJECT_AUTHENTICATION"
):
    """What the request says about its project is wrong."""


class ProjectKeyWithoutAccessType(
    InvalidProjectAuthentication, code="PROJECT_KEY_WITHOUT_ACCESS_TYPE"
):
    """There is a key, but no access type."""


class InvalidAccessType(InvalidProjectAuthentication, code="INVALID_ACCESS_TYPE"):
    """The access type is none of client, server and admin."""


class AccessTypeWithoutProjectId(
    InvalidProjectAuthentication, code="ACCESS_TYPE_WITHOUT_PROJECT_ID"
):
    """There is an access type, but no project."""


class AccessTypeRequired(InvalidProjectAuthentication, code="ACCESS_TYPE_REQUIRED"):
    """The access type is missing."""


class InsufficientAccessType(InvalidProjectAuthentication, code="INSUFFICIENT_ACCESS_TYPE"):
    """The endpoint asks for more than this access type."""


class InvalidPublishableClientKey(
    InvalidProjectAuthentication, code="INVALID_PUBLISHABLE_CLIENT_KEY"
):
    """The publishable client key is not one of the project's."""


class InvalidSecretServerKey(InvalidProjectAuthentication, code="INVALID_SECRET_SERVER_KEY"):
    """The secret server key is not one of the project's."""


class InvalidSuperSecretAdminKey(
    InvalidProjectAuthentication, code="INVALID_SUPER_SECRET_ADMIN_KEY"
):
    """The super secret admin key is not one of the project's."""


class InvalidAdminAccessToken(InvalidProjectAuthentication, code="INVALID_ADMIN_ACCESS_TOKEN"):
    """The admin access token is not good for this project."""


class UnparsableAdminAccessToken(InvalidAdminAccessToken, code="UNPARSABLE_ADMIN_ACCESS_TOKEN"):
    """The admin access token cannot be read."""


class AdminAccessTokenExpired(InvalidAdminAccessToken, code="ADMIN_ACCESS_TOKEN_EXPIRED"):
    """The admin access token has expired."""


class InvalidProjectForAdminAccessToken(
    InvalidAdminAccessToken, code="INVALID_PROJECT_FOR_ADMIN_ACCESS_TOKEN"
):
    """The admin access token is of another project."""


class AdminAccessTokenIsNotAdmin(InvalidAdminAccessToken, code="ADMIN_ACCESS_TOKEN_IS_NOT_ADMIN"):
    """The admin access token's user is no admin of the project."""


class ProjectAuthenticationRequired(
    ProjectAuthenticationError, code="PROJECT_AUTHENTICATION_REQUIRED"
):
    """The project's key is missing."""


class ClientAuthenticationRequired(
    ProjectAuthenticationRequired, code="CLIENT_AUTHENTICATION_REQUIRED"
):
    """The publishable client key is missing."""


class PublishableClientKeyRequiredForProject(
    ProjectAuthenticationRequired, code="PUBLISHABLE_CLIENT_KEY_REQUIRED_FOR_PROJECT"
):
    """This project asks for its publishable client key."""


class ServerAuthenticationRequired(
    ProjectAuthenticationRequired, code="SERVER_AUTHENTICATION_REQUIRED"
):
    """The secret server key is missing."""


class ClientOrServerAuthenticationRequired(
    ProjectAuthenticationRequired, code="CLIENT_OR_SERVER_AUTHENTICATION_REQUIRED"
):
    """A client key or a server key is missing."""


class ClientOrAdminAuthenticationRequired(
    ProjectAuthenticationRequired, code="CLIENT_OR_ADMIN_AUTHENTICATION_REQUIRED"
):
    """A client key or an admin key is missing."""


class ClientOrServerOrAdminAuthenticationRequired(
    ProjectAuthenticationRequired, code="CLIENT_OR_SERVER_OR_ADMIN_AUTHENTICATION_REQUIRED"
):
    """Any key is missing."""


class AdminAuthenticationRequired(
    ProjectAuthenticationRequired, code="ADMIN_AUTHENTICATION_REQUIRED"
):
    """The admin key is missing."""


class ExpectedInternalProject(ProjectAuthenticationError, code="EXPECTED_INTERNAL_PROJECT"):
    """The endpoint is one of the internal project's."""


class SessionAuthenticationError(StackApiError, code="SESSION_AUTHENTICATION_ERROR"):
    """The request does not prove whose session it belongs to."""


class InvalidSessionAuthentication(
    SessionAuthenticationError, code="INVALID_SESSION_AUTHENTICATION"
):
    """What the request says about its session is wrong."""


class InvalidAccessToken(InvalidSessionAuthentication, code="INVALID_ACCESS_TOKEN"):
    """The access token is not good here."""


class UnparsableAccessToken(InvalidAccessToken, code="UNPARSABLE_ACCESS_TOKEN"):
    """The access token cannot be read."""


class AccessTokenExpired(InvalidAccessToken, code="ACCESS_TOKEN_EXPIRED"):
    """The access token has expired."""


class InvalidProjectForAccessToken(InvalidAccessToken, code="INVALID_PROJECT_FOR_ACCESS_TOKEN"):
    """The access token is of another project."""


class RefreshTokenError(StackApiError, code="REFRESH_TOKEN_ERROR"):
    """The refresh token cannot be used."""


class RefreshTokenNotFoundOrExpired(RefreshTokenError, code="REFRESH_TOKEN_NOT_FOUND_OR_EXPIRED"):
    """The refresh token is unknown, or its session has ended."""


class CannotDeleteCurrentSession(RefreshTokenError, code="CANNOT_DELETE_CURRENT_SESSION"):
    """The current session can only be signed out."""


class ProviderRejected(RefreshTokenError, code="PROVIDER_REJECTED"):
    """The provider did not renew its own token."""
