"""Drives a headless Chromium through a pair of pipes, by the Chrome DevTools Protocol.

`--remote-debugging-pipe` lets the browser read messages from file descriptor 3 and write them to 4, each a JSON
document that ends in a zero byte (Chromium, content/browser/devtools/devtools_pipe_handler.cc). So nothing
listens on a port.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import platform
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any, Self

from local.environment import ROOT

if TYPE_CHECKING:
    from types import TracebackType

    from local.json_document import Document

FOLDER = ROOT / ".cache" / "browser"
"""Where `make browser` puts a Chromium, with its libraries and fonts."""

_OWN_ENVIRONMENT = {
    "LD_LIBRARY_PATH": str(FOLDER / "al2023" / "lib"),
    "FONTCONFIG_FILE": str(Path(__file__).with_name("fonts.conf")),
}
_INSTALLED = ("chromium", "chromium-browser", "google-chrome", "chrome")
_OPTIONS = (
    "--headless",
    "--no-sandbox",  # it is to run as root, too, and opens pages of our own only
    "--disable-gpu",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
_ABOVE_STANDARD = 10
_WATCHED = ("Page", "Runtime", "Log", "Network")
_CLOSE_SECONDS = 10


def find_browser() -> str | None:
    """Return the path of the browser that `make browser` has installed, or of one of the system's; None without any."""
    own = FOLDER / "chromium"
    is_own = own.exists() and (platform.system(), platform.machine()) == ("Linux", "x86_64")
    return str(own) if is_own else next(filter(None, map(shutil.which, _INSTALLED)), None)


class Browser:
    """A browser with one page.

    Args:
        executable: The path of a Chromium.

    Attributes:
        requests: The URLs that pages have asked for, the pages themselves included.
        messages: What pages have written to the console, and their errors.
    """

    def __init__(self, executable: str) -> None:
        self.requests: list[str] = []
        self.messages: list[str] = []
        self._executable = executable
        self._profile = TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
        self._number = 0
        self._session: str | None = None
        self._received: list[Document] = []

    def __enter__(self) -> Self:
        self._start()
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in _WATCHED:
            self._call(f"{domain}.enable")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write.close()
        self._read.close()
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._profile.cleanup()

    def open(self, url: str, *, width: int, height: int, scheme: str) -> None:
        """Load a page in a window of a size, for a colour scheme: `light` or `dark`."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._call("Page.navigate", url=url)
        self._wait_for("Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression on the page, as JSON.

        Raises:
            RuntimeError: It raises an error.
        """
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def picture(self, *, height: int | None = None) -> bytes:
        """Return a PNG of the page, from its top: as much as the window shows, or more."""
        size = self._call("Page.getLayoutMetrics")["cssLayoutViewport"]
        clip = {"x": 0, "y": 0, "width": size["clientWidth"], "height": height or size["clientHeight"], "scale": 1}
        shot = self._call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def _start(self) -> None:
        """Start the browser, with the ends of two pipes as its file descriptors 3 and 4."""
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        passed = [fcntl.fcntl(end, fcntl.F_DUPFD, _ABOVE_STANDARD) for end in (theirs_in, theirs_out)]
        shell = f'exec "$0" "$@" 3</dev/fd/{passed[0]} 4>/dev/fd/{passed[1]}'
        is_own = Path(self._executable).is_relative_to(FOLDER)
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", shell, self._executable, *_OPTIONS, f"--user-data-dir={self._profile.name}"],
            pass_fds=passed,
            env={**os.environ, **(_OWN_ENVIRONMENT if is_own else {})},
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for end in (theirs_in, theirs_out, *passed):
            os.close(end)
        self._write: IO[bytes] = os.fdopen(ours_out, "wb", buffering=0)
        self._read: IO[bytes] = os.fdopen(ours_in, "rb")

    def _call(self, method: str, **parameters: Any) -> Document:
        """Call a method of the protocol, and return its result.

        Raises:
            RuntimeError: The browser refuses it.
        """
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._write.write(json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self._received.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return dict(answer["result"])

    def _wait_for(self, event: str) -> None:
        while not any(each.get("method") == event for each in self._received):
            self._received.append(self._next())
        self._received.clear()

    def _next(self) -> Document:
        """Read the next message, and note what it says of requests and of the console.

        Raises:
            RuntimeError: The browser has ended.
        """
        text = bytearray()
        while (byte := self._read.read(1)) != b"\0":
            if not byte:
                raise RuntimeError(f"{self._executable} has ended")
            text += byte
        message: Document = json.loads(text)
        parameters = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
            case "Runtime.consoleAPICalled":
                self.messages += [str(argument.get("value")) for argument in parameters["args"]]
            case "Runtime.exceptionThrown":
                self.messages.append(parameters["exceptionDetails"]["text"])
            case "Log.entryAdded":
                self.messages.append(parameters["entry"]["text"])
        return message
