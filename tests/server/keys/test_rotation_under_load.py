"""Keys that follow one another while programs refresh: no token that anybody cannot verify."""

import asyncio
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from keyturn.server.keys.service import OAUTH
from tests.server.in_process_ import InProcess
from tests.server.oauth.grants_ import signed_in

PROGRAMS, ROTATIONS, BETWEEN = 6, 4, 3
HOUR = 3600


@pytest.mark.proves("S-61")
def test_tokens_of_programs_that_refresh_while_keys_rotate_verify_with_keys_fetched_an_hour_before(
    server: InProcess,
) -> None:
    grants = [signed_in(server) for _ in range(PROGRAMS)]
    rotating = asyncio.Event()

    async def program(client: Any, given: dict[str, Any], known: KeySet) -> dict[str, Any]:
        for _ in range(BETWEEN):
            form = {"grant_type": "refresh_token", "client_id": "keyturn-cli"}
            answer = await client.post(
                "/oauth/token", data=form | {"refresh_token": given["refresh_token"]}
            )
            assert answer.status_code == 200, answer.text
            given = answer.json()
            rotating.set()
            # The keys that this API has had since before the rotation.
            assert jwt.decode(given["access_token"], known).claims["sid"] == given["session"]
        return given

    async def test() -> None:
        nonlocal grants
        async with server.client() as client:
            for _ in range(ROTATIONS):
                known = KeySet.import_key_set((await client.get("/oauth/jwks")).json())
                server.clock.advance(HOUR + 1)
                rotating.clear()
                working = [asyncio.create_task(program(client, one, known)) for one in grants]
                await rotating.wait()
                await server.services.keys.rotate(OAUTH)
                grants = list(await asyncio.gather(*working))

    before = server.get("/oauth/jwks").json()["keys"][0]["kid"]
    server.run(test())
    assert server.get("/oauth/jwks").json()["keys"][0]["kid"] != before
