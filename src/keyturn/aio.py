"""Sign-in for programs that run on asyncio: ``keyturn.aio.Auth`` is ``keyturn.Auth``, awaitable."""

from keyturn.client.aio import Auth

__all__ = ["Auth"]
