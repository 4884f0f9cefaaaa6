"""Model servers: processes that load a model and answer invocations.

Sources: Developer Guide, "Troubleshoot Amazon SageMaker AI model deployments" (the ping health check); API Reference,
InvokeEndpoint (60 s for an answer); FailureReasons from public logs.
"""

from __future__ import annotations

import io
import os
import select
import subprocess
import sys
import tarfile
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING

from local.json_document import Document
from local.simulator import container
from local.simulator.container import read_frame, write_frame

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER_SECONDS = 60.0
"""How long SageMaker waits for a container, says the API of InvokeEndpoint."""

_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_ERROR_STATUS = 500


class BrokenModelError(Exception):
    """A model cannot be served; the message is in SageMaker's words of a FailureReason."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a container.

    Attributes:
        status: The HTTP status; 0 if it does not answer in time.
        content_type: What the body is.
        body: The body.
    """

    status: int
    content_type: str
    body: bytes


def not_answered() -> Answer:
    """Return what SageMaker makes of a container that does not answer.

    Source: RamVegiraju/SageMaker-Deployment, issue 3.
    """
    message = (
        b"Your invocation timed out while waiting for a response from container primary. "
        b"Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
    )
    return Answer(0, "text/plain", message)


class ModelServer:
    """One container, with one model in it.

    Source: Developer Guide, "Troubleshoot Amazon SageMaker AI model deployments"; public logs.

    Args:
        archive: The content of `model.tar.gz`.
        uri: Where it comes from, for messages.
        variant: The variant that it serves, for messages.
        log: Takes each line that it prints; all are there when it has failed to start, and when it has been stopped.

    Raises:
        BrokenModelError: The archive cannot be unpacked, or its script does not load the model.
    """

    def __init__(self, archive: bytes, uri: str, variant: str, log: Callable[[str], None] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="model-")
        self._lock = threading.Lock()
        self._asked = 0
        model_dir = Path(self._folder.name)
        try:
            with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as packed:
                packed.extractall(model_dir, filter="data")
        except (tarfile.TarError, EOFError, OSError) as error:
            self._folder.cleanup()
            raise BrokenModelError(
                f'Failed to extract model data archive from URL "{uri}". '
                "Please ensure that the object located at the URL is a valid tar.gz archive."
            ) from error
        self._process = subprocess.Popen(
            # -P: nothing of this package is in the way of what the script imports.
            [sys.executable, "-P", container.__file__, model_dir],
            bufsize=0,  # what is in a buffer is not seen by `poll`
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if log else subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        )
        self._printer = threading.Thread(target=self._pass_on, args=(log,), daemon=True, name="container-log")
        self._printer.start()
        ping = self._frame(monotonic() + _START_SECONDS)
        if ping is None or ping[0]["status"] == _ERROR_STATUS:
            self.stop()
            raise BrokenModelError(
                f"The primary container for production variant {variant} did not pass the ping health check. "
                "Please check CloudWatch Logs logs for this endpoint."
            )

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Ask the model; a script that raises answers with 500, and a server that is gone or too slow with 0.

        Source: API Reference, InvokeEndpoint (60 s); RamVegiraju/SageMaker-Deployment, issue 3 (status 0).
        """
        with self._lock:
            self._asked += 1
            frame = self._asked_for({"content_type": content_type, "accept": accept, "number": self._asked}, body)
        if frame is None:
            return not_answered()
        header, content = frame
        return Answer(header["status"], header.get("content_type", "text/plain"), content)

    def stop(self) -> None:
        """End the process and remove the model's files. Doing so again changes nothing."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._printer.join(_STOP_SECONDS)
        for stream in (self._process.stdout, self._process.stderr):
            if stream:
                stream.close()
        self._folder.cleanup()

    def _pass_on(self, log: Callable[[str], None] | None) -> None:
        while log and self._process.stderr and (line := self._process.stderr.readline()):
            log(line.decode(errors="replace").rstrip("\n"))

    @property
    def _stdin(self) -> IO[bytes]:
        stream = self._process.stdin
        if stream is None:
            raise BrokenPipeError
        return stream

    def _asked_for(self, header: Document, body: bytes) -> tuple[Document, bytes] | None:
        """Return the answer to this request; those that came too late for earlier ones are skipped."""
        deadline = monotonic() + ANSWER_SECONDS
        try:
            write_frame(self._stdin, header, body)
        except (OSError, ValueError):  # the process is gone, or has been stopped
            return None
        while (frame := self._frame(deadline)) is not None:
            if frame[0]["number"] == header["number"]:
                return frame
        return None

    def _frame(self, deadline: float) -> tuple[Document, bytes] | None:
        stream, seconds = self._process.stdout, max(0.0, deadline - monotonic())
        if stream is None:
            return None
        # Not `select`, which refuses file descriptors above 1023: under load this process has more.
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        return read_frame(stream) if poll.poll(seconds * 1000) else None
