"""Data of an execution hold no more than 256 KiB, as in Step Functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.states_language.paths import MAX_DATA_BYTES
from tests.machine.language_samples import calling, passing

if TYPE_CHECKING:
    from tests.machine.bench import Bench


def test_a_function_gets_no_more_than_256_kib(bench: Bench) -> None:
    """Parameters that double the data are too large; nothing is called, and nothing catches it."""
    called: list[Any] = []
    bench.function(lambda event, _: called.append(event))
    machine = bench.machine(calling(Parameters={"a.$": "$", "b.$": "$"}))

    execution = machine.start({"x": "x" * 150_000})
    machine.run()

    assert execution.error == "States.DataLimitExceeded"
    assert called == []


def test_data_hold_no_more_than_256_kib_with_the_result(bench: Bench) -> None:
    """Input and result fit, both together do not: nothing catches that."""
    bench.function(lambda *_: "y" * 150_000)
    machine = bench.machine(calling(ResultPath="$.b"))

    execution = machine.start({"x": "x" * 150_000})
    machine.run()

    assert execution.error == "States.DataLimitExceeded"
    assert execution.states == ["A"]


def test_a_result_of_more_than_256_kib_is_caught(bench: Bench) -> None:
    """It is the task's own failure."""
    bench.function(lambda *_: "y" * MAX_DATA_BYTES)
    machine = bench.machine(calling())

    execution = machine.start({})
    machine.run()

    assert execution.states == ["A", "Done"]
    assert execution.failures == [("A", "States.DataLimitExceeded")]


@pytest.mark.parametrize(("text", "status"), [("ä" * 131_071, "SUCCEEDED"), ("ä" * 131_072, "FAILED")])
def test_data_are_measured_in_bytes(bench: Bench, text: str, status: str) -> None:
    """Two bytes for each of these letters, and two for the quotes; the limit itself is allowed."""
    machine = bench.machine(passing(Result=text))

    execution = machine.start({})
    machine.run()

    assert execution.status == status
