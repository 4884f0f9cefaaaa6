"""Programs that end with this process, and whose errors include the end of their output."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.aws.errors import LocalAwsError

_TAIL_LINES = 30


class ProgramFailedError(LocalAwsError):
    """A program of local AWS failed; the message ends with the last lines that it wrote."""


def tail(text: str) -> str:
    """Return the last lines of what a program wrote."""
    return "\n".join(text.rstrip().splitlines()[-_TAIL_LINES:])


def run(command: Sequence[str | Path], *, environment: Mapping[str, str], folder: Path, timeout: float) -> str:
    """Run a program to its end and return what it wrote.

    It gets a process group of its own. However this function is left, be it by Ctrl-C, nothing of the group stays.

    Args:
        command: The program and its arguments.
        environment: Its whole environment.
        folder: Its working directory.
        timeout: Seconds after which it counts as failed.

    Raises:
        ProgramFailedError: It ended with another status than 0, or did not end in time.
    """
    name = " ".join([Path(command[0]).name, *map(str, command[1:2])])
    with subprocess.Popen(
        list(map(str, command)),
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as expired:
            kill_group(process)
            output, _ = process.communicate()
            raise ProgramFailedError(f"{name} did not end within {timeout:g} s:\n{tail(output)}") from expired
        except BaseException:
            kill_group(process)
            raise
    if process.returncode:
        raise ProgramFailedError(f"{name} ended with status {process.returncode}:\n{tail(output)}")
    return output


def kill_group(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Kill a process that leads a group, and all of the group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
