"""Which proxy is used for what."""

import traceback
from urllib.parse import urlsplit

import pytest

from keyturn.net.proxy import proxy_for
from keyturn.protocol.errors import ServerUnreachable

PROXY = "http://proxy.example:3128"


def found(url: str, **environ: str) -> str | None:
    """Return ``host:port`` of the proxy for ``url``."""
    proxy = proxy_for(urlsplit(url), environ)
    return f"{proxy.host}:{proxy.port}" if proxy else None


@pytest.mark.proves("K-30")
def test_the_usual_variables_are_read_lower_case_first() -> None:
    assert found("https://id.example", https_proxy=PROXY) == "proxy.example:3128"
    assert found("https://id.example", HTTPS_PROXY="upper.example") == "upper.example:80"
    assert found("https://id.example", https_proxy=PROXY, HTTPS_PROXY="upper:1") == found(
        "https://id.example", https_proxy=PROXY
    )
    assert found("https://id.example", ALL_PROXY=PROXY) == "proxy.example:3128"
    assert found("https://id.example") is None


@pytest.mark.parametrize(
    ("exempt", "direct"),
    [
        ("*", True),
        ("id.example", True),
        (".example", True),
        ("example", True),
        ("other.example, id.example", True),
        ("id.example:443", True),
        ("id.example:8443", False),
        ("d.example", False),
        ("", False),
        (",,", False),
    ],
)
def test_no_proxy_names_hosts_domains_and_ports(exempt: str, direct: bool) -> None:
    url = found("https://id.example/", https_proxy=PROXY, no_proxy=exempt)
    assert url == (None if direct else "proxy.example:3128")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8102", "https://localhost", "https://[::1]:8102", "http://id.example"],
)
def test_this_computer_and_plain_http_are_never_reached_through_a_proxy(url: str) -> None:
    assert found(url, https_proxy=PROXY, http_proxy=PROXY, all_proxy=PROXY) is None


@pytest.mark.parametrize(
    "setting",
    [
        "socks5://proxy:1080",
        "https://proxy",
        "http://",
        "http:///x",
        "http://ada:pw1080/with-a-slash@proxy:3128",
        "http://proxy:port-1080",
        "proxy:1080000",
        "http://[proxy:1080",
    ],
)
@pytest.mark.proves("K-30", "T-9")
def test_a_proxy_of_another_kind_is_an_error_that_does_not_repeat_the_setting(setting: str) -> None:
    with pytest.raises(ServerUnreachable, match=r"http://host:port") as caught:
        found("https://id.example", https_proxy=setting)
    assert caught.value.kind == "proxy"
    assert "1080" not in "".join(traceback.format_exception_only(caught.value))
    assert caught.value.__context__ is None or caught.value.__suppress_context__
