"""The JSON of mailed sign-in codes."""

from __future__ import annotations

from keyturn.server.accounts.wire import Email  # noqa: TC001 - pydantic reads the annotation
from keyturn.server.stack.callback import CallbackUrl  # noqa: TC001 - pydantic reads it too
from keyturn.server.stack.endpoint import Wire


class SendSignInCode(Wire):
    """Whom to mail, and where the link leads: an origin that the project lists.

    The challenge members are accepted and have no meaning here.
    """

    email: Email
    callback_url: CallbackUrl
    bot_challenge_token: str | None = None
    bot_challenge_phase: str | None = None
    bot_challenge_unavailable: str | None = None


class SignInCodeSent(Wire):
    """The long part of the code: six typed characters and this are a code."""

    nonce: str


class SignedInByCode(Wire):
    """A new session's tokens, and whether its account is new as well."""

    access_token: str
    refresh_token: str
    is_new_user: bool
    user_id: str
