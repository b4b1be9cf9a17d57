"""Notes: a Flask app for people who have signed in. Run it with ``flask --app app run``."""

import os

from flask import Flask, abort, jsonify, request
from flask.typing import ResponseReturnValue

from keyturn import ServerUnreachable
from keyturn.sdk import ServerUser, StackServerApp

stack = StackServerApp(
    base_url=os.environ.get("STACK_BASE_URL", "http://127.0.0.1:8102"),
    project_id=os.environ.get("STACK_PROJECT_ID", "default"),
    secret_server_key=os.environ.get("STACK_SECRET_SERVER_KEY", ""),
)
app = Flask(__name__)


def signed_in() -> ServerUser:
    """Return whoever sent the request; its x-stack-auth header carries their session."""
    user = stack.get_user(token_store=request)
    if user is None:
        abort(401, "Sign in first.")
    return user


@app.get("/notes")
def notes() -> ResponseReturnValue:
    return jsonify((signed_in().server_metadata or {}).get("notes", []))


@app.post("/notes")
def add_note() -> ResponseReturnValue:
    user = signed_in()
    kept = user.server_metadata or {}
    changed = [*kept.get("notes", []), request.args["text"]]
    user.set_server_metadata({**kept, "notes": changed})
    return jsonify(changed), 201


@app.get("/teams/<team_id>/secrets")
def secrets(team_id: str) -> ResponseReturnValue:
    if not signed_in().has_permission("team_admin", team=team_id):
        abort(403, "Only the team's administrators may see this.")
    return jsonify("the cellar key is under the mat")


@app.errorhandler(ServerUnreachable)
def out_of_reach(error: ServerUnreachable) -> ResponseReturnValue:
    return jsonify(detail=str(error)), 503
