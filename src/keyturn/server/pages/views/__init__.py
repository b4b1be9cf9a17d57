"""One frozen view for each page: everything it shows, and nothing it has to look up.

Texts are plain and may come from strangers; rendering cleans, escapes and isolates them.
"""

from keyturn.server.pages.views.confirm import (
    ConfirmKind,
    ConfirmPage,
    DevicePage,
    GuestAttached,
    HandoverPage,
    InvalidCodePage,
    Origin,
    Place,
    UsedPage,
    Verdict,
)
from keyturn.server.pages.views.frame import Account, Frame, Page
from keyturn.server.pages.views.mailed import (
    ForgotPasswordPage,
    NewPasswordPage,
    ResetSentPage,
    VerifyEmailPage,
)
from keyturn.server.pages.views.outcomes import (
    DeniedPage,
    DonePage,
    EndedPage,
    ErrorKind,
    ErrorPage,
    NotFoundPage,
    TooManyPage,
    WrongClientPage,
)
from keyturn.server.pages.views.sessions import (
    BrowserSession,
    ProgramSession,
    SessionAlert,
    SessionsNotice,
    SessionsPage,
)
from keyturn.server.pages.views.sign_in import (
    Guest,
    LinkOpenedPage,
    LinkSentPage,
    PasswordPage,
    Provider,
    SecondFactorPage,
    SignInNotice,
    SignInPage,
    SignUpPage,
)

__all__ = [
    "Account",
    "BrowserSession",
    "ConfirmKind",
    "ConfirmPage",
    "DeniedPage",
    "DevicePage",
    "DonePage",
    "EndedPage",
    "ErrorKind",
    "ErrorPage",
    "ForgotPasswordPage",
    "Frame",
    "Guest",
    "GuestAttached",
    "HandoverPage",
    "InvalidCodePage",
    "LinkOpenedPage",
    "LinkSentPage",
    "NewPasswordPage",
    "NotFoundPage",
    "Origin",
    "Page",
    "PasswordPage",
    "Place",
    "ProgramSession",
    "Provider",
    "ResetSentPage",
    "SecondFactorPage",
    "SessionAlert",
    "SessionsNotice",
    "SessionsPage",
    "SignInNotice",
    "SignInPage",
    "SignUpPage",
    "TooManyPage",
    "UsedPage",
    "Verdict",
    "VerifyEmailPage",
    "WrongClientPage",
]
