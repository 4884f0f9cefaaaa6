"""Programs of this project end when they are asked to, whatever they were started by."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from local.environment import ROOT

PROGRAM = """
import sys, time
from local.aws.interrupts import run_interruptible

def main():
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("cleaned up", flush=True)

run_interruptible(main)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["SIGINT", "SIGTERM", "SIGHUP"])
def test_interrupt_ends_program_that_was_started_with_signals_ignored(number: signal.Signals) -> None:
    """A background job of a script inherits that SIGINT is ignored, and a job of nohup the same of SIGHUP."""
    ignoring = f"import os, signal, sys; signal.signal({number}, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    program = subprocess.Popen(  # noqa: S603 - a program of our own
        [sys.executable, "-c", ignoring, sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with program:
        assert program.stdout
        ready = program.stdout.readline()

        program.send_signal(number)
        try:
            rest = program.communicate(timeout=30)[0]
        finally:
            program.kill()

    assert (ready, rest, program.returncode) == ("ready\n", "cleaned up\n", 128 + signal.SIGINT)
