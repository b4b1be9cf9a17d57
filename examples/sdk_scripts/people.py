"""people: a script that looks after a project's users. It runs with the project's secret key."""

import argparse
import asyncio
import os
import sys

from keyturn.sdk import Async, StackSdkError, StackServerApp
from keyturn.sdk.known_errors import UserEmailAlreadyExists

BASE = os.environ.get("STACK_BASE_URL", "http://127.0.0.1:8102")
PROJECT = os.environ.get("STACK_PROJECT_ID", "default")
KEY = os.environ.get("STACK_SECRET_SERVER_KEY", "")


def show() -> None:
    """List everybody; further pages are fetched as the loop gets there."""
    with StackServerApp(base_url=BASE, project_id=PROJECT, secret_server_key=KEY) as app:
        for user in app.list_users(limit=100):
            print(user.id, user.primary_email or "-", user.display_name or "-", sep="  ")


def add(email: str, name: str | None) -> None:
    """Add somebody, or say that they are there already."""
    with StackServerApp(base_url=BASE, project_id=PROJECT, secret_server_key=KEY) as app:
        try:
            user = app.create_user(
                primary_email=email, display_name=name, primary_email_auth_enabled=True
            )
        except UserEmailAlreadyExists:
            print(f"{email} is there already")
        else:
            print(f"{email} is {user.id}")


async def rename(ids: list[str], name: str) -> None:
    """Give several users a name at once: the same operations, awaitable."""
    async with StackServerApp[Async](
        base_url=BASE, project_id=PROJECT, secret_server_key=KEY
    ) as app:

        async def one(user_id: str) -> None:
            user = await app.get_user(user_id)
            if user is not None:
                await user.update(display_name=name)

        await asyncio.gather(*map(one, ids))


def main() -> int:
    parser = argparse.ArgumentParser(prog="people", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("show", help="List everybody.")
    adding = commands.add_parser("add", help="Add somebody.")
    adding.add_argument("email")
    adding.add_argument("--name")
    renaming = commands.add_parser("rename", help="Give users a name.")
    renaming.add_argument("name")
    renaming.add_argument("ids", nargs="+")
    args = parser.parse_args()
    try:
        if args.command == "show":
            show()
        elif args.command == "add":
            add(args.email, args.name)
        else:
            asyncio.run(rename(args.ids, args.name))
    except StackSdkError as error:
        print(f"people: {error} ({error.code})", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
