"""Notes: a FastAPI app for people who have signed in. Run it with ``uvicorn app:app``."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

from keyturn import ServerUnreachable
from keyturn.sdk import Async, ServerUser, StackServerApp

stack = StackServerApp[Async](
    base_url=os.environ.get("STACK_BASE_URL", "http://127.0.0.1:8102"),
    project_id=os.environ.get("STACK_PROJECT_ID", "default"),
    secret_server_key=os.environ.get("STACK_SECRET_SERVER_KEY", ""),
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with stack:  # closes the connections at the end
        yield


app = FastAPI(lifespan=lifespan)


async def signed_in(request: Request) -> ServerUser[Async]:
    """Return whoever sent the request; its x-stack-auth header carries their session."""
    user = await stack.get_user(token_store=request)
    if user is None:
        raise HTTPException(401, "Sign in first.")
    return user


User = Annotated[ServerUser[Async], Depends(signed_in)]


@app.get("/notes")
async def notes(user: User) -> list[str]:
    found: list[str] = (user.server_metadata or {}).get("notes", [])
    return found


@app.post("/notes", status_code=201)
async def add_note(user: User, text: str) -> list[str]:
    changed = [*await notes(user), text]
    await user.set_server_metadata({**(user.server_metadata or {}), "notes": changed})
    return changed


@app.get("/teams/{team_id}/secrets")
async def secrets(user: User, team_id: str) -> str:
    if not await user.has_permission("team_admin", team=team_id):
        raise HTTPException(403, "Only the team's administrators may see this.")
    return "the cellar key is under the mat"


@app.exception_handler(ServerUnreachable)
async def out_of_reach(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=503)
