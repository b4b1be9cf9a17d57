"""Every setting of the server: the command line, ``KEYTURN_*`` variables, or a TOML file.

The command line wins over the environment, the environment over the file. Unknown variables are
ignored (others share the environment); unknown members of the file are refused (they are typos).
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from keyturn.server.declarations import (
    ClientDeclaration,  # noqa: TC001 - pydantic reads the annotation, as the next two
    ProjectDeclaration,  # noqa: TC001
    ResourceDeclaration,  # noqa: TC001
)
from keyturn.server.mail.message import sender_of
from keyturn.server.operating.address import address_of
from keyturn.server.strict import Strict

PREFIX = "KEYTURN_"
DEFAULT_PORT = 8102


class SettingsProblem(Exception):
    """A setting is wrong. The text names it and says what it accepts."""


class Settings(Strict):
    """All settings of one server process."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535, description="Port; 0 takes a free one.")
    data: Path = Field(
        default=Path("keyturn-data"), description="Folder of database, secret and outbox."
    )
    database: str | None = Field(
        default=None, description="Database URL; SQLite in the data folder if unset."
    )
    base_url: str | None = Field(
        default=None,
        description="The address people and programs reach this server at; also the issuer.",
    )
    site_name: str = Field(
        default="Keyturn", description="The name shown at the top of every page."
    )
    secret_file: Path | None = Field(
        default=None, description="File of the server secret; in data if unset."
    )
    default_project: str | None = Field(
        default=None, description="Project of a page opened directly."
    )
    rate_limits: Literal["on", "off"] = Field(
        default="on", description="Off lifts limits on volume, never those on guessing."
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="smtp://, smtps:// or smtp+starttls:// URL; mail goes to data/outbox if unset.",
    )
    mail_from: str | None = Field(
        default=None, description="Sender of mails; no-reply at the host if unset."
    )
    access_token_seconds: int = Field(
        default=600, ge=30, le=86400, description="Life of an access token, in seconds."
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Addresses or networks whose X-Forwarded-* count; comma separated.",
    )
    workers: int = Field(
        default=1, ge=1, le=64, description="Processes that serve, behind one listening socket."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="The log's form on standard error: lines, or JSON objects."
    )
    log_requests: bool = Field(
        default=False,
        description="Log a line for each request: method, declared route, status, milliseconds.",
    )
    metrics: str | None = Field(
        default=None,
        description="Address and port where Prometheus fetches /metrics, such as 127.0.0.1:9102; "
        "off if unset. Keep it private.",
    )
    drain_seconds: int = Field(
        default=0,
        ge=0,
        le=300,
        description="At shutdown: how long to go on answering while /ready already says 503.",
    )
    preview: bool = Field(default=False, description="Show every page and state under /preview.")
    brand: Path | None = Field(
        default=None, description="Folder with brand.css and a logo for all pages."
    )
    projects: tuple[ProjectDeclaration, ...] = ()
    clients: tuple[ClientDeclaration, ...] = ()
    resources: tuple[ResourceDeclaration, ...] = ()

    @field_validator("base_url")
    @classmethod
    def _base_url_is_an_origin_and_path(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if (
            parts.scheme not in ("http", "https")
            or not parts.netloc
            or parts.query
            or parts.fragment
        ):
            raise ValueError("must be an http(s) URL without query or fragment")
        return value.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _smtp_url_names_a_server(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        if parts is not None and (
            parts.scheme not in ("smtp", "smtps", "smtp+starttls")
            or not parts.hostname
            or parts.port == 0
        ):
            raise ValueError("must be smtp://, smtps:// or smtp+starttls:// and a host")
        return value

    @field_validator("metrics")
    @classmethod
    def _metrics_have_an_address(cls, value: str | None) -> str | None:
        if value is not None:
            address_of(value)
        return value

    @field_validator("mail_from")
    @classmethod
    def _mail_comes_from_an_address(cls, value: str | None) -> str | None:
        if value is not None:
            sender_of(value)
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _proxies_are_networks(cls, value: Any) -> Any:
        found = (
            tuple(p.strip() for p in value.split(",") if p.strip())
            if isinstance(value, str)
            else value
        )
        for proxy in found:
            ipaddress.ip_network(proxy, strict=False)
        return found

    @model_validator(mode="after")
    def _clients_belong_to_projects(self) -> Settings:
        known = {p.id for p in self.projects}
        for client in self.clients:
            if known and client.project not in known:
                raise ValueError(
                    f"client {client.id!r} names project {client.project!r}, which is not declared"
                )
        for resource in self.resources:
            if known and resource.project not in known:
                raise ValueError(
                    f"resource {resource.uri!r} names project {resource.project!r}, "
                    "which is not declared"
                )
        return self

    @model_validator(mode="after")
    def _one_project_at_most_is_open_to_registration(self) -> Settings:
        if sum(p.registration == "open" for p in self.projects) > 1:
            raise ValueError(
                "registration is open in more than one project; an issuer has one registration "
                "endpoint, and only a token can say which of them is meant"
            )
        return self

    @property
    def secret_path(self) -> Path:
        """Where the server secret lies."""
        return self.secret_file or self.data / "secret"

    @property
    def issuer(self) -> str:
        """The base URL, made from host and port where none was set."""
        if self.base_url:
            return self.base_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def load(
    *,
    arguments: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
    file: Path | None = None,
) -> Settings:
    """Merge file, environment and command line into settings.

    Raises:
        SettingsProblem: naming the first setting that is wrong.
    """
    merged: dict[str, Any] = _read(file) if file else {}
    for name in Settings.model_fields.keys() - {"projects", "clients", "resources"}:
        value = environ.get(PREFIX + name.upper())
        if value:
            merged[name] = value
    merged.update({k: v for k, v in (arguments or {}).items() if v is not None})
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in found["loc"]) or "settings"
        raise SettingsProblem(f"{where}: {found['msg']}") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            return tomllib.load(opened)
    except FileNotFoundError:
        raise SettingsProblem(f"{file}: no such file") from None
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise SettingsProblem(f"{file}: {error}") from None
