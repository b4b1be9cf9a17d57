"""Opening a browser: when, which, how, and never through a shell."""

import json
import os
import sys
from pathlib import Path

import pytest

from keyturn.net import browser
from keyturn.net.browser import is_openable, look_around, open_url

URL = "https://id.example/authorize?a=1&b=%20c%2F&state=x"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(browser, "_CONTAINER_FILES", ())  # This suite may run in one.
    return folder


def tool(tools: Path, name: str, body: str = "") -> str:
    """Install a program that writes down how it was called."""
    path = tools / name
    path.write_text(
        f"#!{sys.executable}\n"
        "import json, os, sys\n"
        f"{body}\n"
        f"part = {str(tools / (name + '.part'))!r}\n"
        "with open(part, 'w') as file:\n"
        "    json.dump({'argv': sys.argv[1:], 'env': dict(os.environ), 'sid': os.getsid(0),\n"
        "               'tty': [os.isatty(n) for n in (0, 1, 2)]}, file)\n"
        f"os.rename(part, {str(tools / (name + '.called'))!r})\n"
    )
    path.chmod(0o755)
    return str(path)


def called(tools: Path, name: str) -> dict[str, object]:
    """Wait until a program was called and return how."""
    path = tools / f"{name}.called"
    while not path.exists():
        os.sched_yield()
    read: dict[str, object] = json.loads(path.read_text())
    return read


@pytest.mark.proves("K-42")
@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "ssh://-oProxyCommand=x",
        "--version",
        "-https://id.example",
        " https://id.example",
        "https://id.example/a b",
        "https://id.example/\n--x",
        "https://id.example/\u202e",
        "HTTPS://id.example",
        "",
    ],
)
def test_nothing_but_a_plain_web_address_is_opened(tools: Path, url: str) -> None:
    command = tool(tools, "anything")
    assert not is_openable(url)
    assert not open_url(url, {"BROWSER": command})
    assert not (tools / "anything.called").exists()


@pytest.mark.proves("K-41", "K-42", "T-9")
def test_the_browser_gets_the_link_as_one_argument_detached_and_without_tokens(tools: Path) -> None:
    command = tool(tools, "firefox")
    environ = {
        "BROWSER": f"{command} --new-tab %s",
        "ACME_TOKEN": "canary",
        "ACME_ANON_REFRESH_TOKEN": "canary",
        "XDG_ACTIVATION_TOKEN": "kept",
        "LANG": "C",
    }
    assert open_url(URL, environ)
    how = called(tools, "firefox")
    assert how["argv"] == ["--new-tab", URL]
    assert how["tty"] == [False, False, False]
    assert how["sid"] != os.getsid(0)
    seen = how["env"]
    assert isinstance(seen, dict)
    assert "canary" not in seen.values()
    assert (seen["XDG_ACTIVATION_TOKEN"], seen["LANG"]) == ("kept", "C")


@pytest.mark.proves("K-41")
def test_a_browser_that_stays_in_the_foreground_is_not_waited_for(tools: Path) -> None:
    command = tool(tools, "slow", "import time\nwhile not os.path.exists('go'): time.sleep(0.01)")
    go = Path("go")
    assert open_url(URL, {"BROWSER": command, "PATH": os.environ["PATH"]})
    assert not (tools / "slow.called").exists()
    go.touch()
    called(tools, "slow")


@pytest.mark.proves("K-41")
@pytest.mark.parametrize(
    "name", ["w3m", "lynx", "links", "elinks", "www-browser", "/usr/bin/w3m", "w3m -o x"]
)
def test_a_text_browser_is_never_started(tools: Path, name: str) -> None:
    tool(tools, os.path.basename(name.split()[0]))
    assert not open_url(URL, {"BROWSER": name})


@pytest.mark.proves("K-41")
def test_an_opener_that_cannot_be_started_is_passed_over(tools: Path) -> None:
    broken = tools / "broken"
    broken.write_text("#!/nowhere/at/all\n")
    broken.chmod(0o755)
    good = tool(tools, "good")
    browsers = os.pathsep.join(["missing", "'unclosed", str(broken), "a%sb", "", good])
    assert open_url(URL, {"BROWSER": browsers})
    assert called(tools, "good")["argv"] == [URL]
    assert not open_url(URL, {"BROWSER": str(broken)})


@pytest.mark.proves("K-41")
def test_without_browser_the_desktop_opens_the_link_where_there_is_a_display(tools: Path) -> None:
    tool(tools, "xdg-open")
    path = {"PATH": str(tools)}
    assert not open_url(URL, path)
    assert open_url(URL, {**path, "WAYLAND_DISPLAY": "wayland-0"})
    assert called(tools, "xdg-open")["argv"] == [URL]


@pytest.mark.proves("K-41")
def test_from_wsl_windows_opens_the_link_with_ampersand_and_percent_intact(tools: Path) -> None:
    tool(tools, "rundll32.exe")
    environ = {"PATH": str(tools), "WSL_DISTRO_NAME": "Debian"}
    assert look_around(environ).has_browser
    assert open_url(URL, environ)
    assert called(tools, "rundll32.exe")["argv"] == ["url.dll,FileProtocolHandler", URL]


@pytest.mark.proves("K-40")
@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({"SSH_CONNECTION": "a b c d"}, "this is a remote shell"),
        ({"SSH_TTY": "/dev/pts/1", "DISPLAY": ":10"}, "this is a remote shell"),
        ({"CODESPACES": "true"}, "the browser here is forwarded to another computer"),
        ({"REMOTE_CONTAINERS": "true"}, "the browser here is forwarded to another computer"),
        ({"VSCODE_IPC_HOOK_CLI": "/x"}, "the browser here is forwarded to another computer"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "DISPLAY": ":0"}, "this is a container"),
        ({"CI": "true", "DISPLAY": ":0"}, "this is an unattended run (CI)"),
        ({}, "no browser was found here"),
    ],
)
def test_where_no_browser_can_come_back_to_is_told_with_the_reason(
    tools: Path, environ: dict[str, str], reason: str
) -> None:
    tool(tools, "xdg-open")
    place = look_around({"PATH": str(tools), **environ})
    assert (place.has_browser, place.reason) == (False, reason)


@pytest.mark.proves("K-40")
def test_a_container_is_recognised_by_its_files_unless_somebody_set_a_browser_up(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / ".dockerenv"
    mark.touch()
    monkeypatch.setattr(browser, "_CONTAINER_FILES", (str(mark),))
    tool(tools, "xdg-open")
    desktop = {"PATH": str(tools), "DISPLAY": ":0"}
    assert look_around(desktop).reason == "this is a container"
    assert look_around({**desktop, "BROWSER": tool(tools, "mine")}).has_browser
    ssh = {**desktop, "BROWSER": "mine", "SSH_CONNECTION": "a"}
    assert not look_around(ssh).has_browser


@pytest.mark.proves("K-40")
def test_a_display_and_an_opener_make_a_browser(tools: Path) -> None:
    tool(tools, "xdg-open")
    place = look_around({"PATH": str(tools), "DISPLAY": ":0"})
    assert (place.has_browser, place.reason) == (True, "a browser can be opened here")
