"""The published JavaScript package works against this server, unchanged, in several versions.

Each flow is a small node program beside this file. The packages are installed once into a cache
folder of the user, never into the repository.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.issuers_.openid_ import OpenIssuer
from tests.requirements_ import go_without, require
from tests.served_ import Served, serving

# One process for the whole file: the installs are shared, and node is heavy enough alone.
pytestmark = pytest.mark.xdist_group("published-clients")

FLOWS = Path(__file__).parent / "published_clients"
PROJECT = {
    "id": "0b5c1c2e-7b1f-4a53-9d21-6c1e7a5b9f10",
    "publishable_client_key": "pck_of_published_clients",
    "secret_server_key": "ssk_of_published_clients",
    "super_secret_admin_key": "sak_of_published_clients",
}
CONFIG = f"""
[[projects]]
display_name = "Published clients"
create_team_on_sign_up = true
client_team_creation_enabled = true
allow_user_api_keys = true
allow_team_api_keys = true
data_vault_stores = ["tokens"]
{chr(10).join(f'{name} = "{value}"' for name, value in PROJECT.items())}

[projects.payments.items.credits]
display_name = "Credits"
customer_type = "user"

[projects.payments.products.pro]
display_name = "Pro"
customer_type = "user"
prices.monthly = {{ USD = "10", interval = [1, "month"] }}
included_items.credits = {{ quantity = 10, expires = "when-purchase-expires" }}
"""

WORK = """
[[projects.oauth_providers]]
id = "work"
type = "openid"
issuer = "{issuer}"
client_id = "keyturn"
client_secret = "hush"
unsafe_allow_private_addresses = true
"""

# The first sends x-stack-... and knows neither anonymous users nor sessions; the second knows
# both and signs CLIs in; the third sends x-hexclave-... and attaches anonymous sessions.
OLDEST = ("account", "renewal", "project")
MIDDLE = (
    *OLDEST,
    "anonymous",
    "sessions",
    "cli",
    "server",
    "api_keys",
    "providers",
    "mailed",
    "teams",
    "second_factor",
)
NEWEST = (*MIDDLE, "cli_anonymous", "features")
CASES = [
    pytest.param(version, flow, id=f"{flow}-{version}")
    for version, flows in (("2.7.23", OLDEST), ("2.8.41", MIDDLE), ("2.8.108", NEWEST))
    for flow in flows
]


def _install(version: str) -> Path:
    """Return the folder in which a version of the package is installed."""
    npm = require("npm")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "keyturn-tests" / f"stackframe-js-{version}"
    if (folder / "installed").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}')
    package = f"@stackframe/js@{version}"
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    run = subprocess.run(
        [npm, "install", *quiet, "--fetch-timeout=30000", package],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if run.returncode:
        go_without(f"npm cannot install {package}: {run.stderr.strip()[-300:]}")
    (folder / "installed").touch()
    return folder


@pytest.fixture(scope="module")
def issuer() -> Iterator[OpenIssuer]:
    """Yield a provider that knows the server by this client."""
    with OpenIssuer() as started:
        started.clients["keyturn"] = {
            "client_id": "keyturn",
            "client_secret": "hush",
            "token_endpoint_auth_method": "client_secret_basic",
            "redirect_uris": ["http://127.0.0.1/api/v1/auth/oauth/callback/work"],
        }
        yield started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, issuer: OpenIssuer) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("published")
    config = CONFIG + WORK.format(issuer=issuer.url)
    with serving(folder, config=config, rate_limits="off") as served:
        yield served


@pytest.mark.proves("S-1", "S-6", "S-9", "S-10", "S-11")
@pytest.mark.parametrize(("version", "flow"), CASES)
def test_the_published_package_works_unchanged(
    version: str, flow: str, server: Served, issuer: OpenIssuer
) -> None:
    issuer.subject = f"ada of {version}"
    node, folder = require("node"), _install(version)
    facts = {
        "folder": str(folder),
        "baseUrl": server.base,
        "project": PROJECT,
        "outbox": str(server.data / "outbox"),
    }
    run = subprocess.run(
        [node, str(FLOWS / f"{flow}.mjs")],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "KEYTURN_FLOW": json.dumps(facts)},
        check=False,
    )
    assert run.returncode == 0, run.stderr
