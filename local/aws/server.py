"""Starts the server of local AWS: a process on a free loopback port, which ends with the process that started it."""

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
import urllib3

from local.aws.control import Control
from local.aws.errors import LocalAwsError
from local.aws.processes import kill_group, tail
from local.environment import ACCOUNT_ID, ROOT, aws_environment, aws_session, client_config, process_environment
from local.json_document import Document

_HOST = "127.0.0.1"
_PROGRAM = (sys.executable, "-m", "local.aws.gateway")
_SERVICES = "appconfig,cloudformation,events,iam,lambda,logs,monitoring,s3,sns,sqs,ssm,states,sts"
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.05


class StartFailedError(LocalAwsError):
    """Local AWS did not start; the message says why, with the end of its log."""


class Server:
    """Local AWS while it runs.

    Attributes:
        url: Where every service listens, SageMaker included.
        control: What SageMaker's simulator does: its settings, its clock's speed, its calls and resources.
    """

    def __init__(self, *, speed: float = 1.0, port: int = 0, command: tuple[str, ...] = _PROGRAM) -> None:
        """Start the server and wait until it answers.

        Args:
            speed: How many times faster than the wall clock SageMaker, the state machine's waits and the pauses of
                functions run.
            port: The loopback port that it listens on; 0 for any that is free.
            command: The server's program.

        Raises:
            StartFailedError: The port is taken, or the server ended, or did not answer in time.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="local-aws-"))
        self._log = self._folder / "server.log"
        self._clients: Document = {}  # making one takes a tenth of a second
        self._lock = threading.Lock()
        with socket.socket() as listener:
            try:
                listener.bind((_HOST, port))
            except OSError as error:
                raise StartFailedError(f"Local AWS cannot listen on port {port}: {error}") from error
            port = listener.getsockname()[1]
            self.url = f"http://{_HOST}:{port}"
            self._process = self._spawn(command, listener, port, speed)
        self.control = Control(self.url)
        try:
            self._wait_until_healthy()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The id of the server's process, which leads a process group of its own."""
        return self._process.pid

    @property
    def log(self) -> str:
        """The log of the server so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def environment(self) -> dict[str, str]:
        """The environment for programs that shall use local AWS and nothing else."""
        return process_environment(self._folder, aws_environment(self.url))

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service that talks to local AWS, as the account's root; threads may share it."""
        with self._lock:
            if service not in self._clients:
                make: Any = self.session().client  # the stubs know services by literal names only
                self._clients[service] = make(service, endpoint_url=self.url, config=client_config())
            return self._clients[service]

    def session(self) -> boto3.Session:
        """Return a boto3 session with the credentials of local AWS and nothing of the developer's."""
        return aws_session()

    def stop(self) -> None:
        """Stop the server and all it started. Doing so again changes nothing."""
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            kill_group(self._process)
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _spawn(
        self, command: tuple[str, ...], listener: socket.socket, port: int, speed: float
    ) -> subprocess.Popen[bytes]:
        """Start the process. It inherits the bound socket, so nobody takes the port; its stdin ends when we do."""
        data = self._folder / "data"
        data.mkdir()
        variables = {
            **aws_environment(self.url),
            "AUTH": "true",
            "BIND_HOST": _HOST,
            "GATEWAY_PORT": str(port),
            "SERVICES": _SERVICES,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
            "STATE_DIR": str(data / "state"),
            "S3_DATA_DIR": str(data / "s3"),
            "LOCAL_FOLDER": str(self._folder),
            "LOCAL_SOCKET": str(listener.fileno()),
            "LOCAL_SPEED": str(speed),
            "SFN_WAIT_SCALE": str(1 / speed),
        }
        with self._log.open("wb") as log:
            return subprocess.Popen(
                command,
                env=process_environment(data, variables),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise StartFailedError(
                    f"Local AWS ended with status {self._process.returncode} while it started:\n{tail(self.log)}"
                )
            with contextlib.suppress(urllib3.exceptions.HTTPError):
                answer = urllib3.request("GET", f"{self.url}/_ministack/health", retries=False, timeout=1.0)
                if answer.status == HTTPStatus.OK:
                    return
            time.sleep(_POLL_SECONDS)
        raise StartFailedError(f"Local AWS did not answer within {_START_SECONDS:g} s:\n{tail(self.log)}")
