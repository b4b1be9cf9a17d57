"""Teams, permissions, connections, keys, mail and payments.

Written by ``python tools/known_errors.py`` from table.txt; change that instead.
"""

from keyturn.sdk.errors import StackApiError


class PermissionNotFound(StackApiError, code="PERMISSION_NOT_FOUND"):
    """There is no such permission."""


class PermissionScopeMismatch(StackApiError, code="WRONG_PERMISSION_SCOPE"):
    """The permission is one of the other scope."""


class ContainedPermissionNotFound(StackApiError, code="CONTAINED_PERMISSION_NOT_FOUND"):
    """A contained permission does not exist."""


class TeamNotFound(StackApiError, code="TEAM_NOT_FOUND"):
    """There is no such team."""


class TeamAlreadyExists(StackApiError, code="TEAM_ALREADY_EXISTS"):
    """There is such a team already."""


class TeamMembershipNotFound(StackApiError, code="TEAM_MEMBERSHIP_NOT_FOUND"):
    """The user is not a member of the team."""


class TeamInvitationRestrictedUserNotAllowed(
    StackApiError, code="TEAM_INVITATION_RESTRICTED_USER_NOT_ALLOWED"
):
    """A restricted user cannot accept an invitation."""


class TeamInvitationEmailMismatch(StackApiError, code="TEAM_INVITATION_EMAIL_MISMATCH"):
    """The invitation went to an address that is not the user's."""


class EmailTemplateAlreadyExists(StackApiError, code="EMAIL_TEMPLATE_ALREADY_EXISTS"):
    """There is such an e-mail template already."""


class OAuthConnectionNotConnectedToUser(
    StackApiError, code="OAUTH_CONNECTION_NOT_CONNECTED_TO_USER"
):
    """The user has no account connected there."""


class OAuthConnectionAlreadyConnectedToAnotherUser(
    StackApiError, code="OAUTH_CONNECTION_ALREADY_CONNECTED_TO_ANOTHER_USER"
):
    """The account is connected to another user."""


class OAuthConnectionDoesNotHaveRequiredScope(
    StackApiError, code="OAUTH_CONNECTION_DOES_NOT_HAVE_REQUIRED_SCOPE"
):
    """The connected account did not grant that scope."""


class OAuthAccessTokenNotAvailable(StackApiError, code="OAUTH_ACCESS_TOKEN_NOT_AVAILABLE"):
    """The provider's access token cannot be had."""


class OAuthExtraScopeNotAvailableWithSharedOAuthKeys(
    StackApiError, code="OAUTH_EXTRA_SCOPE_NOT_AVAILABLE_WITH_SHARED_OAUTH_KEYS"
):
    """Shared provider keys have no extra scopes."""


class OAuthAccessTokenNotAvailableWithSharedOAuthKeys(
    StackApiError, code="OAUTH_ACCESS_TOKEN_NOT_AVAILABLE_WITH_SHARED_OAUTH_KEYS"
):
    """Shared provider keys give no access token."""


class InvalidOAuthClientIdOrSecret(StackApiError, code="INVALID_OAUTH_CLIENT_ID_OR_SECRET"):
    """The OAuth client is not the project, or its key is wrong."""


class InvalidScope(StackApiError, code="INVALID_SCOPE"):
    """There is no such scope."""


class UserAlreadyConnectedToAnotherOAuthConnection(
    StackApiError, code="USER_ALREADY_CONNECTED_TO_ANOTHER_OAUTH_CONNECTION"
):
    """The user has another account connected there."""


class OuterOAuthTimeout(StackApiError, code="OUTER_OAUTH_TIMEOUT"):
    """The sign-in at the provider took too long."""


class OAuthProviderNotFoundOrNotEnabled(
    StackApiError, code="OAUTH_PROVIDER_NOT_FOUND_OR_NOT_ENABLED"
):
    """The project has no such provider."""


class OAuthProviderAccountIdAlreadyUsedForSignIn(
    StackApiError, code="OAUTH_PROVIDER_ACCOUNT_ID_ALREADY_USED_FOR_SIGN_IN"
):
    """That account signs somebody in already."""


class MultiFactorAuthenticationRequired(StackApiError, code="MULTI_FACTOR_AUTHENTICATION_REQUIRED"):
    """A second factor is needed; details name the attempt_code."""


class InvalidTotpCode(StackApiError, code="INVALID_TOTP_CODE"):
    """The one-time password is wrong."""


class UserAuthenticationRequired(StackApiError, code="USER_AUTHENTICATION_REQUIRED"):
    """The endpoint needs a signed-in user."""


class TeamMembershipAlreadyExists(StackApiError, code="TEAM_MEMBERSHIP_ALREADY_EXISTS"):
    """The user is a member of the team already."""


class ProjectPermissionRequired(StackApiError, code="PROJECT_PERMISSION_REQUIRED"):
    """The user lacks a permission in the project."""


class TeamPermissionRequired(StackApiError, code="TEAM_PERMISSION_REQUIRED"):
    """The user lacks a permission in the team."""


class TeamPermissionNotFound(StackApiError, code="TEAM_PERMISSION_NOT_FOUND"):
    """The user does not have that permission in the team."""


class InvalidSharedOAuthProviderId(StackApiError, code="INVALID_SHARED_OAUTH_PROVIDER_ID"):
    """There is no such shared provider."""


class InvalidStandardOAuthProviderId(StackApiError, code="INVALID_STANDARD_OAUTH_PROVIDER_ID"):
    """There is no such standard provider."""


class InvalidAuthorizationCode(StackApiError, code="INVALID_AUTHORIZATION_CODE"):
    """The authorization code is not valid."""


class InvalidAppleCredentials(StackApiError, code="INVALID_APPLE_CREDENTIALS"):
    """The Apple sign-in was not accepted."""


class OAuthProviderAccessDenied(StackApiError, code="OAUTH_PROVIDER_ACCESS_DENIED"):
    """The provider, or its user, said no."""


class OAuthProviderTemporarilyUnavailable(
    StackApiError, code="OAUTH_PROVIDER_TEMPORARILY_UNAVAILABLE"
):
    """The provider does not answer just now."""


class ContactChannelAlreadyUsedForAuthBySomeoneElse(
    StackApiError, code="CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE"
):
    """Somebody else signs in with that address."""


class InvalidPollingCode(StackApiError, code="INVALID_POLLING_CODE"):
    """The polling code is unknown."""


class CliAuthError(StackApiError, code="CLI_AUTH_ERROR"):
    """The sign-in of a command-line program failed."""


class CliAuthExpired(CliAuthError, code="CLI_AUTH_EXPIRED_ERROR"):
    """Nobody confirmed the sign-in in time."""


class CliAuthUsed(CliAuthError, code="CLI_AUTH_USED_ERROR"):
    """The sign-in's tokens have been fetched already."""


class ApiKeyNotValid(StackApiError, code="API_KEY_NOT_VALID"):
    """The API key is not valid."""


class ApiKeyExpired(ApiKeyNotValid, code="API_KEY_EXPIRED"):
    """The API key has expired."""


class ApiKeyRevoked(ApiKeyNotValid, code="API_KEY_REVOKED"):
    """The API key has been revoked."""


class WrongApiKeyType(ApiKeyNotValid, code="WRONG_API_KEY_TYPE"):
    """The API key is of the other kind."""


class ApiKeyNotFound(ApiKeyNotValid, code="API_KEY_NOT_FOUND"):
    """There is no such API key."""


class PublicApiKeyCannotBeRevoked(ApiKeyNotValid, code="PUBLIC_API_KEY_CANNOT_BE_REVOKED"):
    """A public API key cannot be revoked that way."""


class PermissionIdAlreadyExists(StackApiError, code="PERMISSION_ID_ALREADY_EXISTS"):
    """There is such a permission already."""


class EmailRenderingError(StackApiError, code="EMAIL_RENDERING_ERROR"):
    """The e-mail could not be rendered."""


class RequiresCustomEmailServer(StackApiError, code="REQUIRES_CUSTOM_EMAIL_SERVER"):
    """The project needs a mail server of its own for that."""


class EmailCapacityBoostAlreadyActive(StackApiError, code="EMAIL_CAPACITY_BOOST_ALREADY_ACTIVE"):
    """The boost of the e-mail capacity is running already."""


class ItemNotFound(StackApiError, code="ITEM_NOT_FOUND"):
    """There is no such item."""


class ItemCustomerTypeDoesNotMatch(StackApiError, code="ITEM_CUSTOMER_TYPE_DOES_NOT_MATCH"):
    """The item is not for that kind of customer."""


class CustomerDoesNotExist(StackApiError, code="CUSTOMER_DOES_NOT_EXIST"):
    """There is no such customer."""


class ProductDoesNotExist(StackApiError, code="PRODUCT_DOES_NOT_EXIST"):
    """There is no such product."""


class ProductCustomerTypeDoesNotMatch(StackApiError, code="PRODUCT_CUSTOMER_TYPE_DOES_NOT_MATCH"):
    """The product is not for that kind of customer."""


class ProductAlreadyGranted(StackApiError, code="PRODUCT_ALREADY_GRANTED"):
    """The customer has that product already."""


class ItemQuantityInsufficientAmount(StackApiError, code="ITEM_QUANTITY_INSUFFICIENT_AMOUNT"):
    """The customer has less of the item than that."""


class StripeAccountInfoNotFound(StackApiError, code="STRIPE_ACCOUNT_INFO_NOT_FOUND"):
    """The project takes no payments yet."""


class DefaultPaymentMethodRequired(StackApiError, code="DEFAULT_PAYMENT_METHOD_REQUIRED"):
    """The customer has no default payment method."""


class NewPurchasesBlocked(StackApiError, code="NEW_PURCHASES_BLOCKED"):
    """The project sells nothing just now."""
