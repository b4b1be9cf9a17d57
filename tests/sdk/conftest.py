"""Fixtures of the SDK's tests: one server for all of them, and each test in both forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.requirements_ import rounds

if TYPE_CHECKING:
    from tests.sdk.stage_ import Form, Stage, StagedProject


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    # Here, because what needs no server also runs where the server's tests could not.
    from tests.sdk.stage_ import Stage

    started = Stage(tmp_path_factory.mktemp("sdk"))
    yield started
    started.close()


FORMS = ("blocking", "awaitable", "blocking in process", "awaitable over HTTP")


@pytest.fixture(params=FORMS[: rounds(bounded=2, full=4)])
def form(request: pytest.FixtureRequest, stage: Stage) -> Form:
    from tests.sdk.stage_ import Form

    kind, _, way = request.param.partition(" ")
    return Form(stage, awaitable=kind == "awaitable", served=way == "over HTTP" if way else None)


@pytest.fixture(scope="session")
def project(stage: Stage) -> StagedProject:
    """Return a project that allows what projects can allow."""
    return stage.project(
        client_team_creation_enabled=True,
        client_user_deletion_enabled=True,
        allow_user_api_keys=True,
        allow_team_api_keys=True,
        passkey_enabled=True,
    )
