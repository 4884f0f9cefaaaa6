"""Model servers as their owner sees them: processes that are started, asked and stopped."""

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
from typing import IO, Any

from local.hosting.container import read_frame, write_frame

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 60.0
_ANSWER_SECONDS = 60.0  # as long as SageMaker waits for a container (InvokeEndpoint)
_STOP_SECONDS = 5.0
_ERROR_STATUS = 500


class BrokenModelError(Exception):
    """A model cannot be served; the message is in SageMaker's words of a FailureReason."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a container answers."""

    status: int
    content_type: str
    body: bytes


class ModelServer:
    """One container, with one model in it.

    Args:
        archive: The content of `model.tar.gz`.
        uri: Where it comes from, for messages.
        variant: The variant that it serves, for messages.

    Raises:
        BrokenModelError: The archive cannot be unpacked, or its script does not load the model.
    """

    def __init__(self, archive: bytes, uri: str, variant: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="model-")
        self._lock = threading.Lock()
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
            [sys.executable, "-m", "local.hosting.container", model_dir],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        )
        ping = self._frame(_START_SECONDS)
        if ping is None or ping[0]["status"] == _ERROR_STATUS:
            self.stop()
            raise BrokenModelError(
                f"The primary container for production variant {variant} did not pass the ping health check. "
                "Please check CloudWatch Logs logs for this endpoint."
            )

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Ask the model; a script that raises, and a server that does not answer in time, answer with 500."""
        with self._lock:
            write_frame(self._stdin, {"content_type": content_type, "accept": accept}, body)
            frame = self._frame(_ANSWER_SECONDS)
        if frame is None:
            return Answer(_ERROR_STATUS, "text/plain", b"The container did not answer.")
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
        if self._process.stdout:
            self._process.stdout.close()
        self._folder.cleanup()

    @property
    def _stdin(self) -> IO[bytes]:
        stream = self._process.stdin
        if stream is None:
            raise BrokenPipeError
        return stream

    def _frame(self, seconds: float) -> tuple[dict[str, Any], bytes] | None:
        stream = self._process.stdout
        if stream is None or not select.select([stream], [], [], seconds)[0]:
            return None
        return read_frame(stream)
