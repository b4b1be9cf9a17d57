"""Text that somebody else wrote, made fit for a terminal.

A server's words could move the cursor, rewrite the line above or reverse the reading order.
"""

from __future__ import annotations

import unicodedata

# Cc: control characters, ESC among them; Cf: invisible formatting, the bidirectional ones among
# them; Zl, Zp: line and paragraph separators; Cs, Co, Cn: nothing that a terminal can show.
_UNFIT = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"})


def printable(text: str, *, limit: int = 200) -> str:
    """Return ``text`` on one line, without control or bidirectional characters.

    White space collapses to single spaces; what passes ``limit`` characters is cut off.
    """
    # Cut first, generously: a hostile megabyte should cost nothing.
    words = text[: limit * 8].split()
    fit = " ".join(
        "".join(c for c in word if unicodedata.category(c) not in _UNFIT) for word in words
    )
    fit = " ".join(fit.split())
    return fit if len(fit) <= limit else fit[: limit - 3] + "..."
