"""What ``/openapi.json`` says about the OAuth endpoints: their forms, answers and errors."""

from __future__ import annotations

from typing import Any

from keyturn.server.oauth.rules import LONGEST_CLIENT_ID, LONGEST_PARAMETER
from keyturn.server.oauth.token import GRANTS

_Schema = dict[str, Any]


def _text(longest: int = LONGEST_PARAMETER) -> _Schema:
    return {"type": "string", "maxLength": longest}


def _object(required: tuple[str, ...] = (), **properties: _Schema) -> _Schema:
    return {"type": "object", "properties": properties, "required": list(required)}


def _json(description: str, schema: _Schema) -> _Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_STRING: _Schema = {"type": "string"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}
_FLAG: _Schema = {"type": "boolean"}
_LIST: _Schema = {"type": "array", "items": _STRING}
# RFC 8707 section 2; it may be repeated where something is authorized.
_RESOURCE = _text()
_CLIENT = {"client_id": _text(LONGEST_CLIENT_ID), "client_secret": _text()}
_ERROR = _object(("error", "error_description"), error=_STRING, error_description=_STRING)

_REFUSALS: _Schema = {
    "400": _json("Refused (RFC 6749 section 5.2).", _ERROR),
    "401": _json("The client is unknown or its secret is wrong.", _ERROR),
    "405": _json("Another method than this endpoint's.", _ERROR),
    "408": _json("The body came too slowly.", _ERROR),
    "413": _json("The body is larger than 64 KiB.", _ERROR),
    "429": _json("Too many attempts; see Retry-After.", _ERROR),
    "503": _json("Try again after Retry-After; nothing was changed.", _ERROR),
}
_READ_REFUSALS: _Schema = {
    "400": _json("A header is repeated.", _ERROR),
    "405": _REFUSALS["405"],
    "503": _REFUSALS["503"],
}


def _form(schema: _Schema, answer: _Schema) -> _Schema:
    body = {"application/x-www-form-urlencoded": {"schema": schema}}
    return {
        "requestBody": {"required": True, "content": body},
        "responses": {"200": answer, **_REFUSALS},
    }


TOKEN = _form(
    _object(
        ("grant_type",),
        grant_type={"type": "string", "enum": list(GRANTS)},
        code=_text(),
        redirect_uri=_text(),
        code_verifier={"type": "string", "minLength": 43, "maxLength": 128},
        refresh_token=_text(),
        device_code=_text(),
        scope=_text(),
        resource=_RESOURCE,
        **_CLIENT,
    ),
    _json(
        "Tokens (RFC 6749 section 5.1), with session and generation of the family.",
        _object(
            ("access_token", "token_type", "expires_in", "scope", "session", "generation"),
            access_token=_STRING,
            token_type={"type": "string", "const": "Bearer"},
            expires_in={"type": "integer", "minimum": 1},
            refresh_token=_STRING,
            id_token=_STRING,
            scope=_STRING,
            session=_STRING,
            generation=_COUNT,
        ),
    ),
)
TOKEN["parameters"] = [
    {
        "name": "Prefer",
        "in": "header",
        "required": False,
        "description": "`wait=SECONDS` holds a device poll until somebody decides (RFC 7240).",
        "schema": _STRING,
    }
]

DEVICE_AUTHORIZATION = _form(
    _object(
        (),
        scope=_text(),
        resource=_RESOURCE,
        host_name=_text(),
        system=_text(),
        program=_text(),
        **_CLIENT,
    ),
    _json(
        "What to show and how to poll (RFC 8628 section 3.2).",
        _object(
            ("device_code", "user_code", "verification_uri", "expires_in", "interval"),
            device_code=_STRING,
            user_code=_STRING,
            verification_uri={"type": "string", "format": "uri"},
            expires_in=_COUNT,
            interval=_COUNT,
        ),
    ),
)

REVOKE = _form(
    _object(("token",), token=_text(), token_type_hint=_text(), **_CLIENT),
    {"description": "The token and its family are of no use any more."},
)

INTROSPECT = _form(
    _object(("token",), token=_text(), token_type_hint=_text(), **_CLIENT),
    _json(
        "What the token is worth (RFC 7662 section 2.2); nothing but active where it is not.",
        _object(
            ("active",),
            active=_FLAG,
            scope=_STRING,
            client_id=_STRING,
            token_type=_STRING,
            sub=_STRING,
            aud=_STRING,
            iss=_STRING,
            iat=_COUNT,
            exp=_COUNT,
            jti=_STRING,
            sid=_STRING,
        ),
    ),
)

USERINFO: _Schema = {
    "description": "Name the person behind the access token, which comes as Bearer (RFC 6750).",
    "responses": {
        "200": _json(
            "The user, as far as the scope allows.",
            _object(
                ("sub",),
                sub=_STRING,
                email=_STRING,
                email_verified=_FLAG,
                name=_STRING,
                picture=_STRING,
            ),
        ),
        "401": _json("The token is missing, expired, or its session has ended.", _ERROR),
        **_READ_REFUSALS,
    },
}

ACK: _Schema = {
    "description": "Tell that the tokens of this access token, which comes as Bearer, are stored.",
    "responses": {
        "204": {"description": "The refresh token before them is of no use any more."},
        "401": _json("The token is missing, expired, or its session has ended.", _ERROR),
        **_READ_REFUSALS,
    },
}

JWKS: _Schema = {
    "responses": {
        "200": _json(
            "The public keys (RFC 7517 section 5).",
            _object(("keys",), keys={"type": "array", "items": {"type": "object"}}),
        ),
        **_READ_REFUSALS,
    }
}

METADATA: _Schema = {
    "responses": {
        "200": _json(
            "The metadata (RFC 8414 section 2).",
            _object(
                ("issuer", "authorization_endpoint", "token_endpoint"),
                issuer=_STRING,
                authorization_endpoint=_STRING,
                token_endpoint=_STRING,
                grant_types_supported=_LIST,
                code_challenge_methods_supported=_LIST,
            ),
        ),
        **_READ_REFUSALS,
    }
}

OPENID_CONFIGURATION: _Schema = {
    "responses": {
        "200": _json(
            "The same metadata, with what OpenID Connect Discovery section 3 adds.",
            _object(
                ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"),
                issuer=_STRING,
                authorization_endpoint=_STRING,
                token_endpoint=_STRING,
                userinfo_endpoint=_STRING,
                jwks_uri=_STRING,
                scopes_supported=_LIST,
                response_types_supported=_LIST,
                subject_types_supported=_LIST,
                id_token_signing_alg_values_supported=_LIST,
                claims_supported=_LIST,
            ),
        ),
        **_READ_REFUSALS,
    }
}

PROTECTED_RESOURCE: _Schema = {
    "responses": {
        "200": _json(
            "The metadata (RFC 9728 section 2).",
            _object(
                ("resource", "authorization_servers"),
                resource=_STRING,
                resource_name=_STRING,
                authorization_servers=_LIST,
                bearer_methods_supported=_LIST,
                scopes_supported=_LIST,
            ),
        ),
        **_READ_REFUSALS,
    }
}
