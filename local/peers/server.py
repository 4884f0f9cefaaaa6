"""SageMaker over HTTP on loopback, for clients in processes of their own; its clock moves only when they sleep."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from local.simulator.errors import ConnectionDroppedError
from local.simulator.wire import respond

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulator import Simulator

_START = 1_790_000_000.0
_LONGEST = 24 * 3600.0


class ManualClock:
    """A clock that moves when somebody sleeps on it."""

    def __init__(self) -> None:
        self._seconds = _START
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the time."""
        return self._seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._seconds += seconds

    @property
    def passed(self) -> float:
        """Seconds since the beginning."""
        return self._seconds - _START


class Server(ThreadingHTTPServer):
    """The server of the clients: one simulator after the other.

    Attributes:
        clock: The clock of the simulator that answers now.
        simulator: That one.
    """

    daemon_threads = True
    clock: ManualClock
    simulator: Simulator

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"

    def use(self, clock: ManualClock, simulator: Simulator) -> None:
        """Let another simulator answer from now on."""
        self.clock, self.simulator = clock, simulator


class _Handler(BaseHTTPRequestHandler):
    """Answers as SageMaker, as the clock, and as an S3 whose objects nothing reads: the simulator loads no data."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        """Answer SageMaker's operations, and those who sleep."""
        body = self._body()
        if self.path == "/clock":
            self.server.clock.sleep(float(json.loads(body)))
            # A client that would wait for ever gets an error, which it reports.
            self._answer(200 if self.server.clock.passed < _LONGEST else 410, {}, b"")
            return
        try:
            status, headers, content = respond(self.server.simulator, self.path, dict(self.headers), body)
        except ConnectionDroppedError:
            self.close_connection = True
        else:
            self._answer(status, headers, content)

    def do_PUT(self) -> None:
        """Take an object."""
        self._body()
        self._answer(200, {"ETag": '"0"'}, b"")

    def do_DELETE(self) -> None:
        """Delete an object."""
        self._answer(204, {}, b"")

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing: the simulator counts the calls."""


@contextmanager
def serving() -> Iterator[Server]:
    """Serve on a free port until the context ends."""
    with Server(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
