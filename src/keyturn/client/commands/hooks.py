"""What a program's author may hang into the commands (K-67)."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ParamSpec, TypedDict, TypeVar

    from keyturn.client.commands.output import Console
    from keyturn.client.session import LogoutOutcome, SessionInfo

    P = ParamSpec("P")
    T = TypeVar("T")
    Document = dict[str, Any]

    class HookFunctions(TypedDict, total=False):
        """What every attacher takes by keyword, as Hooks describes it."""

        fetch_live: "Callable[[Bundle], Document] | None"
        render_text: "Callable[[Document], str] | None"
        render_json: "Callable[[Document], Document] | None"
        on_not_signed_in: "Callable[[], object] | None"
        on_signed_out: "Callable[[LogoutOutcome], object] | None"
        revoke: "Callable[[Bundle], bool | None] | None"


class Bundle:
    """What ``fetch_live`` and ``revoke`` are given.

    Attributes:
        access_token: For the ``Authorization`` header of the program's own API. Valid now; for
            ``revoke`` it is the stored one, which ``session.expires_at`` says the end of.
        session: What the store knows of it; ``None`` when the token is from the environment.
    """

    __slots__ = ("access_token", "session")

    def __init__(self, access_token: str, session: "SessionInfo | None") -> None:
        self.access_token: str = access_token
        self.session: SessionInfo | None = session

    def __repr__(self) -> str:
        return f"Bundle(session={self.session!r})"


class Hooks:
    """Optional functions of the program's author. An error in one never loses a session.

    Args:
        fetch_live: Given a Bundle, asks the program's own API who it belongs to and returns
            what to show; used by ``whoami --online`` and ``status --online`` instead of userinfo.
        render_text: Given the document of ``--json``, returns the text that ``status`` or
            ``whoami`` prints instead of its own.
        render_json: Given that document, returns the one to print.
        on_not_signed_in: Called when a command needs a sign-in first, before its error is shown.
        on_signed_out: Called with each LogoutOutcome after an account was signed out.
        revoke: Given a Bundle, ends what the session began at the program's own API, and returns
            True; False where that failed. Called by ``logout`` while the session is still stored;
            the sign-in server is told next, and the session forgotten whatever either says. Under
            ``--all``, once for each account, on threads. Give its request a short time limit.
    """

    __slots__ = (
        "fetch_live",
        "on_not_signed_in",
        "on_signed_out",
        "render_json",
        "render_text",
        "revoke",
    )

    def __init__(
        self,
        *,
        fetch_live: "Callable[[Bundle], Document] | None" = None,
        render_text: "Callable[[Document], str] | None" = None,
        render_json: "Callable[[Document], Document] | None" = None,
        on_not_signed_in: "Callable[[], object] | None" = None,
        on_signed_out: "Callable[[LogoutOutcome], object] | None" = None,
        revoke: "Callable[[Bundle], bool | None] | None" = None,
    ) -> None:
        self.fetch_live: Callable[[Bundle], Document] | None = fetch_live
        self.render_text: Callable[[Document], str] | None = render_text
        self.render_json: Callable[[Document], Document] | None = render_json
        self.on_not_signed_in: Callable[[], object] | None = on_not_signed_in
        self.on_signed_out: Callable[[LogoutOutcome], object] | None = on_signed_out
        self.revoke: Callable[[Bundle], bool | None] | None = revoke


def call_hook(
    console: "Console", hook: "Callable[P, T]", *args: "P.args", **kwargs: "P.kwargs"
) -> "T | None":
    """Call one hook; when it fails, say so by the error's type alone and go on without it.

    The error's text stays unsaid: it is the program's, and may hold what it was working on.
    """
    try:
        return hook(*args, **kwargs)
    except Exception as error:
        name = getattr(hook, "__name__", "a hook")
        console.mark("warn", f"{name} of this program failed ({type(error).__name__}).")
        return None
