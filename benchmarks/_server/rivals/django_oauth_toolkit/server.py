"""django-oauth-toolkit on SQLite, under gunicorn, with its own defaults: rotation on.

Reuse protection is on too, as its manual recommends. SQLite is set to WAL with synchronous = FULL
and immediate transactions, so that what is answered is on the disk and writers wait for each other.
Run as a program it fills the database, prints one JSON line with its port, and becomes gunicorn.
"""

import datetime
import hashlib
import json
import os
import secrets
import socket
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

settings.configure(
    SECRET_KEY="a key of the benchmarks",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["STORE"],
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 30,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
            },
        }
    },
    OAUTH2_PROVIDER={
        "SCOPES": {"read": "read", "introspection": "introspection"},
        "ACCESS_TOKEN_EXPIRE_SECONDS": 600,
        "REFRESH_TOKEN_REUSE_PROTECTION": True,
    },
)
application = get_wsgi_application()
urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]


def fill():
    """Make the database and what the benchmark asks for in it."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import transaction
    from oauth2_provider.models import AccessToken, Application, DeviceGrant, RefreshToken

    call_command("migrate", verbosity=0, stdout=sys.stderr)
    now = datetime.datetime.now(datetime.UTC)
    ends = now + datetime.timedelta(hours=2)
    tokens, codes = [], []
    with transaction.atomic():
        app = Application.objects.create(
            client_id="acme-cli", client_type="public", client_secret="",
            authorization_grant_type="authorization-code",
            redirect_uris="http://127.0.0.1/callback",
        )  # fmt: skip
        polling = Application.objects.create(
            client_id="acme-device", client_type="public", client_secret="",
            authorization_grant_type="urn:ietf:params:oauth:grant-type:device_code",
        )  # fmt: skip

        def access(user, scope):
            text = secrets.token_urlsafe(24)
            return AccessToken.objects.create(
                user=user, token=text, application=app, expires=ends, scope=scope,
                token_checksum=hashlib.sha256(text.encode()).hexdigest(),
            )  # fmt: skip

        for number in range(int(os.environ["FAMILIES"])):
            user = User.objects.create(username=f"user-{number}")
            token = secrets.token_urlsafe(24)
            RefreshToken.objects.create(
                user=user, token=token, application=app, access_token=access(user, "read")
            )
            tokens.append(token)
        for number in range(int(os.environ["CODES"])):
            code = secrets.token_urlsafe(24)
            DeviceGrant.objects.create(
                device_code=code, user_code=f"C{number}", scope="read", expires=ends,
                client_id=polling.client_id,
            )  # fmt: skip
            codes.append(code)
        asks = access(user, "introspection").token
    return {"tokens": tokens, "codes": codes, "introspects_with": asks}


if __name__ == "__main__":
    made = fill()
    django.db.connections.close_all()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listener.set_inheritable(True)
    print(json.dumps({"port": listener.getsockname()[1], **made}), flush=True)
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    os.execv(  # noqa: S606
        gunicorn,
        [
            gunicorn, "--bind", f"fd://{listener.fileno()}", "--workers", str(os.cpu_count()),
            "--worker-class", "gthread", "--threads", "8", "--keep-alive", "75",
            "--chdir", str(Path(__file__).parent), "server:application",
        ],
    )  # fmt: skip
