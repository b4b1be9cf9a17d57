"""Build hook: the wheel gets a copy of the sample program, for ``keyturn demo``.

Not in an editable install, which finds the checkout's own file.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SAMPLE = "examples/minimal_cli/acme.py"
SHIPPED = "keyturn/cli/demo/sample/acme.py"


class ShipSample(BuildHookInterface[Any]):
    """Adds one file to the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it builds; ``version`` is standard or editable."""
        if version == "standard":
            build_data["force_include"][SAMPLE] = SHIPPED
