"""From a request to an answer: the pipeline that every endpoint of the Stack-compatible API runs.

Order (S-4): headers, access type, query, body, then the handler. Whatever goes wrong anywhere
becomes an answer here; nothing is left to a framework's own error pages.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from keyturn.server.http.body import media_type, parse_form, parse_json, read_body
from keyturn.server.http.errors import BodyUnreadable
from keyturn.server.http.limits import Limit
from keyturn.server.http.origin import subscriber
from keyturn.server.stack import answers, errors
from keyturn.server.stack.caller import check_access, identify
from keyturn.server.stack.endpoint import Call, Nothing, Wire
from keyturn.server.stack.headers import NO_STORE, StackHeaders
from keyturn.server.stack.redirect import Redirect, redirect_answer
from keyturn.server.waiting import Later

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from keyturn.server.services import Services
    from keyturn.server.stack.endpoint import Endpoint

W = TypeVar("W", bound=Wire)

MOST_PROBLEMS = 20
# People make a few new accounts and sign-ins; a program gone wild thousands.
MOST_PER_MINUTE = 600


async def serve(endpoint: Endpoint, request: Request) -> Response | Later[Response]:
    """Answer one request, or say what waits for its answer."""
    services: Services = request.app.state.services
    headers = StackHeaders.read(request.scope["headers"])
    try:
        call = await _checked(endpoint, request, services, headers)
        await _limit_volume(endpoint, call)
        found = await endpoint.handler(call)
    except Exception as error:
        return answers.error_answer(error, headers, now=services.clock.now_ms())
    if isinstance(found, Redirect):
        return redirect_answer(found, request_id=answers.new_request_id())
    if isinstance(found, Later):
        return Later(partial(_serve_later, endpoint, services, headers.of_answers(), found))
    return _good(endpoint, headers, found)


async def _serve_later(
    endpoint: Endpoint, services: Services, headers: StackHeaders, waited: Later[Wire]
) -> Response:
    try:
        return _good(endpoint, headers, await waited.answer())
    except Exception as error:
        return answers.error_answer(error, headers, now=services.clock.now_ms())


def _good(endpoint: Endpoint, headers: StackHeaders, found: Wire) -> Response:
    return answers.json_answer(
        found.model_dump(),
        headers,
        status=endpoint.statuses[type(found)],
        cache=endpoint.cache or NO_STORE,
    )


async def _limit_volume(endpoint: Endpoint, call: Call[Any, Any]) -> None:
    if not endpoint.makes_rows or call.services.settings.rate_limits == "off":
        return
    ip = call.counted_ip
    if ip is not None:
        name = f"volume of {endpoint.path} for {subscriber(ip)}"
        await call.services.limits.take([Limit(name, MOST_PER_MINUTE, 60)])


async def _checked(
    endpoint: Endpoint, request: Request, services: Services, headers: StackHeaders
) -> Call[Any, Any]:
    caller = await identify(services, headers, ended_session_is_fine=endpoint.ended_session_is_fine)
    if endpoint.access is not None:
        caller = check_access(caller, endpoint.access)
    return Call(
        services=services,
        request=request,
        headers=headers,
        found_caller=caller,
        path=_path(request),
        query=_query(endpoint, request),
        body=await _body(endpoint, request),
    )


def _path(request: Request) -> dict[str, str]:
    found = {name: str(value) for name, value in request.path_params.items()}
    if any("\0" in value for value in found.values()):
        raise _refused(request, ["path must not hold a NUL character"])
    return found


def _query(endpoint: Endpoint, request: Request) -> Wire:
    pairs = request.query_params.multi_items()
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _refused(request, ["query names a parameter twice"])
    if any("\0" in text for pair in pairs for text in pair):
        raise _refused(request, ["query must not hold a NUL character"])
    return _valid(endpoint.query, found, request, "query")


async def _body(endpoint: Endpoint, request: Request) -> Wire:
    raw = b"" if endpoint.method == "GET" else await read_body(request, most=endpoint.most_bytes)
    if not raw:
        if endpoint.body_required and endpoint.body is not Nothing:
            raise _refused(request, ["body must be present"])
        return _valid(endpoint.body, {}, request, "body")
    return _valid(endpoint.body, _parsed(endpoint, request, raw), request, "body")


def _parsed(endpoint: Endpoint, request: Request, raw: bytes) -> Any:
    kind = media_type(request)
    if kind == "application/json":
        return parse_json(raw)
    if kind == "application/x-www-form-urlencoded" and endpoint.form:
        pairs = parse_form(raw)
        found = dict(pairs)
        if len(found) != len(pairs):
            raise BodyUnreadable("the form names a field twice")
        return found
    raise BodyUnreadable("its content type is not application/json")


def _valid(model: type[W], value: Any, request: Request, part: str) -> W:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        problems = [
            f"{'.'.join((part, *(str(step) for step in one['loc'])))}: {one['msg']}"
            for one in found[:MOST_PROBLEMS]
        ]
        raise _refused(request, problems) from None


def _refused(request: Request, problems: list[str]) -> errors.KnownError:
    return errors.schema_error(request.method, request.url.path, problems)
