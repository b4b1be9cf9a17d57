"""Request bodies that no honest client sends, by name."""

from __future__ import annotations

import json

DEEP = 10_000

# Not JSON as this server reads it (RFC 8259, UTF-8, each member once): always a parsing error.
UNREADABLE_JSON: dict[str, bytes] = {
    "nothing but space": b" ",
    "half an object": b'{"a": ',
    "two values": b"{}{}",
    "a comma too much": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "a comment": b"{} // nothing",
    "not a number": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "a number beyond all": b'{"a": 1e999}',
    "five thousand digits": b'{"a": ' + b"9" * 5000 + b"}",
    "a member twice": b'{"login_code": "a", "login_code": "b"}',
    "a member twice, once escaped": b'{"login_code": "a", "login\\u005fcode": "b"}',
    "a raw NUL": b'{"a": "\0"}',
    "an escaped NUL": b'{"a": "\\u0000"}',
    "a NUL in a name": b'{"\\u0000": 1}',
    "half a character": b'{"a": "\\ud800"}',
    "the other half": b'{"a": ["\\udc00"]}',
    "halves in the wrong order": b'{"a": "\\udc00\\ud800"}',
    "half a character in a name": b'{"\\ud800": 1}',
    "invalid UTF-8": b'{"a": "\xff\xfe"}',
    "a surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "overlong UTF-8": b'{"a": "\xc0\x80"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "Latin-1": b'{"a": "\xe9"}',
    "lists without end": b"[" * DEEP,
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep in a member": b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "just too deep": b'{"a":' + b"[" * 65 + b"]" * 65 + b"}",
    "HTML": b"<!doctype html><title>no</title>",
    "a form": b"login_code=a&mode=check",
    "bytes": bytes(range(256)),
}

# JSON, but not of any endpoint: always a schema error.
UNFIT_JSON: dict[str, bytes] = {
    "null": b"null",
    "true": b"true",
    "a number": b"0",
    "a string": b'"login_code"',
    "a list": b"[]",
    "a list of objects": b'[{"login_code": "a"}]',
    "an unknown member": b'{"is_admin": true}',
    "the prototype": b'{"__proto__": {"is_admin": true}}',
    "an empty name": b'{"": ""}',
    "ten thousand members": json.dumps({f"m{n}": 0 for n in range(4000)}).encode(),
}

# Bodies of a form that is not one, or not once.
UNREADABLE_FORMS: dict[str, bytes] = {
    "raw bytes": b"grant_type=\xff\xfe",
    "a raw NUL": b"grant_type=\0",
    "an encoded NUL": b"grant_type=a%00b",
    "invalid UTF-8": b"grant_type=%ff%fe",
    "a surrogate": b"grant_type=%ed%a0%80",
    "overlong UTF-8": b"grant_type=%c0%80",
    "a field twice": b"grant_type=refresh_token&grant_type=refresh_token",
    "a field twice, once encoded": b"grant_type=a&grant%5ftype=b",
    "a thousand fields": b"&".join(b"f%d=1" % n for n in range(1000)),
    "a long value": b"grant_type=" + b"a" * 5000,
}


def padded(size: int) -> bytes:
    """Return a JSON object of so many bytes."""
    empty = len(b'{"a":""}')
    return b'{"a":"' + b"x" * (size - empty) + b'"}'
