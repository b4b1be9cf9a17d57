"""acme once more, built with Typer."""

import os

import typer

import keyturn

app = typer.Typer(help="Deploy things.")


@app.command()
def ping() -> None:
    """Answer."""
    typer.echo("pong")


auth = keyturn.Auth(
    "acme", issuer=os.environ["ACME_ISSUER"], client_id=os.environ["ACME_CLIENT_ID"]
)
group = keyturn.attach_typer(app, auth)


@app.command()
def crash() -> None:
    """Fail as nobody foresaw, with the token at hand."""
    token = auth.token()
    raise RuntimeError(f"{len(token)} characters")


@group.command()
def invite(email: str) -> None:
    """Ask somebody in."""
    typer.echo(f"Invited {email}.")


if __name__ == "__main__":
    app(prog_name="acme")
