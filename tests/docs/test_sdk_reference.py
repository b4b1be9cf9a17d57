"""Each operation of the SDK says what it does, whom it asks, and what its arguments mean."""

import inspect

import pytest

import reference
import sdk_methods
import sdk_reference
from keyturn.sdk import known_errors
from keyturn.sdk.resource import Resource

OPERATIONS = {f"{one.owners[0]}.{one.name}": one for one in sdk_reference.operations()}
# They read the session's tokens, or say that no server has what is specified.
ASK_NOBODY = {
    "CurrentSession.get_tokens",
    "CurrentUser.get_access_token",
    "CurrentUser.get_refresh_token",
    "CurrentUser.get_auth_headers",
    "CurrentUser.get_auth_json",
    "StackClientApp.get_access_token",
    "StackClientApp.get_refresh_token",
    "StackClientApp.get_auth_headers",
    "StackClientApp.get_partial_user",
    "CurrentUser.list_items",
    "DataVaultStore.delete",
    "DataVaultStore.list",
    "Page.next_page",
}


@pytest.mark.proves("D-10")
def test_every_operation_names_its_endpoint() -> None:
    silent = {name for name, one in OPERATIONS.items() if not one.endpoints and not one.is_plain}
    assert silent == ASK_NOBODY


@pytest.mark.proves("D-10")
def test_every_argument_is_explained_and_none_that_is_not_there() -> None:
    wrong = {
        name: set(one.signature.parameters) ^ set(one.arguments)
        for name, one in OPERATIONS.items()
        if set(one.signature.parameters) != set(one.arguments)
    }
    assert not wrong


@pytest.mark.proves("D-10")
def test_every_error_named_is_one_that_there_is() -> None:
    import builtins

    import keyturn
    import keyturn.sdk

    homes = (keyturn.sdk, known_errors, keyturn, builtins)
    named = {
        error.strip()
        for one in OPERATIONS.values()
        for names in one.errors
        for error in names.split(",")
    }
    unknown = {error for error in named if not any(hasattr(home, error) for home in homes)}
    assert not unknown


@pytest.mark.proves("D-10")
def test_every_specified_operation_is_on_the_page() -> None:
    import keyturn.sdk

    page = (reference.REFERENCE / "sdk.md").read_text()
    missing = []
    for name, place in sdk_methods.mapped().items():
        owner, _, method = place.partition(".")
        kind = getattr(keyturn.sdk, owner, None)
        if method and inspect.isclass(kind) and issubclass(kind, Resource):
            [row] = [line for line in page.splitlines() if line.startswith(f"| `{owner}` |")]
            if f"[{method}](" not in row:
                missing.append(name)
    assert not [name for name in missing if name != "CurrentUser.current_session.get_tokens"]


def test_both_forms_stand_beside_each_other() -> None:
    page = (reference.REFERENCE / "sdk.md").read_text()
    assert "| blocking | `get_user(...)` | `ServerUser \\| None` |" in page
    assert "| awaitable | `await get_user(...)` | `ServerUser[Async] \\| None` |" in page
    assert "| awaitable | `async for item in list_users(...)` | `ServerUser[Async]` each |" in page
