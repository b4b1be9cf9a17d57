"""Other people's libraries at the same job: print a valid stored token, as their manuals say.

Each is installed as pinned here into an environment of its own under ``build/bench``; ``store``
prepares what a sign-in would have left, ``show`` is what is measured. None of them needs a network.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INSTALL_SECONDS = 240


@dataclass(frozen=True, kw_only=True)
class Rival:
    """A library and two programs for it.

    Attributes:
        pins: What is installed, dependencies included.
        store: Stores the token ``sys.argv[1]``.
        show: Prints it.
        needs_keyring: Whether it reads the system keyring.
    """

    pins: str
    store: str
    show: str
    needs_keyring: bool = False


class NotInstalled(Exception):
    """Why a rival does not take part."""


def python_of(name: str, rival: Rival) -> str:
    """Return the interpreter of a rival's environment, made where it is not there yet.

    Raises:
        NotInstalled: it cannot be made here.
    """
    folder = ROOT / "build" / "bench" / f"{name}-{_digest(rival.pins)}"
    python = folder / "bin" / "python"
    done = folder / "installed"
    if done.exists():
        return str(python)
    uv = shutil.which("uv")
    if uv is None:
        raise NotInstalled("uv is not installed")
    # Bytecode at once: nobody is to be measured compiling.
    install = [uv, "pip", "install", "--no-deps", "--compile-bytecode", "--python", str(python)]
    for command in (
        [uv, "venv", "--clear", "--python", sys.executable, str(folder)],
        [*install, *rival.pins.split()],
    ):
        _run(command)
    done.touch()
    return str(python)


def _digest(pins: str) -> str:
    return hashlib.sha256(f"{sys.version} {pins}".encode()).hexdigest()[:12]


def _run(command: list[str]) -> None:
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    try:
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"no end within {INSTALL_SECONDS} s") from None
    if done.returncode:
        raise NotInstalled((done.stderr.strip().splitlines() or ["uv failed"])[-1].strip())


RIVALS = {
    "keyring": Rival(
        pins="jaraco-classes==3.4.0 jaraco-context==6.1.2 jaraco-functools==4.6.0 jeepney==0.9.0 "
        "keyring==25.7.0 lazy-importer==0.1.0 more-itertools==11.2.1 secretstorage==3.5.0 "
        "cffi==2.1.1 cryptography==50.0.2 pycparser==3.12 importlib-metadata==10.2.0 zipp==4.1.2 "
        "backports-tarfile==1.2.0",
        store="import sys, keyring\nkeyring.set_password('acme', 'ada', sys.argv[1])",
        show="import keyring\nprint(keyring.get_password('acme', 'ada'), end='')",
        needs_keyring=True,
    ),
    "msal": Rival(
        pins="certifi==2026.10.18 cffi==2.1.1 charset-normalizer==3.5.2 cryptography==50.0.2 "
        "idna==3.20 msal==1.39.0 pycparser==3.12 pyjwt==2.15.1 requests==2.34.2 urllib3==2.8.0",
        store="""
import base64, json, sys, time, msal
def packed(value): return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
claims = {"iss": "i", "aud": "acme", "sub": "ada", "exp": time.time() + 86400, "iat": time.time()}
claims |= {"oid": "ada", "tid": "common", "preferred_username": "ada@example.com"}
cache = msal.SerializableTokenCache()
cache.add({
    "client_id": "acme", "scope": ["read"], "environment": "login.microsoftonline.com",
    "token_endpoint": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    "response": {
        "access_token": sys.argv[1], "expires_in": 86400, "refresh_token": "r",
        "token_type": "Bearer",
        "client_info": packed({"uid": "ada", "utid": "common"}),
        "id_token": f"{packed({'alg': 'none'})}.{packed(claims)}.x",
    },
})
open("msal.json", "w").write(cache.serialize())
""",
        # It asks the authority for its endpoints at every start; that answer is made up here.
        show="""
import json, msal
class Answer:
    status_code, headers = 200, {}
    base = "https://login.microsoftonline.com/common/"
    text = json.dumps({
        "authorization_endpoint": base + "oauth2/v2.0/authorize",
        "token_endpoint": base + "oauth2/v2.0/token", "issuer": base + "v2.0",
    })
    def raise_for_status(self): pass
class Offline:
    def get(self, url, **options): return Answer()
    def post(self, url, **options): raise AssertionError(url)
    def close(self): pass
cache = msal.SerializableTokenCache()
cache.deserialize(open("msal.json").read())
app = msal.PublicClientApplication("acme", token_cache=cache, http_client=Offline(),
    authority="https://login.microsoftonline.com/common")
account = app.get_accounts()[0]
print(app.acquire_token_silent(["read"], account=account)["access_token"], end="")
""",
    ),
    "google-auth": Rival(
        pins="cffi==2.1.1 cryptography==50.0.2 google-auth==2.62.2 pyasn1==0.6.5 "
        "pyasn1-modules==0.4.2 pycparser==3.12",
        store="""
import datetime, sys
from google.oauth2.credentials import Credentials
now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
credentials = Credentials(sys.argv[1], refresh_token="r", client_id="acme", client_secret="s",
    token_uri="https://id.example/token", expiry=now + datetime.timedelta(days=1))
open("google.json", "w").write(credentials.to_json())
""",
        show="""
from google.oauth2.credentials import Credentials
credentials = Credentials.from_authorized_user_file("google.json")
if credentials.valid:
    print(credentials.token, end="")
""",
    ),
    "huggingface_hub": Rival(
        pins="anyio==4.16.0 click==8.5.1 filelock==4.2.11 fsspec==2026.9.0 h11==0.16.0 "
        "hf-xet==1.8.0 httpcore2==2.16.2 httpx2==2.16.2 huggingface-hub==2.4.0 idna==3.20 "
        "packaging==26.3 pyyaml==6.0.3 tqdm==4.70.1 truststore==0.10.5 typing-extensions==4.16.0",
        store="""
import os, sys
folder = os.path.expanduser("~/.cache/huggingface")
os.makedirs(folder, exist_ok=True)
open(os.path.join(folder, "token"), "w").write(sys.argv[1])
""",
        show="from huggingface_hub import get_token\nprint(get_token(), end='')",
    ),
    "authlib": Rival(
        pins="authlib==1.9.8 certifi==2026.10.18 cffi==2.1.1 charset-normalizer==3.5.2 "
        "cryptography==50.0.2 idna==3.20 joserfc==1.8.0 pycparser==3.12 requests==2.34.2 "
        "urllib3==2.8.0",
        store="""
import json, sys, time
token = {"access_token": sys.argv[1], "refresh_token": "r", "token_type": "Bearer"}
token["expires_at"] = int(time.time()) + 86400
open("authlib.json", "w").write(json.dumps(token))
""",
        show="""
import json
from authlib.integrations.requests_client import OAuth2Session
session = OAuth2Session("acme", token=json.load(open("authlib.json")),
    token_endpoint="https://id.example/token")
session.ensure_active_token(session.token)
print(session.token["access_token"], end="")
""",
    ),
    "botocore": Rival(
        pins="botocore==1.44.5 jmespath==1.1.0 python-dateutil==2.9.0.post0 six==1.17.0 "
        "urllib3==2.8.0",
        store="""
import datetime, hashlib, json, os, sys
cache = os.path.expanduser("~/.aws/sso/cache")
os.makedirs(cache, exist_ok=True)
open(os.path.expanduser("~/.aws/config"), "w").write(
    "[default]\\nsso_session = acme\\nregion = eu-west-1\\n[sso-session acme]\\n"
    "sso_start_url = https://acme.example/start\\nsso_region = eu-west-1\\n")
end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
token = {"accessToken": sys.argv[1], "expiresAt": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "region": "eu-west-1", "startUrl": "https://acme.example/start"}
name = hashlib.sha1(b"acme").hexdigest() + ".json"
open(os.path.join(cache, name), "w").write(json.dumps(token))
""",
        show="""
import botocore.session
token = botocore.session.Session().get_auth_token()
print(token.get_frozen_token().token, end="")
""",
    ),
}
