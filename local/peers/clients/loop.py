"""The loop of all clients' programs: it reads orders as lines of JSON, and sleeps on the simulator's clock.

Only `time.sleep` and `time.time` of a client are exchanged. Orders and answers go through standard input and output.
"""

import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping

_real_time, _slept = time.time, 0.0

Action = Callable[[str, str], None]
"""A step of a client: gets the name of an endpoint, and the image to serve on it."""

ROLE = "arn:aws:iam::111122223333:role/runs-models"
INSTANCE_TYPE = "ml.m5.large"
DATA = "s3://artifacts/model.tar.gz"


def serve(version: str, actions: Mapping[str, Action]) -> None:
    """Carry out orders until standard input ends.

    Args:
        version: Name and version of what is driven.
        actions: By the names that orders have. One that returns reports success; one that raises reports a failure.
    """
    time.sleep, time.time = _sleep, lambda: _real_time() + _slept
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _answer(answers, {"version": version})
    for line in sys.stdin:
        order = json.loads(line)
        try:
            actions[order["action"]](order["endpoint"], order["image"])
        except Exception as error:  # noqa: BLE001 - whatever a client raises is what it reports
            _answer(answers, {"error": f"{type(error).__name__}: {error}"})
        else:
            _answer(answers, {"error": ""})


def _answer(stream, answer):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    stream.write(json.dumps(answer) + "\n")
    stream.flush()


def _sleep(seconds: float) -> None:
    global _slept  # noqa: PLW0603 - the client's clock
    _slept += seconds
    url = f"{os.environ['AWS_ENDPOINT_URL']}/clock"
    urllib.request.urlopen(url, json.dumps(seconds).encode()).close()  # noqa: S310 - the simulator's own
