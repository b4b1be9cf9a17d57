"""``auth.requests()``: an auth object for requests, its sessions and its functions.

Requests calls this once, before the first request, and follows redirects above it by copying that
request. It drops ``Authorization`` where host, port or scheme change, but not from http to https;
here that is another origin as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from requests.auth import AuthBase
from requests.exceptions import RequestException
from requests.utils import rewind_body

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

    from keyturn.client.adapters.bearer import Bearer, Issued


class RequestsAuth(AuthBase):
    """Puts the token on requests to one origin; after a 401 renews it and repeats the request.

    Once, and only where the body is held in memory or is a file that can be wound back. Otherwise
    the 401 stands, with a warning, and the next request has a good token.

    Args:
        bearer: Whose tokens, and for which origin.
    """

    def __init__(self, bearer: Bearer) -> None:
        self._bearer = bearer

    def __repr__(self) -> str:
        return f"RequestsAuth({self._bearer!r})"

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Prepare one request."""
        if self._bearer.is_for(r.url or ""):
            issued = self._bearer.issue()
            r.headers["Authorization"] = issued.header
            r.register_hook("response", _Answers(self._bearer, issued))
        return r


class _Answers:
    """Looks at every answer on one request's way, its redirects included."""

    def __init__(self, bearer: Bearer, issued: Issued) -> None:
        self._bearer = bearer
        self._issued = issued
        self._repeated = False

    def __call__(self, response: Response, **how: Any) -> Response:
        if response.request.headers.get("Authorization") != self._issued.header:
            return response  # It went elsewhere, without our token.
        if response.status_code == 401 and not self._repeated:
            response = self._after_rejection(response, how)
        if response.is_redirect and not self._leads_to_us(response):
            del response.request.headers["Authorization"]  # What follows is made from this one.
        return response

    def _after_rejection(self, response: Response, how: dict[str, Any]) -> Response:
        self._repeated = True
        request = response.request
        try:
            renewed = self._bearer.instead_of(self._issued)
        except BaseException:
            response.close()  # Nobody else has it, and its connection is still open.
            raise
        if renewed is None:
            return response
        if not _is_wound_back(request):
            self._bearer.could_not_repeat()
            return response
        response.content  # noqa: B018 - read to its end, so that the connection can be used again
        response.close()
        self._issued = renewed
        # The request itself and no copy: whatever it is redirected to is made from its headers.
        request.headers["Authorization"] = renewed.header
        answer: Response = response.connection.send(request, **how)
        answer.history.append(response)
        return answer

    def _leads_to_us(self, response: Response) -> bool:
        try:
            target = urljoin(response.url, response.headers["location"])
        except ValueError:  # No URL at all, as requests will say.
            return False
        return self._bearer.is_for(target)


def _is_wound_back(request: PreparedRequest) -> bool:
    """Wind a file back to where it was begun; say whether the body can be sent (again)."""
    if request.body is None or isinstance(request.body, str | bytes):
        return True
    try:
        rewind_body(request)
    except (RequestException, OSError):
        return False
    return True
