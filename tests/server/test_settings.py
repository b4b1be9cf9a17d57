"""Settings: three sources, one meaning, and a sentence for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyturn.server.settings import Settings, SettingsProblem, load

FILE = """
port = 9000
base_url = "https://id.example.com/"

[[projects]]
id = "internal"
display_name = "Internal"
publishable_client_key = "pck_secret"
create_team_on_sign_up = true
[projects.urls]
cli_auth_confirm = "https://app.example/cli"

[[clients]]
id = "cli"
project = "internal"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keyturn.toml"
    path.write_text(FILE)
    return path


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(file: Path) -> None:
    assert load(environ={}, file=file).port == 9000
    assert load(environ={"KEYTURN_PORT": "9001"}, file=file).port == 9001
    assert load(arguments={"port": 9002}, environ={"KEYTURN_PORT": "9001"}, file=file).port == 9002


def test_unknown_variables_are_ignored_but_an_unknown_member_of_the_file_is_named(
    file: Path,
) -> None:
    assert load(environ={"KEYTURN_COLOUR": "blue"}).port == 8102
    file.write_text(FILE.replace("create_team_on_sign_up", "create_teams_on_sign_up"))
    with pytest.raises(SettingsProblem, match="create_teams_on_sign_up"):
        load(environ={}, file=file)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KEYTURN_PORT", "no"),
        ("KEYTURN_PORT", "70000"),
        ("KEYTURN_BASE_URL", "ftp://id.example.com"),
        ("KEYTURN_BASE_URL", "https://id.example.com/?a=b"),
        ("KEYTURN_RATE_LIMITS", "maybe"),
        ("KEYTURN_ACCESS_TOKEN_SECONDS", "1"),
        ("KEYTURN_TRUSTED_PROXIES", "10.0.0.0/8, proxy"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_setting(name: str, value: str) -> None:
    with pytest.raises(SettingsProblem, match=name.removeprefix("KEYTURN_").lower()):
        load(environ={name: value})


def test_keys_and_passwords_stay_out_of_every_representation(file: Path) -> None:
    settings = load(environ={"KEYTURN_SMTP_URL": "smtp://u:hunter2@mail"}, file=file)
    assert "pck_secret" not in repr(settings)
    assert "hunter2" not in repr(settings)


def test_a_wrong_secret_value_is_not_repeated_in_the_message(file: Path) -> None:
    file.write_text(FILE.replace('"pck_secret"', "['pck_secret']"))
    with pytest.raises(SettingsProblem) as problem:
        load(environ={}, file=file)
    assert "pck_secret" not in str(problem.value)


def test_the_issuer_is_the_base_url_without_a_slash_or_else_host_and_port(file: Path) -> None:
    assert load(environ={}, file=file).issuer == "https://id.example.com"
    assert Settings(host="::1", port=80).issuer == "http://[::1]:80"


def test_a_client_of_an_undeclared_project_is_refused(file: Path) -> None:
    file.write_text(FILE.replace('project = "internal"', 'project = "other"'))
    with pytest.raises(SettingsProblem, match="not declared"):
        load(environ={}, file=file)


@pytest.mark.parametrize("text", ["port = ", "\x00"])
def test_a_file_that_is_not_toml_or_not_there_is_named(tmp_path: Path, text: str) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text(text)
    with pytest.raises(SettingsProblem, match=r"broken\.toml"):
        load(environ={}, file=broken)
    with pytest.raises(SettingsProblem, match=r"missing\.toml: no such file"):
        load(environ={}, file=tmp_path / "missing.toml")


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "https://app.example/callback#top",
        "javascript:alert(1)",
        "callback",
        "https:///callback",
        "http://[::1",
        "https://app.example/a b",
    ],
)
def test_a_redirect_uri_that_would_show_codes_to_others_is_refused_at_start(
    file: Path, uri: str
) -> None:
    file.write_text(FILE + f'redirect_uris = ["{uri}"]\n')
    with pytest.raises(SettingsProblem, match="redirect_uris"):
        load(environ={}, file=file)


@pytest.mark.parametrize(
    "uri",
    ["https://app.example/callback", "http://localhost/callback", "com.example.acme:/callback"],
)
def test_web_loopback_and_app_redirects_are_taken(file: Path, uri: str) -> None:
    file.write_text(FILE + f'redirect_uris = ["{uri}"]\n')
    assert load(environ={}, file=file).clients[0].redirect_uris == (uri,)
