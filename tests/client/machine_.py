"""One person's machine: a home, a clock that tests move, a browser that does as it is told."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from keyturn.client.auth import Auth
from keyturn.client.effects import Effects
from keyturn.client.runtime import Runtime
from keyturn.protocol.tokens import Account, Endpoints, Session
from tests.issuers_.issuer_ import CLIENT_ID, Family, Issuer


@dataclass
class Machine:
    """Effects that nobody outside the test notices.

    Attributes:
        home: Where sessions are kept.
        ahead: How far this machine's clocks are ahead of real time, in seconds.
        warnings: What the person was told.
        traced: What ``--verbose`` was told.
        opened: The links a browser was started for.
        slept: The seconds that were asked for; they pass at once.
    """

    home: Path
    ahead: float = 0.0
    warnings: list[str] = field(default_factory=list)
    traced: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    @property
    def effects(self) -> Effects:
        return Effects(
            now=self.now,
            monotonic=lambda: time.monotonic() + self.ahead,
            sleep=self.sleep,
            open_url=self.open_url,
            warn=self.warnings.append,
            trace=self.traced.append,
        )

    def now(self) -> float:
        return time.time() + self.ahead  # noqa: TID251 - a test's own clock

    def sleep(self, seconds: float) -> None:
        """Let time pass at once, but for the few milliseconds between two tries of a lock."""
        self.slept.append(seconds)
        if seconds < 0.1:
            time.sleep(seconds)
        else:
            self.ahead += seconds

    def open_url(self, url: str) -> bool:
        self.opened.append(url)
        return True

    def auth(self, server: Issuer, **options: object) -> Auth:
        """Return acme's Auth on this machine."""
        fields: dict[str, object] = {"issuer": server.url, "client_id": CLIENT_ID}
        return Auth(
            "acme",
            home=str(self.home),
            effects=self.effects,
            **{**fields, **options},  # type: ignore[arg-type]
        )

    def runtime(self, issuer: Issuer) -> Runtime:
        """Return the parts behind ``auth``."""
        return self.auth(issuer)._runtime()

    def signed_in(
        self, issuer: Issuer, *, due: bool = False, pin: bool = True, **changes: object
    ) -> tuple[Session, Family]:
        """Store a session that ``issuer`` knows, and return both sides of it."""
        family = issuer.start()
        answer = issuer.tokens(family)
        ends = self.now() + (-1 if due else 600)
        fields: dict[str, object] = {
            "account": Account(id=family.subject, email=f"{family.subject}@example.com"),
            "issuer": issuer.url,
            "client_id": CLIENT_ID,
            "access_token": answer["access_token"],
            "refresh_token": answer["refresh_token"],
            "issued_at": ends - 600,
            "expires_at": ends,
            "session_id": family.id,
            "generation": family.generation,
            "endpoints": Endpoints(
                token=f"{issuer.url}/oauth/token",
                revocation=f"{issuer.url}/oauth/revoke",
                userinfo=f"{issuer.url}/oauth/userinfo",
            ),
        }
        session = Session(**{**fields, **changes})  # type: ignore[arg-type]
        return self.runtime(issuer).store.put(session, pin=pin), family
