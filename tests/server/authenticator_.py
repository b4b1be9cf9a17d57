"""Somebody's authenticator app: it holds a secret and shows the code of the moment."""

import base64
import os

from keyturn.server.mfa.rules import hotp, step_at
from tests.server.in_process_ import SetClock


class Authenticator:
    """Shows codes by the server's clock, which a test moves."""

    def __init__(self, clock: SetClock) -> None:
        self.clock, self.secret = clock, os.urandom(20)

    @property
    def secret_base64(self) -> str:
        return base64.b64encode(self.secret).decode()

    def shows(self, *, steps: int = 0) -> str:
        """Return the code of this step, or of one that is ``steps`` away."""
        return hotp(self.secret, step_at(self.clock.now) + steps)

    def wrong(self) -> str:
        """Return digits that open nothing now."""
        good = {self.shows(steps=step) for step in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in good)
