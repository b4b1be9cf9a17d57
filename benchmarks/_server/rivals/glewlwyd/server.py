"""glewlwyd with its OpenID Connect plugin, on SQLite: refresh tokens good for one use.

The packages lie unpacked in FOREIGN_FOLDER. SQLite is set to WAL; synchronous = FULL is what it
does where nobody says otherwise. Run as a program it fills the database through glewlwyd's own API,
prints one JSON line with its port, and becomes glewlwyd, started anew.
"""

import gzip
import http.cookiejar
import json
import os
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT, STORE = Path(os.environ["FOREIGN_FOLDER"]), Path(os.environ["STORE"])
PASSWORD = "correct horse battery"
PEOPLE = 64
CONFIGURATION = """
port={port}
external_url="http://127.0.0.1:{port}"
login_url="login.html"
api_prefix="api"
static_files_path="{root}/usr/share/glewlwyd/webapp/"
log_mode="console"
log_level="ERROR"
cookie_domain="127.0.0.1"
cookie_secure=0
session_expiration=86400
session_key="SESSION"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="{root}/usr/lib/glewlwyd/user"
user_middleware_module_path="{empty}"
client_module_path="{root}/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="{root}/usr/lib/glewlwyd/scheme"
plugin_module_path="{root}/usr/lib/glewlwyd/plugin"
use_secure_connection=false
secure_connection_key_file="{empty}/key"
secure_connection_pem_file="{empty}/certificate"
hash_algorithm="SHA512"
database={{ type="sqlite3"; path="{store}"; }};
"""
ON, OFF = True, False
GRANTS = {
    "auth-type-code-enabled": ON,
    "auth-type-password-enabled": ON,
    "auth-type-refresh-enabled": ON,
    "auth-type-device-enabled": ON,
    "auth-type-id-token-enabled": ON,
    "auth-type-client-enabled": OFF,
    "auth-type-implicit-enabled": OFF,
    "auth-type-none-enabled": OFF,
    "auth-type-token-enabled": OFF,
}


class Api:
    """Its own API, with the cookie of whoever signed in last."""

    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}/api"
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)

    def json(self, path, **body):
        return self._post(path, json.dumps(body), "application/json")

    def form(self, path, **body):
        return self._post(path, urllib.parse.urlencode(body), "application/x-www-form-urlencoded")

    def wait(self):
        while True:
            try:
                self._opener.open(f"{self.base}/none")
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.05)

    def _post(self, path, text, kind):
        headers = {"Content-Type": kind}
        request = urllib.request.Request(self.base + path, text.encode(), headers)  # noqa: S310
        body = self._opener.open(request).read()
        return json.loads(body) if body else {}


def configure(store):
    """Write database and configuration; return the port and how it is started."""
    empty = STORE.parent / "empty"
    empty.mkdir(exist_ok=True)
    schema = ROOT / "usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz"
    database = sqlite3.connect(store)
    if not database.execute("SELECT 1 FROM sqlite_master").fetchone():
        database.executescript(gzip.decompress(schema.read_bytes()).decode())
    database.execute("PRAGMA journal_mode = WAL")
    database.close()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = STORE.parent / "glewlwyd.conf"
    file.write_text(CONFIGURATION.format(port=port, root=ROOT, empty=empty, store=store))
    return port, [str(ROOT / "usr/bin/glewlwyd"), f"--config-file={file}"]


def plugin(api):
    """Add the OpenID Connect plugin, its tokens signed with ES256."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    parameters = {
        "iss": f"{api.base}/oidc",
        "jwt-type": "ecdsa",
        "jwt-key-size": "256",
        "key": private.decode(),
        "cert": public.decode(),
        "access-token-duration": 7200,
        "refresh-token-duration": 86400,
        "code-duration": 600,
        "refresh-token-rolling": True,
        "refresh-token-one-use": "always",
        "allow-non-oidc": True,
        "device-authorization-expiration": 7200,
        # Who polls sooner is slowed down, which is another answer than the one measured.
        "device-authorization-interval": 1,
        "introspection-revocation-allowed": True,
        "introspection-revocation-auth-scope": ["read"],
        **GRANTS,
    }
    api.json(
        "/mod/plugin/", module="oidc", name="oidc", display_name="oidc", enabled=True,
        order_rank=0, parameters=parameters,
    )  # fmt: skip


def fill(api):
    """Make what the benchmark asks for."""
    api.json("/auth/", username="admin", password="password")
    plugin(api)
    api.json(
        "/scope/", name="read", display_name="read", description="read",
        password_required=True, scheme={},
    )  # fmt: skip
    people = [f"person{number}" for number in range(PEOPLE)]
    for name in people:
        api.json(
            "/user/", username=name, name="Ada", email=f"{name}@example.com", password=PASSWORD,
            scope=["openid", "read"], enabled=True,
        )  # fmt: skip
    api.json(
        "/client/", client_id="acme-cli", name="acme", confidential=False, enabled=True,
        redirect_uri=["http://127.0.0.1/callback"], scope=["read"],
        authorization_type=["code", "refresh_token", "device_authorization"],
        token_endpoint_auth_method=["none"],
    )  # fmt: skip
    families = [
        api.form(
            "/oidc/token", grant_type="password", scope="read", password=PASSWORD,
            username=secrets.choice(people),
        )
        for _ in range(int(os.environ["FAMILIES"]))
    ]  # fmt: skip
    codes = [
        api.form("/oidc/device_authorization", client_id="acme-cli", scope="read")["device_code"]
        for _ in range(int(os.environ["CODES"]))
    ]
    return {
        "tokens": [each["refresh_token"] for each in families],
        "introspects_with": families[0]["access_token"],
        "codes": codes,
        "people": people,
    }


def filled():
    """Fill a database in memory, where nothing is synced, and move it to the disk."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        port, command = configure(f"{folder}/store")
        with subprocess.Popen(command, stdout=sys.stderr) as filling:
            api = Api(port)
            api.wait()
            made = fill(api)
            filling.terminate()
        sqlite3.connect(f"{folder}/store").execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(f"{folder}/store", STORE)
    return made


if __name__ == "__main__":
    os.environ["LD_LIBRARY_PATH"] = str(ROOT / "usr/lib/x86_64-linux-gnu")
    made = filled()
    port, command = configure(STORE)
    print(json.dumps({"port": port, **made}), flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.execv(command[0], command)  # noqa: S606
