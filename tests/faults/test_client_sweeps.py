"""Every command that changes a session, broken at each of its system calls.

Killed, on a full disk, on a broken one: what is stored is wholly old or wholly new, no secret lies
about, the command ends in words, and the next one works. Against a real server, a process for each
point. In the usual suite a part of the points that is the same at each run; under `make faults` all
of them. What was swept is printed at the end of the run.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.client.stores.secret_service_ import SecretServiceHere
from tests.faults.machines_ import Machine
from tests.faults.scenarios_ import SCENARIOS, RefreshInKeyring, Scenario
from tests.faults.sweeps_ import sweep
from tests.requirements_ import require, rounds
from tests.served_ import Served, serving

pytestmark = [pytest.mark.sweep, pytest.mark.proves("K-27")]

EVERY = 100_000
AT_MOST = rounds(bounded=20, ci=28, full=EVERY)
# Some wait for seconds, as for a server that has not answered: others run meanwhile.
MACHINES = rounds(bounded=2, full=4)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    require("strace")
    with serving(tmp_path_factory.mktemp("server"), rate_limits="off") as running:
        yield running


@pytest.fixture(scope="module")
def machines(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Machine]]:
    folder = tmp_path_factory.mktemp("machines")
    with ExitStack() as stack:
        found = [Machine(folder / f"m{n}", served) for n in range(MACHINES)]
        for machine in found:
            stack.callback(machine.close)
        yield found


@pytest.fixture
def keyring(tmp_path: Path) -> Iterator[SecretServiceHere]:
    service = SecretServiceHere(tmp_path / "keyring-home")
    yield service
    service.close()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_wherever_a_command_breaks_off_the_next_one_works(
    scenario: Scenario,
    machines: list[Machine],
    record_property: Callable[[str, object], None],
) -> None:
    report = sweep(scenario, machines, at_most=AT_MOST // 3 if scenario.waits else AT_MOST)
    record_property("sweep", str(report))
    assert report.losses == []
    assert report.reached > 0.9 * report.swept, report


def test_wherever_a_refresh_with_the_keyring_breaks_off_the_next_one_works(
    served: Served,
    keyring: SecretServiceHere,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    bus = {"DBUS_SESSION_BUS_ADDRESS": keyring.address, "ACME_STORAGE": "auto"}
    with ExitStack() as stack:
        machine = Machine(tmp_path / "keyring", served, **bus)
        stack.callback(machine.close)
        report = sweep(RefreshInKeyring(keyring), [machine], at_most=AT_MOST)
    record_property("sweep", str(report))
    assert report.losses == []
    assert report.reached > 0.9 * report.swept, report
