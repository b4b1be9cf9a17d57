"""What ``/openapi.json`` says about registration: the metadata of clients, answers and errors."""

from __future__ import annotations

from typing import Any

from keyturn.server.oauth.clients import METHODS
from keyturn.server.oauth.registration_rules import LONGEST_VALUE, MOST_VALUES
from keyturn.server.oauth.rules import LONGEST_CLIENT_ID, LONGEST_REDIRECT_URI
from keyturn.server.projects.rules import ID_TOKEN_ALGORITHMS as _ALGORITHMS
from keyturn.server.projects.rules import NATIVE_GRANTS

_Schema = dict[str, Any]
_STRING: _Schema = {"type": "string"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}


def _or_null(schema: _Schema) -> _Schema:
    """An empty or missing member is the same as null (RFC 7592 section 2.2)."""
    return {"anyOf": [schema, {"type": "null"}]}


def _list(item: _Schema) -> _Schema:
    return {"type": "array", "items": item, "maxItems": MOST_VALUES}


def _answer(description: str, schema: _Schema) -> _Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_TEXT: _Schema = {"type": "string", "maxLength": LONGEST_VALUE}
_URI: _Schema = {"type": "string", "maxLength": LONGEST_REDIRECT_URI}
_METADATA: dict[str, _Schema] = {
    "redirect_uris": _or_null(_list(_URI)),
    "client_name": _or_null(_TEXT),
    "grant_types": _or_null(_list(_TEXT)),
    "response_types": _or_null(_list(_TEXT)),
    "scope": _or_null(_TEXT),
    "token_endpoint_auth_method": _or_null({"type": "string", "enum": [*METHODS, ""]}),
    "contacts": _or_null(_list(_TEXT)),
    "id_token_signed_response_alg": _or_null({"type": "string", "enum": [*_ALGORITHMS, ""]}),
    "default_max_age": _or_null({"type": "integer", "minimum": 0, "maximum": 2**31 - 1}),
    "require_auth_time": _or_null({"type": "boolean"}),
    "subject_type": _or_null({"type": "string", "enum": ["public", ""]}),
    **{
        name: _or_null(_TEXT)
        for name in (
            *("client_uri", "logo_uri", "tos_uri", "policy_uri"),
            *("software_id", "software_version"),
        )
    },
}
_INFORMATION: _Schema = {
    "type": "object",
    "properties": {
        "client_id": _STRING,
        "client_id_issued_at": _COUNT,
        "client_secret": {**_STRING, "description": "Told once, when it is made."},
        "client_secret_expires_at": {**_COUNT, "description": "0: it does not expire."},
        "registration_access_token": _STRING,
        "registration_client_uri": {"type": "string", "format": "uri"},
        "client_name": _STRING,
        "redirect_uris": {"type": "array", "items": _STRING},
        "grant_types": {"type": "array", "items": {"type": "string", "enum": list(NATIVE_GRANTS)}},
        "response_types": {"type": "array", "items": {"type": "string", "const": "code"}},
        "scope": _STRING,
        "token_endpoint_auth_method": {"type": "string", "enum": list(METHODS)},
    },
    "required": [
        *("client_id", "client_id_issued_at", "registration_access_token"),
        *("registration_client_uri", "client_name", "redirect_uris", "grant_types"),
        *("response_types", "scope", "token_endpoint_auth_method"),
    ],
}
_ERROR: _Schema = {
    "type": "object",
    "properties": {"error": _STRING, "error_description": _STRING},
    "required": ["error", "error_description"],
}
_UNAUTHORIZED = _answer("The token is missing, or not one for this.", _ERROR)
_READ_REFUSALS: _Schema = {
    "400": _answer("A header is repeated.", _ERROR),
    "401": _UNAUTHORIZED,
    "405": _answer("Another method than this endpoint's.", _ERROR),
    "503": _answer("Try again after Retry-After; nothing was changed.", _ERROR),
}
_REFUSALS: _Schema = {
    **_READ_REFUSALS,
    "400": _answer("The metadata is not acceptable (RFC 7591 section 3.2.2).", _ERROR),
    "408": _answer("The body came too slowly.", _ERROR),
    "413": _answer("The body is larger than 64 KiB.", _ERROR),
}
_WHOSE: _Schema = {
    "name": "client_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_CLIENT_ID},
}


def _body(properties: dict[str, _Schema], *required: str) -> _Schema:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


REGISTER: _Schema = {
    "requestBody": _body(_METADATA),
    "responses": {
        "201": _answer("The client, with its secrets.", _INFORMATION),
        "404": _answer("Programs cannot register themselves at this server.", _ERROR),
        "429": _answer("Too many registrations; see Retry-After.", _ERROR),
        **_REFUSALS,
    },
}
READ: _Schema = {
    "parameters": [_WHOSE],
    "responses": {"200": _answer("What is registered.", _INFORMATION), **_READ_REFUSALS},
}
UPDATE: _Schema = {
    "parameters": [_WHOSE],
    "requestBody": _body(
        {**_METADATA, "client_id": _STRING, "client_secret": _or_null(_STRING)}, "client_id"
    ),
    "responses": {"200": _answer("What is registered now.", _INFORMATION), **_REFUSALS},
}
DELETE: _Schema = {
    "parameters": [_WHOSE],
    "responses": {
        "204": {"description": "The client is gone, and its sessions have ended."},
        **_READ_REFUSALS,
    },
}
