"""acme once more, built with Click."""

import os

import click

import keyturn


@click.group()
def cli() -> None:
    """Deploy things."""


@cli.command()
def ping() -> None:
    """Answer."""
    click.echo("pong")


keyturn.attach_click(
    cli,
    keyturn.Auth("acme", issuer=os.environ["ACME_ISSUER"], client_id=os.environ["ACME_CLIENT_ID"]),
)

if __name__ == "__main__":
    cli(prog_name="acme")
