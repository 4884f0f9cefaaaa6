"""Local AWS knows nothing of the developer's own AWS set-up, and says how it is used."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from local.aws.deploy import Outputs
from local.demo import up
from local.environment import ROOT, aws_session, client_config, process_environment

HOSTILE = {
    "AWS_PROFILE": "nobody",
    "AWS_DEFAULT_PROFILE": "nobody",
    "AWS_CONFIG_FILE": "/nowhere/config",
    "AWS_CA_BUNDLE": "/nowhere/ca.pem",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}
OUTPUTS = Outputs("bucket", "arn:machine", "arn:sweep", "arn:role", "http://queue", "default")


@pytest.fixture
def _hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer who has a profile and works behind a proxy."""
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("_hostile")
def test_client_of_local_aws_uses_no_profile_and_no_proxy() -> None:
    """A profile that does not exist would make a plain boto3 session fail."""
    make: Any = aws_session().client

    client = make("s3", endpoint_url="http://127.0.0.1:1", config=client_config())

    assert client.meta.config.proxies == {}
    assert client._endpoint.http_session._proxy_config.proxy_url_for("http://127.0.0.1:1") is None
    assert client._endpoint.http_session._verify != HOSTILE["AWS_CA_BUNDLE"]


@pytest.mark.usefixtures("_hostile")
def test_program_of_local_aws_gets_nothing_of_the_developers(tmp_path: Path) -> None:
    environment = process_environment(tmp_path, {})

    assert not {name for name in environment if "PROXY" in name.upper() or "PROFILE" in name}
    assert environment["AWS_CONFIG_FILE"] == "/dev/null"


def lines_of(text: str) -> list[list[str]]:
    """Return the words of each line for the shell."""
    joined = text.partition("\n\nTime")[0].partition("\n\nSageMaker's time")[0].replace("\\\n", " ")
    return [shlex.split(line) for line in joined.splitlines() if line]


def test_printed_lines_work_with_a_path_that_has_a_space() -> None:
    text = up.instructions(OUTPUTS, "http://127.0.0.1:4566", 60.0, Path("/home/me/my models"))

    commands = lines_of(text)

    assert ["export", "AWS_ENDPOINT_URL=http://127.0.0.1:4566"] in commands
    (copy,) = (words for words in commands if "cp" in words)
    assert copy[-2:] == ["/home/me/my models/model.tar.gz", "s3://bucket/models/sample/model.tar.gz"]


@pytest.mark.parametrize(
    ("speed", "expected"),
    [
        (1.0, "Time is real: an endpoint takes about 180 s to come up."),
        (60.0, "SageMaker's time and the waits run 60 times as fast: an endpoint takes about 3 s to come up."),
    ],
)
def test_speed_of_time_and_the_packages_of_models_are_printed(speed: float, expected: str) -> None:
    text = up.instructions(OUTPUTS, "http://127.0.0.1:4566", speed)

    assert expected in text
    assert re.search(r"packages of this environment: scikit-learn \d", text)


@pytest.mark.parametrize(
    ("variable", "module"),
    [("CHAOS", "simulation/__main__.py"), ("LOAD", "load_test/__main__.py"), ("LOCAL", "demo/up.py")],
)
def test_help_names_the_options(variable: str, module: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    options = set(re.findall(r'add_argument\(\s*"(--[a-z-]+)"', (ROOT / "local" / module).read_text()))

    (line,) = re.findall(rf"@echo '  {variable} +(.*)'", makefile)

    assert set(re.findall(r"--[a-z-]+", line)) == options
