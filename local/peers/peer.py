"""A client of SageMaker in an environment and a process of its own."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from local.environment import ROOT, aws_environment, process_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = {
    "aws-cli": "aws_cli",
    "boto3": "boto3_waiter",
    "mlflow": "mlflow_deployments",
    "sagemaker-2": "sagemaker_2",
    "sagemaker-3": "sagemaker_3",
}
"""The clients' environments, with the names of their programs."""

_ENVIRONMENTS = ROOT / ".cache" / "peers"
_CLIENTS = Path(__file__).with_name("clients")


class PeerMissingError(Exception):
    """The environment of a client has not been made."""


@dataclass(frozen=True)
class Peer:
    """A client that is ready.

    Attributes:
        name: The name of its environment.
        version: Name and version of what is driven.
    """

    name: str
    version: str
    _orders: IO[str]
    _answers: IO[str]

    def ask(self, action: str, endpoint: str, image: str) -> str:
        """Let the client do something, and wait for it.

        Args:
            action: `create` or `update`.
            endpoint: The endpoint's name.
            image: What is to be served.

        Returns:
            What the client reports: an error, or nothing for a success.
        """
        self._orders.write(json.dumps({"action": action, "endpoint": endpoint, "image": image}) + "\n")
        self._orders.flush()
        return str(json.loads(self._answers.readline())["error"])


@contextmanager
def peer(name: str, url: str) -> Iterator[Peer]:
    """Start a client; it ends with the context.

    Args:
        name: One of `PROGRAMS`.
        url: Where the simulator is.

    Raises:
        PeerMissingError: Its environment has not been made.
    """
    environment = _ENVIRONMENTS / name
    if not (environment / ".ready").exists():
        raise PeerMissingError(f"There is no environment {environment}; `make peers` makes it")
    home = environment / "home"
    home.mkdir(exist_ok=True)
    with subprocess.Popen(
        [environment / "bin" / "python", _CLIENTS / f"{PROGRAMS[name]}.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=process_environment(home, {**aws_environment(url), "SAGEMAKER_TELEMETRY_OPT_OUT": "true"}),
        cwd=home,
        text=True,
    ) as process:
        assert process.stdin is not None  # noqa: S101 - asked for above
        assert process.stdout is not None  # noqa: S101
        try:
            # Some clients print advice while they are imported.
            ready = next((line for line in process.stdout if line.startswith('{"version"')), None)
            if ready is None:
                raise PeerMissingError(f"{name} does not start; remove {environment}, and `make peers` makes it again")
            version = json.loads(ready)["version"]
            yield Peer(name, version, process.stdin, process.stdout)
        finally:
            process.stdin.close()
            process.terminate()
