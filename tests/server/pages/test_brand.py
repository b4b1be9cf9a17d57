"""An operator's templates and colours."""

from pathlib import Path

import pytest

from keyturn.server.pages.brand import Brand
from keyturn.server.pages.contrast import DEFAULTS, brand_findings, contrast
from keyturn.server.pages.preview import PREVIEW_NOW, preview_routes
from keyturn.server.pages.render import render, respond
from keyturn.server.pages.views import Frame
from tests.server.pages.conftest import FRAME
from tests.server.pages.reading import Reading
from tests.server.pages.test_pages import PAGES


@pytest.fixture
def own(tmp_path: Path) -> Frame:
    (tmp_path / "templates").mkdir()
    return Frame(host="id.example.com", brand=Brand(tmp_path))


def write(frame: Frame, name: str, text: str) -> None:
    assert frame.brand is not None
    (frame.brand.directory / name).write_text(text)


def test_a_template_of_the_same_name_takes_the_place_of_ours(own: Frame) -> None:
    write(own, "templates/denied.html", "<p>{{ page.program }} is not let in.</p>")

    assert render(PAGES["denied"], frame=own, now=PREVIEW_NOW) == "<p>acme is not let in.</p>"
    assert "is not let in" not in render(PAGES["denied"], frame=FRAME, now=PREVIEW_NOW)


def test_a_template_can_extend_ours_and_change_one_block(own: Frame) -> None:
    write(
        own,
        "templates/base.html",
        '{% extends "keyturn/base.html" %}{% block foot %}<p>Imprint</p>{% endblock %}',
    )
    page = Reading(render(PAGES["sign-in"], frame=own, now=PREVIEW_NOW))

    assert page.text("footer") == "Imprint"
    assert page.text("h1") == "Sign in"


def test_an_operators_template_gets_cleaned_and_escaped_names_too(own: Frame) -> None:
    write(own, "templates/confirm.html", "{{ page.program }}")

    assert render(PAGES["confirm-turned"], frame=own, now=PREVIEW_NOW) == "acmegnp.exe (verified)"
    assert "<script>" not in render(PAGES["confirm-markup"], frame=own, now=PREVIEW_NOW)


def test_a_changed_template_is_used_at_once(own: Frame) -> None:
    write(own, "templates/denied.html", "one")
    assert render(PAGES["denied"], frame=own, now=PREVIEW_NOW) == "one"
    write(own, "templates/denied.html", "the other")
    assert render(PAGES["denied"], frame=own, now=PREVIEW_NOW) == "the other"


def test_fonts_are_allowed_from_here_once_the_brand_has_some(own: Frame) -> None:
    def policy() -> str:
        return respond(PAGES["sign-in"], frame=own, now=PREVIEW_NOW).headers[
            "content-security-policy"
        ]

    assert "font-src" not in policy()
    write(own, "acme.woff2", "")
    assert "font-src 'self'; form-action" in policy()


def test_contrast_is_measured_as_wcag_defines_it() -> None:
    assert contrast("000000", "ffffff") == pytest.approx(21)
    assert contrast("777777", "ffffff") == pytest.approx(4.48, abs=0.01)
    assert brand_findings("") == ()


def test_colours_that_are_hard_to_read_are_named_one_by_one() -> None:
    found = brand_findings(":root { --brand-accent: #7fb2ff; --brand-accent-dark: #86CCD8 }")

    assert found == (
        "--brand-accent with --brand-on-accent: 2.2 to 1; 4.5 are needed.",
        "--brand-accent with #ffffff: 2.2 to 1; 4.5 are needed.",
        "--brand-accent with #f0f4f3: 1.9 to 1; 4.5 are needed.",
    )


def test_the_measured_defaults_are_those_of_the_style_sheet() -> None:
    css = Path(preview_routes.__code__.co_filename).parents[1] / "static" / "keyturn.css"

    for name, colour in DEFAULTS.items():
        assert f"{name}: #{colour};" in css.read_text()
