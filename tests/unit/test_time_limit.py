"""A limit on time, and what it is for: schemas whose check would take hours."""

from __future__ import annotations

import itertools
import signal
import threading
import time

import pytest

from deployer.json_document import Document
from deployer.request import json_schema
from deployer.request.json_schema import schema_mismatch, schema_problem
from deployer.time_limit import TimeIsUpError, time_limit

CATASTROPHIC = "^(a|a)*$"
DOUBLING: Document = {
    "$ref": "#/$defs/a0",
    "$defs": {
        f"a{level}": {"allOf": [{"$ref": f"#/$defs/a{level + 1}"}, {"$ref": f"#/$defs/a{level + 1}"}]}
        for level in range(40)
    }
    | {"a40": {"type": "number"}},
}

SLOW = {
    "a pattern": ({"pattern": CATASTROPHIC}, "a" * 60 + "b"),
    "a pattern of names": ({"patternProperties": {CATASTROPHIC: {}}}, {"a" * 60 + "b": 1}),
    "references that double": (DOUBLING, 1),
}


@pytest.fixture
def short_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that a test has the time for."""
    monkeypatch.setattr(json_schema, "CHECK_SECONDS", 0.2)


@pytest.mark.usefixtures("short_limit")
@pytest.mark.parametrize(("schema", "answer"), SLOW.values(), ids=SLOW)
def test_schema_cannot_hold_the_function(schema: Document, answer: object) -> None:
    began = time.monotonic()

    assert schema_problem(schema) == ""
    assert schema_mismatch(schema, answer) == (
        "cannot be checked by the schema within 0.2 s; use simpler patterns and fewer references"
    )
    assert time.monotonic() - began < 5


def test_schema_that_takes_too_long_to_read_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_schema, "CHECK_SECONDS", 0.001)
    schema = {"anyOf": [{"type": "number"}] * 2000}

    assert schema_problem(schema) == "cannot be read within 0.001 s; use a simpler schema"


def test_time_limit_interrupts_the_code_inside() -> None:
    with pytest.raises(TimeIsUpError, match=r"^has taken more than 0\.05 s$"), time_limit(0.05):
        all(number >= 0 for number in itertools.count())


def test_time_limit_leaves_no_timer_behind() -> None:
    before = signal.getsignal(signal.SIGALRM)

    with time_limit(60):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0

    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_threads_beside_the_main_one_have_no_limit() -> None:
    """Python handles signals in the main thread; Lambda calls handlers there."""
    ended: list[bool] = []

    def work() -> None:
        with time_limit(0.01):
            time.sleep(0.05)
        ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert ended == [True]
