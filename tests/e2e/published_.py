"""The published JavaScript package, and the project it is shown."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.installed_ import npm_package
from tests.issuers_.openid_ import OpenIssuer
from tests.requirements_ import require

BUNDLER = "0.28.2"
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


def install(version: str) -> Path:
    """Return the folder in which a version of the package is installed."""
    return npm_package(f"stackframe-js-{version}", f"@stackframe/js@{version}")


def bundle(version: str, program: Path, target: Path) -> None:
    """Make one file of a page's program and a version of the package, as sites do."""
    # Its own program comes as an optional dependency, so no install script has to run.
    folder = npm_package(f"esbuild-{BUNDLER}", f"esbuild@{BUNDLER}")
    options = ("--bundle", "--minify", "--format=esm", "--platform=browser", "--log-level=warning")
    subprocess.run(
        [
            require("node"),
            str(folder / "node_modules/.bin/esbuild"),
            str(program),
            *options,
            f"--outfile={target}",
        ],
        env={**os.environ, "NODE_PATH": str(install(version) / "node_modules")},
        timeout=60,
        check=True,
    )


@contextmanager
def work_issuer() -> Iterator[OpenIssuer]:
    """Run the provider of ``WORK``: it knows the server by that client."""
    with OpenIssuer() as started:
        started.clients["keyturn"] = {
            "client_id": "keyturn",
            "client_secret": "hush",
            "token_endpoint_auth_method": "client_secret_basic",
            "redirect_uris": ["http://127.0.0.1/api/v1/auth/oauth/callback/work"],
        }
        yield started
