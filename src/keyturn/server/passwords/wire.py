"""The JSON of setting, changing and replacing passwords."""

from __future__ import annotations

from typing import Literal

from keyturn.server.accounts.wire import Email  # noqa: TC001 - pydantic reads the annotation
from keyturn.server.one_time.wire import CodeRequest
from keyturn.server.stack.callback import CallbackUrl  # noqa: TC001 - pydantic reads it too
from keyturn.server.stack.endpoint import Wire

Maybe = Literal["maybe, only if user with e-mail exists"]


class SendResetCode(Wire):
    """Whom to mail, and where the link leads: an origin that the project lists."""

    email: Email
    callback_url: CallbackUrl


class ResetCodeSent(Wire):
    """Always the same: the answer does not tell whether the address has an account."""

    success: Maybe = "maybe, only if user with e-mail exists"


class ResetPassword(CodeRequest):
    """A mailed code and the new password."""

    password: str


class SetPassword(Wire):
    """A first password."""

    password: str


class UpdatePassword(Wire):
    """The password so far, and the next one."""

    old_password: str
    new_password: str
