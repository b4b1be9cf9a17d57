"""The published JavaScript package works against this server, unchanged, in several versions.

Each flow is a small node program beside this file. The packages are installed once into a cache
folder of the user, never into the repository.
"""

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.published_ import CONFIG, FLOWS, PROJECT, WORK, install, work_issuer
from tests.issuers_.openid_ import OpenIssuer
from tests.requirements_ import require
from tests.served_ import Served, serving

# One process for the whole file: the installs are shared, and node is heavy enough alone.
pytestmark = pytest.mark.xdist_group("published-clients")

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


@pytest.fixture(scope="module")
def issuer() -> Iterator[OpenIssuer]:
    with work_issuer() as started:
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
    node, folder = require("node"), install(version)
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
