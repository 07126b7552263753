"""Where credentials are found, and what is said of the places without showing one.

Matrix: the three variables, Docker's configuration in its forms, helpers that answer, have nothing, fail,
hang, are absent or have a hostile name. Left out: that servers take them (tests/helm/test_vendor.py) and
specs (tests/unit/cli/test_vendor.py).
"""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from sro_render.edges import credentials
from sro_render.edges.credentials import CredentialStore
from sro_render.edges.web import Credentials
from sro_render.errors import InputError

AUTH = base64.b64encode(b"ann:s3:cret").decode()
ANN = Credentials(username="ann", password="s3:cret")


def store(folder: Path, config: Any, **environment: str) -> CredentialStore:
    """A store over a config.json, with helpers looked for in the same folder."""
    text = config if isinstance(config, str) else json.dumps(config)
    (folder / "config.json").write_text(text)
    return CredentialStore({"DOCKER_CONFIG": str(folder), "PATH": f"{folder}:/usr/bin:/bin", **environment})


def helper(folder: Path, script: str, name: str = "test") -> None:
    path = folder / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("config", "host", "expected"),
    [
        ({"auths": {"h:1": {"auth": AUTH}}}, "h:1", ANN),
        ({"auths": {"https://h:1": {"auth": AUTH}}}, "h:1", ANN),
        ({"auths": {"http://h:1/v2/": {"auth": AUTH}}}, "h:1", ANN),
        ({"auths": {"h": {"auth": AUTH}}}, "h:1", None),
        ({"auths": {"sub.h": {"auth": AUTH}}}, "h", None),
        ({"auths": {"h": {"username": "ann", "password": "s3:cret"}}}, "h", ANN),
        ({"auths": {"h": {}}}, "h", None),
        ({"auths": {"https://index.docker.io/v1/": {"auth": AUTH}}}, "docker.io", ANN),
        ({"auths": {"https://index.docker.io/v1/": {"auth": AUTH}}}, "registry-1.docker.io", ANN),
        ({}, "h", None),
        ({"auths": []}, "h", None),
    ],
)
def test_dockers_configuration_is_read(tmp_path: Path, config: Any, host: str, expected: Any) -> None:
    assert store(tmp_path, config).for_registry(host) == expected


def test_without_a_configuration_there_is_nobody(tmp_path: Path) -> None:
    for environment in ({}, {"HOME": str(tmp_path)}, {"DOCKER_CONFIG": str(tmp_path / "none")}):
        assert CredentialStore(environment).for_registry("h") is None


def test_the_three_variables_come_before_docker_and_are_for_one_host(tmp_path: Path) -> None:
    config = {"auths": {"h": {"auth": AUTH}, "i": {"auth": AUTH}}}
    mine = {"SRO_RENDER_HOST": "H", "SRO_RENDER_USERNAME": "bob", "SRO_RENDER_PASSWORD": "x"}
    made = store(tmp_path, config, **mine)
    bob = Credentials(username="bob", password="x")
    assert (made.for_registry("h"), made.for_repository("h"), made.for_repository("h:8")) == (bob, bob, None)
    assert (made.for_registry("i"), made.for_repository("i")) == (ANN, None)


def test_a_helper_comes_before_what_stands_in_the_file(tmp_path: Path) -> None:
    helper(
        tmp_path,
        """read host; [ "$host" = h ] || { echo "credentials not found in native keychain"; exit 1; }
echo '{"Username": "bob", "Secret": "x"}'""",
    )
    config = {"credsStore": "test", "auths": {"i": {"auth": AUTH}, "h": {"auth": AUTH}}}
    made = store(tmp_path, config)
    assert made.for_registry("h") == Credentials(username="bob", password="x")
    assert made.for_registry("i") == ANN


def test_a_helper_is_asked_once_for_each_host(tmp_path: Path) -> None:
    helper(tmp_path, f"""echo asked >> {tmp_path}/log; echo '{{"Username": "bob", "Secret": "x"}}'""")
    made = store(tmp_path, {"credHelpers": {"h": "test"}})
    assert made.for_registry("h") == made.for_registry("h")
    assert made.for_registry("i") is None
    assert (tmp_path / "log").read_text() == "asked\n"


CONFIG = "error[docker-config]: ROOT/config.json {}\n  help: write it anew with `docker login`"
HELPER = (
    "error[credential-helper]: the credential helper docker-credential-{} {}\n"
    "  help: try `docker-credential-{} get`, or log in without a helper"
)
TOKEN = (
    "error[credential-helper]: {} holds an identity token, which is not supported\n"
    "  help: log in with a name and a password or access token: SRO_RENDER_HOST, SRO_RENDER_USERNAME and "
    "SRO_RENDER_PASSWORD, or `docker login --username`"
)


@pytest.mark.parametrize(
    ("config", "script", "told"),
    [
        ('{"auths": {"h": s3cret', "", CONFIG.format("is not a JSON object")),
        ('["s3cret"]', "", CONFIG.format("is not a JSON object")),
        (
            {"auths": {"h": {"auth": "s3cret!"}}},
            "",
            CONFIG.format("has an `auth` that is not USER:PASSWORD in base 64"),
        ),
        (
            {"auths": {"h": {"auth": base64.b64encode(b"s3cret").decode()}}},
            "",
            CONFIG.format("has an `auth` that is not USER:PASSWORD in base 64"),
        ),
        ({"auths": {"h": {"identitytoken": "s3cret"}}}, "", TOKEN.format("ROOT/config.json")),
        ({"credsStore": "none"}, "", HELPER.format("none", "is not on PATH", "none")),
        ({"credsStore": "../test"}, "true", HELPER.format("../test", "is not on PATH", "../test")),
        ({"credsStore": "test"}, "echo s3cret; exit 3", HELPER.format("test", "ends with 3", "test")),
        (
            {"credsStore": "test"},
            "echo s3cret",
            HELPER.format("test", "answers without Username and Secret", "test"),
        ),
        (
            {"credsStore": "test"},
            """echo '{"Username": "ann"}'""",
            HELPER.format("test", "answers without Username and Secret", "test"),
        ),
        (
            {"credsStore": "test"},
            """echo '{"Username": "<token>", "Secret": "s3cret"}'""",
            TOKEN.format("docker-credential-test"),
        ),
        (
            {"credsStore": "test"},
            "exec sleep 9",
            HELPER.format("test", "does not answer within 0.2 s", "test"),
        ),
    ],
)
def test_what_cannot_be_used_is_told_without_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Any, script: str, told: str
) -> None:
    monkeypatch.setattr(credentials, "_HELPER_S", 0.2 if "sleep" in script else 30)
    helper(tmp_path, script)
    with pytest.raises(InputError) as error:
        store(tmp_path, config).for_registry("h")
    assert str(error.value).replace(str(tmp_path), "ROOT") == told
    assert "s3cret" not in str(error.value)


def test_some_of_the_variables_are_not_enough() -> None:
    with pytest.raises(InputError) as error:
        CredentialStore({"SRO_RENDER_HOST": "h", "SRO_RENDER_USERNAME": "ann", "SRO_RENDER_PASSWORD": ""})
    assert str(error.value) == (
        "error[credentials]: SRO_RENDER_HOST and SRO_RENDER_USERNAME are set, but not SRO_RENDER_PASSWORD\n"
        "  help: set all three, or none: SRO_RENDER_HOST says whom name and password are for"
    )
