"""The published JavaScript package inside Chromium, on a site of its own, against a real server.

It shows what a node program cannot: passkeys, going away to a provider and back, sessions in
cookies, and links out of mails that open a page. Site and server are two sites to the browser,
and the project trusts the site by name, not because it is on this computer.

What differs between versions:

- None ships pages outside React: where mails and providers send people, and where the second
  factor is asked for, the site calls the package's own method for it. 2.7.23 asks for the factor
  in a dialog of the browser.
- 2.8.108 asks for the provider's address with a script first; the older ones go there at once.
- ``linkConnectedAccount`` came after 2.8.41; the older ones link with ``getConnectedAccount``.
"""

import os
import re
import time
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from keyturn.server.mfa.rules import hotp, step_at
from tests.e2e.chromium_ import add_authenticator, sees
from tests.e2e.published_site_ import (
    Site,
    ask,
    enter,
    fact,
    open_mail,
    press,
    refreshes,
    running,
    sign_out,
    sign_up,
    told,
)
from tests.requirements_ import rounds

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.xdist_group("published-in-a-browser")

# As in test_published_clients: the old headers, the new sign-in pages, the new headers.
VERSIONS = ("2.7.23", "2.8.41", "2.8.108")
IN_FULL = bool(rounds(bounded=0, full=1))
EVERY = pytest.mark.parametrize("site", VERSIONS, indirect=True)
ENDS = pytest.mark.parametrize("site", VERSIONS if IN_FULL else VERSIONS[::2], indirect=True)
NEWEST = pytest.mark.parametrize("site", VERSIONS if IN_FULL else VERSIONS[2:], indirect=True)
LINKS = [("2.7.23", "Connect Work"), ("2.8.108", "Link Work")]
WAYS = ("Sign in", "Sign in with a passkey", "Sign in with Work")
FACTORS = list(zip(VERSIONS, WAYS, strict=True))
if IN_FULL:
    LINKS += [("2.8.41", "Connect Work"), ("2.8.108", "Connect Work")]
    FACTORS = list(product(VERSIONS, WAYS))


@pytest.fixture(scope="module")
def any_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Yield the site without its program."""
    with running(tmp_path_factory.mktemp("published")) as started:
        yield started


@pytest.fixture(scope="module")
def site(any_site: Site, request: pytest.FixtureRequest) -> Site:
    """Return the site, built with one version of the package."""
    any_site.build(request.param)
    return any_site


@pytest.fixture
def email(site: Site) -> str:
    """Return the address of somebody new, whom the provider knows as well."""
    subject = uuid4().hex
    site.issuer.subject, site.issuer.decision = subject, "approve"
    return f"{subject}@example.com"


@pytest.fixture
def page(window: "Page", site: Site) -> "Page":
    """Return the site, open in a browser that has an authenticator."""
    add_authenticator(window)
    window.goto(site.origin)
    sees(window, "Signed out")
    return window


@ENDS
@pytest.mark.proves("S-1", "S-5", "S-11")
def test_a_session_in_cookies_outlives_the_page_and_ends_with_signing_out(
    page: "Page", site: Site, email: str
) -> None:
    sign_up(page, email)
    token = ask(page, "(await user.currentSession.getTokens()).refreshToken")
    page.context.clear_cookies(name=re.compile("-access$"))  # as a day later
    page.reload()
    sees(page, f"Signed in as {email}")
    assert refreshes(site, token)
    sign_out(page)
    page.reload()
    sees(page, "Signed out")
    assert not refreshes(site, token)


@NEWEST
def test_a_page_for_members_sends_to_the_sign_in_page_and_is_come_back_to(
    page: "Page", site: Site, email: str
) -> None:
    sign_up(page, email)
    sign_out(page)
    page.goto(f"{site.origin}/private")
    page.wait_for_url(f"{site.origin}/handler/sign-in?after_auth_return_to=**private")
    enter(page, "Sign in", email, "something else")
    told(page, "EMAIL_PASSWORD_MISMATCH")
    enter(page, "Sign in", email)
    page.wait_for_url(f"{site.origin}/private")
    sees(page, f"Signed in as {email}")


@ENDS
def test_a_passkey_is_added_and_signs_in(page: "Page", email: str) -> None:
    sign_up(page, email)
    person = fact(page, "Person")
    press(page, "Add a passkey")
    told(page, "Add a passkey: ok")
    assert fact(page, "Passkey") == "true"
    sign_out(page)
    press(page, "Sign in with a passkey")
    sees(page, f"Signed in as {email}")
    assert fact(page, "Person") == person


@EVERY
def test_somebody_goes_to_a_provider_and_comes_back_signed_in(
    page: "Page", site: Site, email: str
) -> None:
    press(page, "Sign in with Work")
    sees(page, f"Signed in as {email}")
    assert (page.url, fact(page, "Linked")) == (f"{site.origin}/", "work")
    person = fact(page, "Person")
    sign_out(page)
    press(page, "Sign in with Work")
    sees(page, f"Signed in as {email}")
    assert fact(page, "Person") == person


@ENDS
def test_a_refusal_at_the_provider_comes_back_as_an_error(page: "Page", site: Site) -> None:
    site.issuer.decision = "deny"
    press(page, "Sign in with Work")
    page.wait_for_url(f"{site.origin}/handler/error?**")
    assert "errorCode=OAUTH_PROVIDER_ACCESS_DENIED" in page.url
    sees(page, "Signed out")


@pytest.mark.parametrize(("site", "way"), LINKS, indirect=["site"])
def test_a_provider_is_linked_to_somebody_signed_in(
    page: "Page", site: Site, email: str, way: str
) -> None:
    sign_up(page, email)
    person = fact(page, "Person")
    account = f"{site.origin}/account?tab=logins"
    page.goto(account)
    press(page, way)
    page.get_by_text("Linked: work").wait_for()
    assert (page.url, fact(page, "Person")) == (account, person)
    given = ask(page, "(await user.getConnectedAccount('work')).getAccessToken()")
    assert given["accessToken"] in site.issuer.issued


@NEWEST
def test_links_out_of_mails_verify_sign_in_and_set_a_password(
    page: "Page", site: Site, email: str
) -> None:
    sign_up(page, email)
    assert fact(page, "Verified") == "false"
    open_mail(page, site, email, 1)
    told(page, "This page: ok")
    assert fact(page, "Verified") == "true"
    sign_out(page)
    enter(page, "Mail me a link", email)
    told(page, "Mail me a link: ok")
    open_mail(page, site, email, 2)
    sees(page, f"Signed in as {email}")
    sign_out(page)
    enter(page, "I forgot my password", email)
    told(page, "I forgot my password: ok")
    open_mail(page, site, email, 3)
    enter(page, "Set password", email, "another password")
    told(page, "Set password: ok")
    enter(page, "Sign in", email, "another password")
    sees(page, f"Signed in as {email}")


@pytest.mark.parametrize(("site", "way"), FACTORS, indirect=["site"])
def test_a_second_factor_is_asked_for_after_every_first_one(
    page: "Page", site: Site, email: str, way: str
) -> None:
    secret = os.urandom(20)
    if way == "Sign in with Work":
        press(page, way)
        sees(page, f"Signed in as {email}")
    else:
        sign_up(page, email)
    if way == "Sign in with a passkey":
        press(page, "Add a passkey")
        told(page, "Add a passkey: ok")
    ask(page, f"user.update({{ totpMultiFactorSecret: new Uint8Array({list(secret)}) }})")
    sign_out(page)
    code = hotp(secret, step_at(int(time.time() * 1000)))  # noqa: TID251 - the person's own clock
    page.on("dialog", lambda dialog: dialog.accept(code))  # where 2.7.23 asks
    enter(page, way, email)
    if site.version != "2.7.23":
        page.wait_for_url(f"{site.origin}/handler/mfa")
        sees(page, "Signed out")
        page.get_by_label("Code").fill(code)
        press(page, "Enter code")
    sees(page, f"Signed in as {email}")
