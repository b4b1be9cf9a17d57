"""``keyturn demo`` as a newcomer runs it: by itself, on a terminal, interrupted, and failing."""

import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.commands.terminal_ import Terminal

pytestmark = pytest.mark.xdist_group("e2e-demo")

ROOT = Path(__file__).resolve().parents[2]
KEYTURN = Path(sys.executable).with_name("keyturn")
PERSON = Path(__file__).with_name("person_.py")
# What a token or key of this server begins with; none may be shown, not even by a demo.
SECRET = re.compile(r"\b(kt[a-z]*_|pck_|ssk_|sak_|eyJ)[A-Za-z0-9_-]{16}")
STEPS = (
    *("1. A server", "2. Sign in", "3. A protected call", "4. A silent renewal"),
    *("5. The sessions of the account", "6. Sign out"),
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Yield where the demo puts what is temporary; it must be empty again afterwards."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []
    assert _processes_of(folder) == []


def environment(place: Path, **more: str) -> dict[str, str]:
    kept = {n: os.environ[n] for n in ("PATH", "COVERAGE_PROCESS_START") if n in os.environ}
    return {**kept, "HOME": str(place.parent), "TMPDIR": str(place), "TERM": "xterm", **more}


def run_demo(place: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [KEYTURN, "demo"],
        env=environment(place, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
    )


def _processes_of(folder: Path) -> list[str]:
    """Return the command lines of processes that name a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


def test_by_itself_it_signs_in_calls_renews_lists_and_signs_out_in_under_a_minute(
    place: Path,
) -> None:
    started = time.monotonic()
    # Another program's settings and a remote shell, as a newcomer's machine may have them.
    done = run_demo(
        place, AUTO="1", CI="1", SSH_CONNECTION="x", KEYTURN_PORT="1", ACME_TOKEN="of-another"
    )
    assert done.returncode == 0, done.stdout
    assert time.monotonic() - started < 60
    assert re.findall(r"^\d\. [^;\n]*", done.stdout, re.MULTILINE) == list(STEPS)
    for shown in (
        r"ready at http://127\.0\.0\.1:\d+",
        r'\(browser\)  "Let Keyturn CLI sign in\?": .*presses Approve\n',
        r"Signed in as ada@example\.com",
        r"Hello, ada@example\.com\.\n",
        r"acme: stored the renewed session",
        r"Keyturn CLI on \S+ Used just now",
        r"The session was revoked at 127\.0\.0\.1:\d+\.",
        r"access token +GET /oauth/userinfo +401\n",
        r"refresh token +POST /oauth/token +400 invalid_grant\n",
    ):
        assert re.search(shown, done.stdout), shown
    before, now = re.findall(r"(?:before|now) +([0-9a-f]{16})  generation", done.stdout)
    assert before != now
    assert SECRET.search(done.stdout) is None


def test_a_person_at_a_terminal_gets_the_browser_and_ctrl_c_leaves_nothing_running(
    place: Path,
) -> None:
    browser = f"{sys.executable} {PERSON}"
    with Terminal([KEYTURN, "demo"], env=environment(place, BROWSER=browser)) as terminal:
        terminal.expect("Signed in as grace@example.com")
        terminal.expect("Waiting until it is due ...")
        terminal.type("\x03")
        assert terminal.end() == 130
        assert terminal.same_modes()
    assert "Hello, grace@example.com." in terminal.shown
    assert terminal.shown.endswith("The server has ended and the temporary folder is gone.\n")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_on_a_terminal_without_a_browser_it_says_how_to_run_by_itself_and_ends_when_told(
    place: Path, how: signal.Signals
) -> None:
    env = environment(place, SSH_CONNECTION="198.51.100.7 22")
    with Terminal([KEYTURN, "demo"], env=env) as terminal:
        terminal.expect("AUTO=1 keyturn demo")
        terminal.expect("Type    ")
        terminal.process.send_signal(how)
        assert terminal.end() == 130
    assert "this is a remote shell" in terminal.shown


def test_a_server_that_does_not_start_is_said_with_its_own_words(place: Path) -> None:
    (place.parent / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'serve' in sys.argv:\n"
        "    sys.stderr.write('no server today: sak_' + 'x' * 43)\n"
        "    sys.stderr.flush()\n"
        "    os._exit(3)\n"
    )
    done = run_demo(place, PYTHONPATH=str(place.parent))
    assert done.returncode == 1
    assert "server  no server today" in done.stdout
    assert done.stdout.endswith("fail  The server did not get ready.\n")
    assert SECRET.search(done.stdout) is None


def test_a_program_that_breaks_off_is_no_success(place: Path) -> None:
    (place.parent / "sitecustomize.py").write_text(
        "import os, sys\nif sys.argv[-1:] == ['hello']: os._exit(3)\n"
    )
    done = run_demo(place, PYTHONPATH=str(place.parent))
    assert done.returncode == 1
    assert "fail  `acme hello` ended with exit status 3; 0 was expected.\n" in done.stdout
    assert "4. " not in done.stdout


def test_the_wheel_ships_the_very_program_that_the_demo_runs(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    shipped = zipfile.ZipFile(wheel).read("keyturn/cli/demo/sample/acme.py")
    assert shipped == (ROOT / "examples/minimal_cli/acme.py").read_bytes()
