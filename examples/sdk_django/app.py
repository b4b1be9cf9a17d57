"""Notes: a Django app for people who have signed in. Run it with ``python app.py runserver``."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from keyturn import ServerUnreachable
from keyturn.sdk import Async, ServerUser, StackServerApp

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1", "localhost", "testserver"],
    SECRET_KEY=os.environ.get("DJANGO_SECRET_KEY", "only for this computer"),
    MIDDLEWARE=[f"{__name__}.OutOfReach"],
)

BASE = os.environ.get("STACK_BASE_URL", "http://127.0.0.1:8102")
PROJECT = os.environ.get("STACK_PROJECT_ID", "default")
KEY = os.environ.get("STACK_SECRET_SERVER_KEY", "")

# One for ordinary views, one for async ones.
stack = StackServerApp(base_url=BASE, project_id=PROJECT, secret_server_key=KEY)
awaitable = StackServerApp[Async](base_url=BASE, project_id=PROJECT, secret_server_key=KEY)

View = Callable[..., HttpResponse]


def signed_in(view: View) -> View:
    """Hand the view whoever sent the request; its x-stack-auth header carries their session."""

    @wraps(view)
    def guarded(request: HttpRequest, **named: Any) -> HttpResponse:
        user = stack.get_user(token_store=request)
        if user is None:
            return JsonResponse({"detail": "Sign in first."}, status=401)
        return view(request, user, **named)

    return guarded


@signed_in
def notes(request: HttpRequest, user: ServerUser) -> HttpResponse:
    kept = user.server_metadata or {}
    found = kept.get("notes", [])
    if request.method != "POST":
        return JsonResponse(found, safe=False)
    found = [*found, request.GET["text"]]
    user.set_server_metadata({**kept, "notes": found})
    return JsonResponse(found, safe=False, status=201)


@signed_in
def secrets(request: HttpRequest, user: ServerUser, team_id: str) -> HttpResponse:
    if not user.has_permission("team_admin", team=team_id):
        return JsonResponse({"detail": "Only the team's administrators may."}, status=403)
    return JsonResponse("the cellar key is under the mat", safe=False)


async def greeting(request: HttpRequest) -> HttpResponse:
    user = await awaitable.get_user(token_store=request)
    return JsonResponse(f"Hello, {user.primary_email if user else 'stranger'}.", safe=False)


class OutOfReach:
    """Middleware: say that it is not the visitor's fault."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, ServerUnreachable):
            return JsonResponse({"detail": str(error)}, status=503)
        return None


urlpatterns = [
    path("notes", notes),
    path("teams/<team_id>/secrets", secrets),
    path("greeting", greeting),
]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
