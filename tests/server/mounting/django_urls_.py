"""The addresses of the Django host."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path


def login(request: HttpRequest) -> HttpResponse:
    """Sign in whoever is named."""
    request.session["user"] = request.GET["user"]
    return HttpResponseRedirect(request.GET["next"])


def logout(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    request.session.flush()
    return HttpResponse("signed out")


def home(request: HttpRequest) -> HttpResponse:
    """Say who is signed in."""
    return HttpResponse(str(request.session.get("user")))


urlpatterns = [path("", home), path("login", login), path("logout", logout)]
