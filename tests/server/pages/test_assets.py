"""The style sheet and the brand's files over real HTTP."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from keyturn.server.pages.assets import asset_routes
from keyturn.server.pages.brand import Brand
from keyturn.server.pages.preview import preview_routes
from keyturn.server.pages.views import Frame
from tests.server.pages.serving import get, only, served


@pytest.fixture
def brand(tmp_path: Path) -> Brand:
    (tmp_path / "brand.css").write_text(":root { --brand-accent: #6b2fa0; }\n")
    (tmp_path / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (tmp_path / "notes.txt").write_text("not for everybody")
    (tmp_path / "templates").mkdir()
    return Brand(tmp_path, slug="acme")


@pytest.fixture
def branded(brand: Brand) -> Iterator[str]:
    frame = Frame(host="id.example.com", brand=brand)
    with served(Starlette(routes=[*asset_routes(only(brand)), *preview_routes(frame)])) as base:
        yield base


def linked(base: str, page: str) -> list[str]:
    return re.findall(r'<link rel="stylesheet" href="([^"]+)"', get(base + page)[1].decode())


def test_the_linked_style_sheet_is_kept_for_a_year_because_its_address_names_its_version(
    site: str,
) -> None:
    (address,) = linked(site, "/preview/sign-in")
    answer, body = get(site + address)

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert b"--brand-accent" in body


def test_a_browser_that_has_the_file_gets_304(site: str) -> None:
    tag = get(f"{site}/static/keyturn.css")[0].headers["etag"]

    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        answer, body = get(f"{site}/static/keyturn.css", if_none_match=known)
        assert (answer.status, body) == (304, b"")
    answer, body = get(f"{site}/static/keyturn.css", if_none_match='"other"')
    assert answer.status == 200


def test_without_its_version_a_file_is_checked_again_each_time(site: str) -> None:
    for query in ("", "?v=0000"):
        answer, _ = get(f"{site}/static/keyturn.css{query}")
        assert answer.headers["cache-control"] == "no-cache"


def test_the_brand_is_loaded_after_our_own_style(branded: str) -> None:
    own, brands = linked(branded, "/preview/sign-in")

    assert own.startswith("/static/keyturn.css?v=")
    assert brands.startswith("/brand/acme/brand.css?v=")
    assert b"#6b2fa0" in get(branded + brands)[1]


def test_a_changed_brand_is_seen_at_once_under_a_new_address(branded: str, brand: Brand) -> None:
    before = linked(branded, "/preview/sign-in")[1]
    (brand.directory / "brand.css").write_text(":root { --brand-accent: #14532d; }\n/* new */")
    after = linked(branded, "/preview/sign-in")[1]

    assert before != after
    assert b"#14532d" in get(branded + after)[1]


def test_an_image_opened_by_itself_can_run_nothing(branded: str) -> None:
    answer, _ = get(f"{branded}/brand/acme/logo.svg")

    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-security-policy"].endswith("sandbox")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        *("/static/nothing.css", "/static/..%2frender.py", "/brand/brand.css"),
        *("/brand/other/brand.css", "/brand/acme/notes.txt", "/brand/acme/templates"),
        *("/brand/acme/..%2f..%2fetc%2fpasswd", "/brand/acme/.hidden.css", "/brand/acme/%00.css"),
    ],
)
def test_nothing_else_is_served(branded: str, path: str) -> None:
    assert get(branded + path)[0].status == 404


def test_a_brand_without_files_changes_nothing(tmp_path: Path) -> None:
    brand = Brand(tmp_path / "absent")

    assert brand.address("brand.css") is None
    assert not brand.has_fonts()


@pytest.mark.parametrize("slug", ["../x", "a.b", "a/b", "-a", "a b"])
def test_a_slug_that_is_no_plain_name_is_refused(tmp_path: Path, slug: str) -> None:
    with pytest.raises(ValueError, match="slug"):
        Brand(tmp_path, slug=slug)
