"""Operations that published clients know and this version does not have yet.

They answer 501 in words, so that a missing feature is not taken for a wrong address, and they are
absent from the OpenAPI document.
"""

from __future__ import annotations

# Written as METHOD /path; a star stands for one segment.
OPERATIONS = """
POST /analytics/events/batch
POST /auth/oauth/cross-domain/authorize
POST /session-replays/batch
POST /emails/capacity-boost
POST /internal/projects/transfer
"""


def _read(text: str) -> dict[tuple[str, int], list[tuple[str, ...]]]:
    found: dict[tuple[str, int], list[tuple[str, ...]]] = {}
    for line in text.split("\n"):
        if line:
            method, path = line.split(" ")
            segments = tuple(path.strip("/").split("/"))
            found.setdefault((method, len(segments)), []).append(segments)
    return found


_KNOWN = _read(OPERATIONS)


def is_known(method: str, path: str) -> bool:
    """Say whether ``path`` (below the version) is one of the operations above."""
    asked = path.strip("/").split("/")
    return any(
        all(ours in ("*", theirs) for ours, theirs in zip(segments, asked, strict=True))
        for segments in _KNOWN.get((method, len(asked)), ())
    )
