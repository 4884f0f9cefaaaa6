"""The processes of local AWS: they say why they do not start, and none outlives the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.aws.build import build
from local.aws.execution_follower import follow
from local.aws.processes import ProgramFailedError, run
from local.aws.server import Server, StartFailedError
from local.aws.stack import Stack
from local.environment import ROOT
from local.simulator import Fault, Settings

GONE_SECONDS = 15.0
STOP_SECONDS = 8.0  # less than a server is given before it is killed


def descendants(pid: int) -> set[int]:
    """Return the ids of the processes that a process has started, and those have, and so on."""
    listing = subprocess.run(["/bin/ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children: dict[int, set[int]] = {}
    for line in listing.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, set()).add(child)
    found, left = set[int](), {pid}
    while left:
        left = set[int]().union(*(children.get(parent, set()) for parent in left)) - found
        found |= left
    return found


def alive(pids: set[int]) -> dict[int, str]:
    """Return those of the processes that still run, and what they are; one that only waits to be reaped does not."""
    listing = subprocess.run(
        ["/bin/ps", "-A", "-ww", "-o", "pid=,stat=,command="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(maxsplit=2) for line in listing.splitlines()]
    return {int(pid): command for pid, state, command in rows if int(pid) in pids and not state.startswith("Z")}


def left_after(pids: set[int]) -> dict[int, str]:
    """Give processes time to end, and return those that have not."""
    deadline = time.monotonic() + GONE_SECONDS
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    return alive(pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_nothing_outlives_the_program(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C, SIGTERM and SIGKILL of `make local` leave nothing behind: no server, no function, no files."""
    ready = tmp_path / "ready"
    program = subprocess.Popen(  # noqa: S603 - a program of our own
        [sys.executable, "-c", RUNS_A_FUNCTION, ready],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    with program:
        while not ready.exists():
            assert program.poll() is None, program.stderr.read() if program.stderr else ""
            time.sleep(0.1)
        pids = descendants(program.pid)
        commands = " ".join(alive(pids).values())

        os.kill(program.pid, number)

        assert "local.aws.gateway" in commands
        assert "function_process" in commands
        assert not left_after(pids)
        assert not list(tmp_path.glob("local-aws-*"))


RUNS_A_FUNCTION = """
import json, signal, sys
from pathlib import Path
from local.aws.build import build
from local.aws.interrupts import run_interruptible
from local.aws.server import Server

def main():
    with Server(speed=50) as server:
        functions, trust = server.client("lambda"), {"Effect": "Allow", "Action": "sts:AssumeRole"}
        trust["Principal"] = {"Service": "lambda.amazonaws.com"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = server.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=policy)["Role"]
        package = build().with_name("functions.zip").read_bytes()
        functions.create_function(
            FunctionName="f", Runtime="provided.al2023", Handler="describe_endpoint_config.handler",
            Role=role["Arn"], Code={"ZipFile": package}, Environment={"Variables": {"STACK_NAME": "s"}},
        )
        functions.invoke(FunctionName="f", Payload=b"{}")
        Path(sys.argv[1]).touch()
        signal.pause()

run_interruptible(main)
"""


def test_stopped_server_leaves_no_process_and_no_files() -> None:
    """After a stop neither the process nor its port nor its data is there any more; a second stop is no error."""
    server = Server()
    pids = {server.pid} | descendants(server.pid)
    folder = Path(server.environment["HOME"])

    server.stop()
    server.stop()

    assert not left_after(pids)
    assert not folder.exists()


def test_busy_server_stops_as_well(artifact: bytes) -> None:
    """A stop does not wait for what is under way: an execution, a function, a slow answer, a model that serves."""
    slow = Fault("DescribeEndpoint", "slow", skip=1, times=None, seconds=5000)
    with Server(speed=50) as server:
        busy = Stack.deploy(server, build(), {"DefaultImage": "registry/image:1"})
        server.control.settings = Settings(create_seconds=1, faults=(slow,))
        execution = busy.execution_of(busy.upload("models/busy/model.tar.gz", artifact))
        states = server.client("stepfunctions")
        for moment in follow(states, execution, timeout=30):
            if (moment.state, moment.kind) == ("DescribeEndpoint", "TaskScheduled"):
                break
        server.control.resources()  # brings the endpoint into service, with its model server
        pids = {server.pid} | descendants(server.pid)
        commands = " ".join(alive(pids).values())
        begin = time.monotonic()

    assert time.monotonic() - begin < STOP_SECONDS
    assert "simulator/container.py" in commands
    assert not left_after(pids)


def test_failed_start_prints_its_cause() -> None:
    """A server that ends while it starts is reported with the end of its log."""
    program = "import sys; print('the port is made of cheese', file=sys.stderr); sys.exit(3)"

    with pytest.raises(StartFailedError, match=r"(?s)status 3.*the port is made of cheese"):
        Server(command=(sys.executable, "-c", program))


def test_failed_deployment_prints_its_cause() -> None:
    """A stack that cannot be deployed is reported with what `sam deploy` says."""
    with Server() as server, pytest.raises(ProgramFailedError, match=r"(?s)sam deploy.*PollIntervalSeconds"):
        Stack.deploy(server, build(), {"PollIntervalSeconds": "never"})


def test_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """A program has its time, and what it has started ends with it."""
    pid = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {pid}; echo still waiting; wait"

    with pytest.raises(ProgramFailedError, match=r"(?s)did not end within 1 s.*still waiting"):
        run(["sh", "-c", script], environment=os.environ, folder=tmp_path, timeout=1)

    assert not left_after({int(pid.read_text())})
