"""Measures colours as WCAG 2.2 does, and says what is wrong with a brand's.

Colours are read from the six-digit hexadecimal form that the brand properties use; other notations
are valid CSS and simply not measured.
"""

from __future__ import annotations

import re

_PROPERTY = re.compile(r"(--brand-[a-z-]+)\s*:\s*#([0-9a-fA-F]{6})\s*[;}]")
_LEAST = 4.5  # WCAG 2.2, 1.4.3

DEFAULTS = {
    "--brand-accent": "0b5d69",
    "--brand-on-accent": "ffffff",
    "--brand-accent-dark": "86ccd8",
    "--brand-on-accent-dark": "08262c",
}
# The accent is text on these surfaces (light, then dark), and carries its own text.
_PAIRS = (
    ("--brand-accent", "--brand-on-accent", ("ffffff", "f0f4f3")),
    ("--brand-accent-dark", "--brand-on-accent-dark", ("1a2125", "222b30")),
)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two ``rrggbb`` colours, 1 to 21 (WCAG 2.2 definition)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def brand_findings(css: str) -> tuple[str, ...]:
    """Return one sentence for each colour pair of a ``brand.css`` that is under 4.5 to 1."""
    colours = DEFAULTS | dict(_PROPERTY.findall(css))
    found: list[str] = []
    for accent, on_accent, surfaces in _PAIRS:
        beside = [(on_accent, colours[on_accent]), *((f"#{hue}", hue) for hue in surfaces)]
        for name, colour in beside:
            ratio = contrast(colours[accent], colour)
            if ratio < _LEAST:
                found.append(f"{accent} with {name}: {ratio:.1f} to 1; {_LEAST} are needed.")
    return tuple(found)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
