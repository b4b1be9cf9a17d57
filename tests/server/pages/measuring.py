"""What is measured inside the browser, as expressions for `Page.evaluate`."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

# How far the page can be scrolled sideways, in px; 0 is as it should be.
SIDEWAYS = """() => {
  const page = document.scrollingElement;
  return Math.max(page.scrollWidth, document.body.scrollWidth) - page.clientWidth;
}"""

# Controls under 44 px, as [what, height]; links inside a sentence are excepted (WCAG 2.5.8), and a
# checkbox is pressed through its label.
TOO_LOW = """() => [...document.querySelectorAll(
    "button, summary, .button, .foot a, input:not([type=hidden], [type=checkbox], [hidden]), .agree"
  )].filter(e => e.checkVisibility()).map(e => [e.innerText || e.name, e.getBoundingClientRect()])
  .filter(([, box]) => box.height < 43.99 || box.width < 43.99)
  .map(([what, box]) => [what, box.height])"""

# Every visible text with the contrast of its colour to the nearest opaque background, as
# [ratio, text]; WCAG 2.2's definition. `color(srgb ...)` comes from color-mix, the rest is rgb().
CONTRASTS = """() => {
  const channels = value => {
    const numbers = value.match(/[\\d.]+/g).map(Number);
    return value.startsWith("color(srgb") ? numbers.map((n, i) => i < 3 ? n * 255 : n) : numbers;
  };
  const luminance = value => {
    const [r, g, b] = channels(value).map(n => n / 255)
      .map(n => n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const back = getComputedStyle(e).backgroundColor;
      if (channels(back)[3] !== 0) return back;
    }
    return "rgb(255, 255, 255)";
  };
  const ratio = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  window.ratioOf = (selector, property = "color", back = null) => {
    const e = document.querySelector(selector);
    const under = back ? document.querySelector(back) : property === "color" ? e : e.parentElement;
    return ratio(getComputedStyle(e)[property], behind(under));
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() && element.checkVisibility() && !element.closest(".unseen"))
      found.push([ratio(getComputedStyle(element).color, behind(element)),
                  walker.currentNode.data.trim()]);
  }
  return found;
}"""

# What has the focus, by what one reads on it, and how its ring looks.
FOCUSED = """() => {
  const e = document.activeElement;
  if (e === document.body) return null;
  const style = getComputedStyle(e);
  return {name: (e.innerText || e.name || "").trim(), top: e.getBoundingClientRect().top + scrollY,
          ring: style.outlineStyle + " " + parseFloat(style.outlineWidth)};
}"""

# Text that leaves its box or is cut off by it, by element. Texts for screen readers are cut on
# purpose, and "Not you?" stands 4 px out so that its letters line up with the edge.
CUT_OFF = """() => [...document.querySelectorAll("main *, header *, footer *")]
  .filter(e => !e.closest(".unseen, svg") && e.checkVisibility() && e.clientWidth > 0)
  .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline")
  .filter(e => e.tagName !== "INPUT" && !e.matches(".account form"))
  .map(e => e.tagName + "." + e.className + ": " + e.innerText.slice(0, 40))"""

# Edges that carry meaning but are not drawn; in forced colours backgrounds are gone (WCAG 1.4.11).
EDGES = """() => [...document.querySelectorAll(
    ".button, .textlink, .notice, .card, .compare, .avatar, .field input")].filter(e => {
  const style = getComputedStyle(e);
  return parseFloat(style.borderTopWidth) < 1
    || style.borderTopColor === getComputedStyle(document.body).backgroundColor;
}).map(e => e.className || e.tagName)"""

MOVING = """() => [...document.querySelectorAll("*")].filter(
  e => !/^(0s|none)$/.test(getComputedStyle(e).transitionDuration)).map(e => e.className)"""

# What readers may set without losing content. Each returns how to take it back.
NOTHING = "() => () => {}"
DOUBLE_TEXT = """() => {
  document.documentElement.style.fontSize = "200%";
  return () => { document.documentElement.style.fontSize = ""; };
}"""
TEXT_SPACING = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important; } p { margin-block-end: 2em !important; }`);
  document.adoptedStyleSheets = [sheet];
  return () => { document.adoptedStyleSheets = []; };
}"""
RIGHT_TO_LEFT = """() => {
  document.documentElement.dir = "rtl";
  return () => { document.documentElement.dir = "ltr"; };
}"""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One measure under one set of circumstances; what it finds should be nothing."""

    says: str
    measure: str
    width: int = 1280
    change: str = NOTHING
    media: dict[str, str] = field(default_factory=dict)

    def on(self, page: "Page") -> Any:
        """Measure the page as it is open now, and leave it as it was."""
        size: ViewportSize = {"width": self.width, "height": 844}
        if page.viewport_size != size:  # each change lays the page out anew
            page.set_viewport_size(size)
        media = {**_USUAL, **self.media}
        if _media.get(page) != media:
            page.emulate_media(**media)  # type: ignore[arg-type]
            _media[page] = media
        return page.evaluate(
            f"() => {{ const undo = ({self.change})();"
            f" const found = ({self.measure})(); undo(); return found; }}"
        )


# Without motion: a colour that is still on its way to dark would be measured wrong.
_USUAL = {"color_scheme": "light", "forced_colors": "none", "reduced_motion": "reduce"}
_media: WeakKeyDictionary["Page", dict[str, str]] = WeakKeyDictionary()  # as it is set now
_LOW_CONTRAST = f"() => ({CONTRASTS})().filter(([ratio]) => ratio < 4.5)"

CHECKS = [
    Check(says="nothing scrolls sideways at 1280 px", measure=SIDEWAYS),
    Check(says="no text is cut off at 1280 px", measure=CUT_OFF),
    Check(says="what one presses is 44 px at 1280 px", measure=TOO_LOW),
    Check(says="every text has 4.5 to 1 in light", measure=_LOW_CONTRAST),
    Check(
        says="every text has 4.5 to 1 in dark",
        measure=_LOW_CONTRAST,
        media={"color_scheme": "dark"},
    ),
    Check(
        says="edges are drawn in forced colours", measure=EDGES, media={"forced_colors": "active"}
    ),
    Check(says="nothing moves where no motion is wanted", measure=MOVING),
    Check(
        says="nothing scrolls sideways at 640 px in double text size",
        measure=SIDEWAYS,
        width=640,
        change=DOUBLE_TEXT,
    ),
    Check(says="nothing scrolls sideways at 390 px", measure=SIDEWAYS, width=390),
    Check(says="nothing scrolls sideways at 320 px", measure=SIDEWAYS, width=320),
    Check(says="no text is cut off at 320 px", measure=CUT_OFF, width=320),
    Check(says="what one presses is 44 px at 320 px", measure=TOO_LOW, width=320),
    Check(
        says="nothing scrolls sideways at 320 px in double text size",
        measure=SIDEWAYS,
        width=320,
        change=DOUBLE_TEXT,
    ),
    Check(
        says="nothing scrolls sideways at 320 px with wide text spacing",
        measure=SIDEWAYS,
        width=320,
        change=TEXT_SPACING,
    ),
    Check(
        says="nothing scrolls sideways at 320 px from right to left",
        measure=SIDEWAYS,
        width=320,
        change=RIGHT_TO_LEFT,
    ),
]
