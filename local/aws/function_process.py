"""The program of a function's `bootstrap`: AWS's own runtime client, on the built package and nothing else.

Started as `python -S function_process.py <folder>`, so that no package of the developer's environment is in reach. As
in Lambda's own runtimes only the runtime client comes from outside of the package: from that folder.
"""

import importlib
import os
import sys
import threading
import time
from typing import Any

_LOOK_SECONDS = 1.0


def end_with(parent: int) -> None:
    """End this process as soon as the one that started it is gone, however that ended."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


def shorten_pauses(speed: float) -> None:
    """Let the pauses of the functions' own code pass on the clock that SageMaker and the state machine have."""
    clock: Any = importlib.import_module("deployer.clock")
    sleep = clock.sleep
    clock.sleep = lambda seconds: sleep(seconds / speed)


def main() -> None:
    """Serve the invocations of the handler that the environment names, until the server ends this process."""
    program, runtime_client = sys.argv
    threading.Thread(target=end_with, args=[os.getppid()], daemon=True).start()
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    sys.path.append(runtime_client)
    shorten_pauses(float(os.environ["LOCAL_SPEED"]))
    importlib.import_module("awslambdaric.__main__").main([program, os.environ["_HANDLER"]])


if __name__ == "__main__":
    main()
