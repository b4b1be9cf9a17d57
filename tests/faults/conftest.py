"""What the sweeps counted, told at the end of a run in full."""

import os
from collections.abc import Callable

import pytest

FIGURES = "figures"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Return what takes a sentence with a sweep's figures."""
    return lambda sentence: record_property(FIGURES, sentence)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the figures under a heading; other processes' arrive with their reports."""
    if os.environ.get("KEYTURN_FAULTS") != "full":
        return
    told = [
        value
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == FIGURES
    ]
    if told:
        terminalreporter.section("figures")
        for sentence in told:
            terminalreporter.write_line(str(sentence))
