"""The published JavaScript package works against this server, unchanged, in several versions.

Each flow is a small node program beside this file; those of one version run in one process. The
packages are installed once into a cache folder of the user, never into the repository.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from functools import cache

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


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest, server: Served, issuer: OpenIssuer
) -> Callable[[str], dict[str, str | None]]:
    """Return what runs the flows that were asked for of one version, once, and says of each what
    went wrong, if anything did.
    """
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    cases = [spec.params for spec in specs if spec and {"version", "flow"} <= spec.params.keys()]

    @cache
    def results_of(version: str) -> dict[str, str | None]:
        issuer.subject = f"ada of {version}"
        return run_flows(version, [c["flow"] for c in cases if c["version"] == version], server)

    return results_of


def run_flows(version: str, flows: list[str], server: Served) -> dict[str, str | None]:
    facts = {
        "folder": str(install(version)),
        "baseUrl": server.base,
        "project": PROJECT,
        "outbox": str(server.data / "outbox"),
        "flows": flows,
    }
    run = subprocess.run(
        [require("node"), str(FLOWS / "run_all.mjs")],
        capture_output=True,
        text=True,
        timeout=60 * len(flows),
        env={**os.environ, "KEYTURN_FLOW": json.dumps(facts)},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    told = [json.loads(line) for line in run.stdout.splitlines() if line.startswith('{"flow":')]
    return {each["flow"]: each["wrong"] for each in told}


@pytest.mark.proves("S-1", "S-6", "S-9", "S-10", "S-11")
@pytest.mark.parametrize(("version", "flow"), CASES)
def test_the_published_package_works_unchanged(
    version: str, flow: str, results: Callable[[str], dict[str, str | None]]
) -> None:
    wrong = results(version)[flow]
    assert wrong is None, wrong
